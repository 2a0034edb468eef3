// One training step of every pipeline rank, from the event simulation: what a timeline shows.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "host/base/units.h"
#include "host/model/plan.h"
#include "host/model/simulate_pipeline.h"
#include "host/model/stack.h"
#include "host/model/system.h"
#include "host/model/transformer.h"

namespace traincast {

enum class Lane { compute, tensor, context, expert, pipeline, data, idle };
inline constexpr std::string_view kLaneNames[] = {"compute",  "tensor", "context", "expert",
                                                  "pipeline", "data",   "idle"};
constexpr std::string_view name(Lane lane) {
  return kLaneNames[static_cast<int>(lane)];
}

enum class StepWork {
  forward,
  backward,
  weight_gradient,
  bubble,     // waiting for other ranks of the pipeline
  straggler,  // waiting for the slowest GPU of the job
  gradients,  // between data-parallel ranks, with the weights that come back
  optimizer,
};
inline constexpr std::string_view kStepWorkNames[] = {"forward",   "backward",  "weight gradient", "bubble",
                                                      "straggler", "gradients", "optimizer"};
constexpr std::string_view name(StepWork work) {
  return kStepWorkNames[static_cast<int>(work)];
}

struct LaneEvent {
  Lane lane = Lane::compute;
  StepWork work = StepWork::forward;
  std::int32_t micro_batch = -1, chunk = -1;  // -1 where the event belongs to none
  Seconds start, end;
};

// Events of one rank, in order, one after another from 0 to the end of the step: communication appears as far
// as no computation hides it, each pass's own after its computation.
struct StepRank {
  std::vector<LaneEvent> events;
};

struct StepTimeline {
  std::vector<StepRank> ranks;  // by pipeline rank; ranks of one stage do the same at the same time
  std::int64_t micro_batches = 0;
  Seconds pipeline;  // until the last micro-batch is done
  Seconds total;
};

// The step that estimate_step (step.h) gives in closed form. Throws InfeasiblePlan where the plan has no
// schedule (schedule.h). Time and memory are proportional to micro-batches x chunks.
StepTimeline simulate_step(const Transformer& model, const Plan& plan, const Stack& stack,
                           const System& system);

}  // namespace traincast
