// Exact event simulation of one step's pipeline: when every rank does what.
#pragma once

#include <cstdint>
#include <vector>

#include "host/base/units.h"
#include "host/model/schedule.h"

namespace traincast {

// One micro-batch on one chunk.
struct ChunkTimes {
  Seconds forward;
  Seconds backward;         // whole: gradients of input and weights
  Seconds weight_gradient;  // the share of `backward` that can wait
};

// A message from a chunk to the next or back, between two ranks; chunks on one rank pass theirs for nothing.
struct ChunkMessage {
  Seconds time;
  double exposed = 1;  // share of that time for which the receiver waits without computing
};

struct TaskSpan {
  Task task;
  Seconds receive;  // from when the rank does nothing but wait for a message under way; = start without one
  Seconds start, end;
};

struct RankTimeline {
  std::vector<TaskSpan> spans;  // in order; a paired task spans the same time as the next one
  Seconds busy;                 // computing
  Seconds receiving;            // exposed messages
  Seconds idle;                 // the rest of the step
};

struct PipelineTimeline {
  std::vector<RankTimeline> ranks;
  Seconds total;  // = busy + receiving + idle of every rank
};

// `chunks` holds shape.chunks() entries in the model's order. A task starts when its rank is free, the passes
// it needs are done and their message is there. Throws InfeasiblePlan where there is no such schedule. Time
// and memory are proportional to the number of tasks.
PipelineTimeline simulate_pipeline(const PipelineShape& shape, const std::vector<ChunkTimes>& chunks,
                                   const ChunkMessage& message);

}  // namespace traincast
