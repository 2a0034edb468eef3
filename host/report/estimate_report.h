// One run in full: the step and where its time goes, memory, the run, what was published, and what it all
// rests on.
#pragma once

#include "host/base/table.h"
#include "host/model/forecast.h"

namespace traincast {

// Of a feasible forecast.
Report estimate_report(const Forecast& forecast);

}  // namespace traincast
