// A run, estimated: everything that reports print of it.
#pragma once

#include <string>
#include <vector>

#include "host/model/inputs.h"
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

}  // namespace traincast
