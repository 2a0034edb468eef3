// The parts of a run: batch sizes and sequence lengths in turn.
#pragma once

#include <string>

#include "host/base/table.h"
#include "host/model/forecast.h"

namespace traincast {

// Of a run in parts.
Table parts_table(const Forecast& forecast);

// "its main part, "16 M tokens a batch" (78 % of the tokens)"; "" where the run has no parts.
std::string main_part_text(const Run& run);

// "the run has 4 parts; this is of ...", for what takes one step to stand for the run; "" without parts.
std::string main_part_note(const Run& run);

}  // namespace traincast
