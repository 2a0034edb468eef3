// How a model is spread over GPUs, and in what precision it trains.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/base/data_type.h"
#include "host/base/origin.h"

namespace traincast {

enum class Precision { fp16, bf16, fp8, mxfp8, nvfp4 };
enum class Recompute { none, selective, full };
enum class Schedule { one_f_one_b, interleaved, zb_h1, dual_pipe };

inline constexpr std::string_view kPrecisionNames[] = {"fp16", "bf16", "fp8", "mxfp8", "nvfp4"};
inline constexpr std::string_view kRecomputeNames[] = {"none", "selective", "full"};
inline constexpr std::string_view kScheduleNames[] = {"1f1b", "interleaved", "zb-h1", "dualpipe"};
constexpr std::string_view name(Precision p) {
  return kPrecisionNames[static_cast<int>(p)];
}
constexpr std::string_view name(Recompute r) {
  return kRecomputeNames[static_cast<int>(r)];
}
constexpr std::string_view name(Schedule s) {
  return kScheduleNames[static_cast<int>(s)];
}

struct Plan {
  std::string name;
  std::int64_t tensor_parallel = 1;
  std::int64_t pipeline_parallel = 1;
  std::int64_t virtual_stages = 1;  // model chunks per pipeline rank
  std::int64_t context_parallel = 1;
  std::int64_t data_parallel = 1;    // GPUs = tensor x pipeline x context x data
  std::int64_t expert_parallel = 1;  // inside data x context x tensor
  std::int64_t expert_tensor_parallel = 1;
  int zero_stage = 1;             // 0 replicated, 1 optimiser states, 2 + gradients, 3 + weights (FSDP)
  std::int64_t shard_ranks = 0;   // ranks that share one copy (hybrid sharding); 0: all data-parallel ranks
  std::int64_t micro_batch = 1;   // sequences
  std::int64_t global_batch = 0;  // sequences per step
  Precision precision = Precision::bf16;
  Recompute recompute = Recompute::none;
  double recompute_share = 1;  // of the layers, under full recomputation (Megatron's recompute-num-layers)
  Schedule schedule = Schedule::one_f_one_b;
  bool sequence_parallel = true;  // with tensor parallelism
  bool adapters_only = false;     // low-rank fine-tuning: weights stay as they are (arXiv 2106.09685)
  double routing_skew = 1;        // rows on the busiest expert rank over the mean; 1 = forced balance
  bool unequal_work = false;      // on unequal fleets: faster replicas take more micro-batches of a step
  std::string stack;              // name of a software-stack config
  Provenance from;

  std::int64_t gpus() const { return tensor_parallel * pipeline_parallel * context_parallel * data_parallel; }
};

}  // namespace traincast
