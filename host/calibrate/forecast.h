// A run, estimated: everything that reports print of it.
#pragma once

#include <string>
#include <vector>

#include "host/calibrate/inputs.h"
#include "host/calibrate/system.h"
#include "host/model/memory.h"
#include "host/model/run.h"
#include "host/model/run_estimate.h"
#include "host/model/run_estimate_published.h"
#include "host/model/step.h"

namespace traincast {

struct Forecast {
  Run run;
  std::string infeasible;  // why there is no estimate; "" where there is one

  std::string pace;           // the GPU that sets the pace, of the cluster's fleets
  bool profile_used = false;  // --profile describes that GPU
  Bytes capacity;             // of the smallest GPU
  std::string smallest;       // its name
  MemoryEstimate memory;      // valid even where it does not fit
  StepEstimate step;
  RunEstimate estimate;
  std::vector<Comparison> published;
  std::vector<InputUsed> inputs;
};

// Estimates the step on the GPU of every fleet and takes the slowest; the plan must fit the smallest. Throws
// ConfigError; a plan that does not fit or a run that never ends is a Forecast with `infeasible` set.
Forecast forecast(Calibrator& calibrator, const Run& run);

}  // namespace traincast
