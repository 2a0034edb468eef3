// The order of work of every pipeline rank: which micro-batch passes which chunk of the model when.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/model/plan.h"

namespace traincast {

enum class TaskKind : std::uint8_t {
  forward,
  backward,         // whole; where the schedule splits it, the gradient of the input alone
  weight_gradient,  // only where the schedule splits the backward pass
};

struct Task {
  std::int32_t micro_batch = 0;
  std::int32_t chunk = 0;  // of PipelineShape::chunks(), in the model's order
  TaskKind kind = TaskKind::forward;
  // Runs together with the next task of its rank, layer by layer (DualPipe: a forward with a backward pass,
  // each one's messages under the other's computation): neither starts before both can; they end together.
  bool paired = false;

  friend bool operator==(const Task&, const Task&) = default;
};

// What of a plan decides the order of work.
struct PipelineShape {
  Schedule schedule = Schedule::one_f_one_b;
  std::int64_t ranks = 1;
  std::int64_t virtual_stages = 1;  // chunks of a rank; 1 but for interleaving
  std::int64_t micro_batches = 1;

  std::int64_t chunks() const { return ranks * virtual_stages; }
  bool splits_backward() const { return schedule == Schedule::zb_h1 || schedule == Schedule::dual_pipe; }
  // The rank on which a micro-batch passes a chunk. Interleaved: chunk modulo ranks. DualPipe: the first half
  // of the micro-batches (one more where they are odd) runs from rank 0 to the last, the others from the last
  // to rank 0; each rank holds two chunks.
  std::int64_t rank_of(std::int64_t micro_batch, std::int64_t chunk) const;
  bool is_mirrored(std::int64_t micro_batch) const {
    return schedule == Schedule::dual_pipe && ranks > 1 && micro_batch >= (micro_batches + 1) / 2;
  }
};

// Several chunks with a schedule of one chunk can only be interleaved; a single chunk cannot be. The other
// schedules take all chunks of a rank as one.
PipelineShape pipeline_shape(const Plan& plan);

// Why there is no such schedule; "" if there is one.
std::string why_no_schedule(const PipelineShape& shape);

// Tasks of one rank, in order. Sources: 1F1B, arXiv 1806.03377; interleaved, arXiv 2104.04473, section 2.2,
// as Megatron orders virtual stages (groups of as many micro-batches as ranks; where the last group is not
// full, its missing micro-batches are left out); ZB-H1, arXiv 2401.10241, section 3.1; DualPipe, arXiv
// 2412.19437, figure 5 (fewer micro-batches than two per rank, or an odd number: the missing ones left out).
// Throws InfeasiblePlan where why_no_schedule has a reason.
std::vector<Task> rank_order(const PipelineShape& shape, std::int64_t rank);

}  // namespace traincast
