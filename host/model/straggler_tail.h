// What the slowest of many nodes costs a synchronous step, and what ejecting the slowest buys.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/base/units.h"
#include "host/model/site.h"
#include "host/model/step.h"

namespace traincast {

// Time for the same work over that of a typical GPU, less 1: normal between GPUs with deviation `spread`; a
// share of the nodes is slower by a fixed part on top. Both stay with the hardware ("fixed"): a node that is
// slow in one step is slow in the next, so it can be found and ejected.
struct Slowness {
  double spread = 0;
  std::optional<SlowNodes> slow_nodes;
};

// Of the slowest node when the `ejected` slowest of `nodes` are gone: the quantile by Blom (1958) of the
// distribution of the slowest of a node's GPUs. At least 0; 0 <= ejected < nodes.
double slowest_node(const Slowness& slowness, std::int64_t nodes, std::int64_t gpus_per_node,
                    std::int64_t ejected);

struct Ejection {
  double share = 0;  // of the nodes
  std::int64_t nodes = 0;
  double slowest = 0;       // as slowest_node()
  Seconds step;             // time
  double replaced = 1;      // throughput over that of no ejection: spares take their places
  double not_replaced = 1;  // ... and without spares, as if the plan could shrink by single nodes
};

// The step as estimated counts `spread` alone (what runs of published speed waited for, their worst nodes
// ejected); here the part that waits for the slowest is exchanged. One row for each share; the first must
// be 0.
std::vector<Ejection> ejections(const StepEstimate& step, const Slowness& slowness, std::int64_t gpus,
                                std::int64_t gpus_per_node, const std::vector<double>& shares);

}  // namespace traincast
