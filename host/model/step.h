// One training step: layers placed on pipeline stages, the schedule's bubble, collectives between replicas,
// the optimiser.
#pragma once

#include "host/base/units.h"
#include "host/model/flops.h"
#include "host/model/layer.h"
#include "host/model/plan.h"
#include "host/model/stack.h"
#include "host/model/system.h"
#include "host/model/transformer.h"

namespace traincast {

struct StepEstimate {
  Seconds time;
  PartTimes parts;                 // adds up to time
  std::int64_t micro_batches = 0;  // per pipeline and step
  TokenRate tokens_per_gpu;
  FlopRate model_flop_rate;  // per GPU; PaLM convention, causal attention halved
  double mfu = 0;            // of the dense BF16 peak
  double hfu = 0;            // with recomputation counted
};

// Seconds of the parts in which a GPU computes, the bubble not counted: what a slow GPU makes longer.
double compute_time(const PartTimes& parts);

// Pure: no I/O, no globals, no allocation. The plan must satisfy what load_run checks (products,
// divisibility).
StepEstimate estimate_step(const Transformer& model, const Plan& plan, const Stack& stack,
                           const System& system);

}  // namespace traincast
