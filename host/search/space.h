// The space of plans that a search looks through: which values each axis takes, and what the plans run on.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "host/model/plan.h"
#include "host/model/run.h"
#include "host/model/stack.h"
#include "host/model/system.h"
#include "host/search/choice.h"

namespace traincast {

struct RecomputeChoice {
  Recompute mode = Recompute::none;
  std::int32_t share_percent = 100;
  friend bool operator==(const RecomputeChoice&, const RecomputeChoice&) = default;
};

// Values of each axis, ascending. Every combination that can be laid out is a plan of the space; data
// parallelism is what the others leave of the GPUs.
struct Axes {
  std::vector<std::int64_t> tensor, pipeline, virtual_stages, context, expert, expert_tensor;
  std::vector<std::int64_t> data;         // allowed values; none: all
  std::vector<std::int64_t> zero, shard;  // shard: 0 is all data-parallel ranks
  std::vector<std::int64_t> micro_batch, global_batch;
  std::vector<Precision> precision;
  std::vector<RecomputeChoice> recompute;
  std::vector<Schedule> schedule;
  std::vector<bool> sequence_parallel;  // with tensor parallelism
};

// What a stack hides under computation, switched off one kind of communication at a time where hiding costs
// more than it gains (Stack::added_time above 1). The first is the stack as it is.
struct StackVariant {
  Stack stack;
  std::string name;  // "", or which communication is not overlapped
};
std::vector<StackVariant> stack_variants(const Stack& stack);

// All that a search needs to know, owned by nobody: the pointers must outlive it. One system for each GPU
// type of the job; the slowest sets the pace.
struct SearchSpace {
  const Run* run = nullptr;  // model, cluster, tokens; its plan gives what the search leaves alone
  std::int64_t gpus = 0;
  Axes axes;
  std::vector<StackVariant> stacks;
  std::vector<System> systems;
  Bytes capacity;   // of the smallest GPU
  Watts servers;    // of all GPUs' servers in training
  DollarRate rent;  // of all GPUs
};

// Every value that the model can be laid out with on so many GPUs; precision and batch as the run's plan.
// `max_batch` in sequences: batches of the run's times powers of two up to it (0: the run's alone).
Axes default_axes(const Run& run, std::int64_t gpus, std::int64_t nvlink_domain, std::int64_t max_batch);

// "tp=8" or "recompute=none:full-50". Throws UsageError of one line.
void fix_axis(Axes& axes, const std::string& setting);
// The axes that settings name, for the gates that do not hold where a user asked.
std::string axis_of(const std::string& setting);

// Schedules that lay so many micro-batches of a pipeline out. DualPipe wants an even number of ranks and two
// micro-batches a rank (arXiv 2412.19437; fewer have no closed form).
bool has_schedule(Schedule schedule, std::int64_t pipeline, std::int64_t virtual_stages,
                  std::int64_t micro_batches);

}  // namespace traincast
