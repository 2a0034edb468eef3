// Cells and short texts that the reports of runs share. Machines always get SI values.
#pragma once

#include <cstdint>
#include <string>

#include "host/base/table.h"
#include "host/base/units.h"
#include "host/model/plan.h"
#include "host/model/run_estimate_published.h"
#include "host/model/transformer.h"

namespace traincast {

std::string plan_text(const Plan& plan);  // "tp8 pp16x4 dp128 zero2 bf16"; parts of one rank are left out

std::string scientific(double value);      // "3.49e26"
std::string compact(double value);         // "405 B", "1.76 T"
std::string signed_percent(double ratio);  // "+12 %", "-3.4 %"
std::string plain(double value);           // three significant digits, no exponent: "0.124", "12.4", "124"

Cell days_cell(Seconds time);  // "78.4"
Cell megawatts_cell(Watts power);
Cell gigawatt_hours_cell(Joules energy);
Cell megadollars_cell(Dollars money);
Cell scientific_cell(double value);
Cell compact_cell(double value);
Cell signed_percent_cell(double ratio);

// A published figure or range with its unit: "90-100 d", "400 TFLOP/s", "38-43 % MFU", "30.8 M GPU-h".
std::string published_text(const Comparison& comparison);
std::string ours_text(const Comparison& comparison);

}  // namespace traincast
