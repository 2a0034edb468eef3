// A run, estimated: everything that reports print of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/model/inputs.h"
#include "host/model/memory.h"
#include "host/model/phases.h"
#include "host/model/run.h"
#include "host/model/run_estimate.h"
#include "host/model/run_estimate_published.h"
#include "host/model/step.h"
#include "host/model/straggler_tail.h"

namespace traincast {

// What sharing a step's work so makes of the whole plan, nothing else limiting it.
struct FleetChoice {
  bool unequal = false;
  bool chosen = false;  // by the plan
  Seconds step;
  TokenRate tokens;  // of a step, of the whole run
  std::vector<FleetUse> fleets;
};

// How many GPUs (of the kind that sets the pace, were there any number of them) a supply feeds.
struct SupplyFeeds {
  Watts supply;
  std::int64_t gpus = 0;         // at the clock of training
  double lowest_clock = 1;       // 1: what a lower clock saves is not known
  std::int64_t gpus_slowed = 0;  // at the lowest
  double clock_for_all = 1;      // at which it feeds all of the plan's GPUs; 0: at none
};

struct Stragglers {
  double spread = 0;   // between GPUs, fixed: in the step
  double jitter = 0;   // of one kernel, random; 0 where nobody measured it
  double slowest = 0;  // of all GPUs, over a typical one: in the step
  bool measured = false;
  std::optional<SlowNodes> slow_nodes;
  std::int64_t nodes = 0;
  std::vector<Ejection> ejections;  // slow nodes counted; first row: none ejected
};

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

  std::vector<RunPhase> phases;      // by date; one where nothing changes. `step` is that of main_phase()
  std::vector<SourceUse> sources;    // what each gave over the run
  std::vector<FleetChoice> choices;  // of a run on several kinds of GPU: equal work, unequal work
  Stragglers stragglers;
  std::vector<SupplyFeeds> feeds;  // one for each supply of the phases, ascending
  std::vector<InputUsed> inputs;
};

}  // namespace traincast
