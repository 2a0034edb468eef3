// The closed form of host/model/schedule_time.h for pipelines of a few runs of equal ranks: the same paths,
// taken only at the ranks where they can be longest. O(runs) for 1F1B, interleaving and DualPipe.
#pragma once

#include <array>
#include <cstdint>

#include "host/model/schedule.h"
#include "host/model/schedule_time.h"
#include "host/search/stage_layout.h"

namespace traincast {

// One message between pipeline ranks, in seconds: what its receiver waits for, and what hides.
struct MessageWait {
  double exposed = 0, latency = 0;
};

// One micro-batch on one rank of a run, in seconds. Exposed pipeline messages are in it, but for DualPipe.
struct RunWork {
  PassWork work;         // all its chunks, whole backward pass
  PassWork first, last;  // its first and its last chunk
  double weight_gradient = 0;
  double compute = 0;  // of work: what is no message
};

// No more runs than this; a model whose layers alternate may have one run a rank.
inline constexpr std::size_t kMaxRuns = 512;
using RunWorks = std::array<RunWork, kMaxRuns>;

struct PipelineWork {
  double total = 0;    // until the last micro-batch is done
  double busiest = 0;  // one micro-batch on the rank that does most
  double busiest_compute = 0;
};

// `layout` has one chunk a rank for the schedules that have one. What estimate_step (host/model/step.h) makes
// of the same ranks, to rounding.
PipelineWork pipeline_work(const StageLayout& layout, Schedule schedule, std::int64_t micro_batches,
                           const MessageWait& wait, const RunWorks& runs);

}  // namespace traincast
