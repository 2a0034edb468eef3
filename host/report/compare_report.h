// Runs side by side.
#pragma once

#include <span>

#include "host/base/table.h"
#include "host/model/forecast.h"

namespace traincast {

// One row a run, in the order given. People get the results first and what each run is in a second table;
// machines get both in the first. A run without an estimate is a row with the reason.
Report compare_report(std::span<const Forecast> forecasts);

}  // namespace traincast
