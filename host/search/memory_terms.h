// Memory of a plan as sums of terms, each computed once for all plans that share it: states and buffers by
// ZeRO level and sharding group, activations by micro-batch and recomputation, for each run of equal ranks.
// Together estimate_memory (host/model/memory.h), to rounding.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "host/model/memory_layer.h"
#include "host/model/memory_stage.h"
#include "host/model/plan.h"
#include "host/model/shard.h"
#include "host/model/stack.h"
#include "host/search/stage_layout.h"

namespace traincast {

// Of one (micro-batch, precision, recomputation): per layer and moment, in bytes.
struct ActivationTerms {
  double kept[2] = {}, moment[2] = {};  // dense, mixture of experts
  double residual = 0, hidden = 0, module = 0, loss = 0, table = 0, dropout_mask = 0;
  bool gathers = false;

  ActivationTerms() = default;
  ActivationTerms(const Transformer& model, const Plan& plan, const Stack& stack);
};

// The stages that can need most: one of each run of equal ranks; under DualPipe a pair of stages.
struct MemoryStage {
  std::int64_t stage = 0;
  std::size_t run = 0, mirror_run = 0;
};
std::vector<MemoryStage> memory_stages(const StageLayout& layout, bool dual_pipe);

// Bytes that activations, the loss and working memory take at one stage, with the buffers that grow with the
// micro-batch and their share of the reserve.
double activation_bytes(const StageLayout& layout, const MemoryStage& at, const ActivationTerms& terms,
                        const Plan& plan);

// Bytes of everything else at one stage, for every ZeRO level and sharding group.
class StateTerms {
 public:
  // Of the plan: parallelism, precision and schedule.
  StateTerms(const Transformer& model, const Plan& plan, const Stack& stack, const StageLayout& layout,
             const MemoryStage& at);
  // The plan as above, with a ZeRO level and sharding group.
  double bytes(const Plan& plan) const {
    return states(plan) + rest_[static_cast<std::size_t>(plan.zero_stage)];
  }

 private:
  double states(const Plan& plan) const;

  double dense_ = 0, experts_ = 0;  // parameters held
  double gradient_bytes_ = 4, optimizer_bytes_ = 12;
  bool shards_are_weights_ = false;
  std::array<double, 4> rest_{};  // by ZeRO level
};

}  // namespace traincast
