// From a run's configs to all its figures.
#pragma once

#include "host/calibrate/system.h"
#include "host/model/forecast.h"

namespace traincast {

// Estimates the step on the GPU of every fleet and takes the slowest; the plan must fit the smallest. Throws
// ConfigError; a plan that does not fit or a run that never ends is a Forecast with `infeasible` set.
Forecast forecast(Calibrator& calibrator, const Run& run);

}  // namespace traincast
