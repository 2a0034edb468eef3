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

struct Stragglers {
  double spread = 0;  // between GPUs: fixed, in the step
  Provenance spread_from;
  double slowest = 0;         // of all GPUs, over a typical one, by the spread
  double jitter = 0;          // of one kernel on one GPU: random; 0 where nobody measured it
  double jitter_slowest = 0;  // of all GPUs over a step, by the jitter; at most
  bool measured = false;      // by the profile
  std::optional<SlowNodes> slow_nodes;
  std::int64_t nodes = 0;
  std::vector<Ejection> ejections;  // slow nodes counted; first row: none ejected
};

// What comes of a part of the run, over all dates.
struct PartForecast {
  std::int64_t first_batch = 0, last_batch = 0;  // sequences; of a ramp two
  MemoryEstimate memory;                         // at the largest batch
  Seconds first_step, last_step;                 // by batch, on the date with the most steps
  double steps = 0;
  Seconds ideal, expected;
  TokenRate tokens_per_gpu;  // while steps run
  double mfu = 0;
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

  // By date; one where nothing changes. Of a run in parts, by date and piece (see run_phases). `step` is that
  // of main_phase().
  std::vector<RunPhase> phases;
  std::vector<PartForecast> parts;   // of run.parts
  std::vector<SourceUse> sources;    // what each gave over the run
  std::vector<FleetChoice> choices;  // of a run on several kinds of GPU: equal work, unequal work
  Stragglers stragglers;
  std::vector<SupplyFeeds> feeds;  // one for each supply of the phases, ascending
  std::vector<InputUsed> inputs;
};

}  // namespace traincast
