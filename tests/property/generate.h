// Random valid models, GPUs, clusters, stacks and plans. The same on every machine: bits of a counter, no
// library's distributions. A failing case is repeated by its seed, which SCOPED_TRACE prints.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "host/base/counter_random.h"
#include "host/config/check_plan.h"
#include "host/model/cluster.h"
#include "host/model/gpu.h"
#include "host/model/schedule.h"
#include "host/model/stack.h"
#include "host/model/transformer.h"

namespace traincast::property {

class Random {
 public:
  explicit Random(std::uint64_t seed) : key_(counter_key(seed, 0)) {}
  std::int64_t whole(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(high - low + 1));
  }
  double real(double low, double high) {
    return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1p-53;
  }
  // Evenly in the logarithm.
  double scale(double low, double high) { return std::exp(real(std::log(low), std::log(high))); }
  bool chance(double share) { return real(0, 1) < share; }
  std::int64_t power_of_two(std::int64_t most) {
    std::int64_t exponents = 0;
    while ((std::int64_t{2} << exponents) <= most) ++exponents;
    return std::int64_t{1} << whole(0, exponents);
  }
  template <typename T>
  T pick(std::initializer_list<T> values) {
    return values.begin()[whole(0, static_cast<std::int64_t>(values.size()) - 1)];
  }
  template <typename List>
  auto pick_from(const List& values) {
    return values[static_cast<std::size_t>(whole(0, static_cast<std::int64_t>(values.size()) - 1))];
  }

 private:
  std::uint64_t bits() { return counter_bits(key_, index_++); }
  std::uint64_t key_, index_ = 0;
};

inline Transformer random_model(Random& random) {
  Transformer model;
  model.name = "random";
  model.layers = random.whole(1, 96);
  model.heads = random.pick<std::int64_t>({4, 8, 12, 16, 32, 64, 96, 128});
  model.head_dim = random.pick<std::int64_t>({64, 96, 128});
  model.kv_heads = random.chance(0.5) ? model.heads : model.heads / random.pick<std::int64_t>({1, 2, 4});
  model.hidden = random.pick<std::int64_t>({512, 1024, 4096, 8192, 16384});
  model.ffn_hidden = 256 * random.whole(2, 200);
  model.vocab = random.whole(1000, 260'000);
  model.sequence = 512 * random.power_of_two(64);
  model.gated_ffn = random.chance(0.7);
  model.tied_embeddings = random.chance(0.3);
  model.learned_positions = random.chance(0.2);
  model.bias = random.chance(0.2);
  model.parallel_block = random.chance(0.2);
  if (random.chance(0.2)) {
    model.sliding_window = std::max<std::int64_t>(128, model.sequence / 4);
    model.global_every = random.whole(0, 6);
  }
  if (random.chance(0.4)) {
    MixtureOfExperts moe;
    moe.experts = random.pick<std::int64_t>({4, 8, 16, 64, 128, 256});
    moe.top_k = random.whole(1, std::min<std::int64_t>(8, moe.experts));
    moe.ffn_hidden = 256 * random.whole(1, 32);
    if (random.chance(0.5)) {
      moe.shared_experts = 1;
      moe.shared_ffn_hidden = moe.ffn_hidden;
    }
    moe.first_dense_layers = random.whole(0, std::min<std::int64_t>(3, model.layers));
    moe.every = random.chance(0.2) ? std::min<std::int64_t>(2, model.layers) : 1;
    if (moe.top_k <= moe.experts / 4 && random.chance(0.3)) {
      moe.router_groups = 4;
      moe.router_group_top_k = random.whole(1, 4);
    }
    model.moe = moe;
    model.mtp_layers = random.whole(0, 1);
  }
  if (random.chance(0.2)) {
    model.kv_heads = model.heads;
    model.mla = LatentAttention{.q_rank = random.pick<std::int64_t>({0, 768, 1536}),
                                .kv_rank = 512,
                                .nope_dim = 128,
                                .rope_dim = 64,
                                .value_dim = 128};
    model.head_dim = 192;
  }
  return model;
}

// Nothing sustains more than its peak.
inline Gpu random_gpu(Random& random) {
  Gpu gpu;
  gpu.name = "random";
  gpu.product = random.pick<const char*>({"A100", "H100", "B200", "V100"});
  const FlopRate bf16(random.scale(100e12, 3e15));
  gpu.compute.peak = {bf16 / 16, bf16, bf16, 2 * bf16, 4 * bf16};
  for (std::size_t type = 0; type < gpu.compute.peak.size(); ++type) {
    gpu.sustained.gemm[type] = {gpu.compute.peak[type] * random.real(0.3, 0.95), random.real(0, 200),
                                random.real(0, 200), random.real(0, 200)};
  }
  for (AttentionRate& rate : gpu.sustained.attention) {
    rate = {bf16 * random.real(0.1, 0.8), bf16 * random.real(0.1, 0.7), random.real(0, 1000)};
  }
  gpu.memory.capacity = Bytes(random.scale(16e9, 300e9));
  gpu.memory.bandwidth = Bandwidth(random.scale(1e12, 9e12));
  gpu.sustained.stream = gpu.memory.bandwidth * random.real(0.5, 0.95);
  gpu.sustained.launch = Seconds(random.scale(1e-6, 1e-5));
  gpu.sustained.spread = random.real(0, 0.03);
  gpu.links = {.nvlink = Bandwidth(random.scale(100e9, 1e12)),
               .host = Bandwidth(55e9),
               .nvlink_domain = 8,
               .default_nic = Bandwidth(random.scale(10e9, 200e9))};
  gpu.power.board = Watts(random.real(300, 1200));
  gpu.power.server_training = gpu.power.board * random.real(1.2, 1.6);
  gpu.price = {Dollars(random.real(1e4, 8e4)), DollarRate(random.real(1, 8) / kSecondsPerHour)};
  return gpu;
}

inline Cluster random_cluster(Random& random, const Gpu& gpu, std::int64_t gpus) {
  Cluster cluster;
  cluster.name = "random";
  cluster.fleets = {{gpu.name, gpus}};
  cluster.network.nic_per_gpu = gpu.links.default_nic;
  cluster.network.efficiency = random.real(0.4, 1);
  cluster.network.sharp = random.chance(0.2);
  if (random.chance(0.5)) {
    cluster.network.tiers.push_back({"rail", 256, 1, Seconds(random.scale(1e-6, 1e-5))});
    cluster.network.tiers.push_back({"spine", 4096, random.real(1, 7), Seconds(random.scale(1e-6, 1e-5))});
  }
  cluster.reliability.mtbf_per_gpu = Seconds(random.scale(1e3, 1e6) * kSecondsPerHour);
  cluster.reliability.restart = Seconds(random.scale(60, 7200));
  cluster.storage.write = Bandwidth(random.scale(10e9, 5e12));
  cluster.storage.stall = Seconds(random.real(0, 30));
  cluster.storage.asynchronous = random.chance(0.5);
  cluster.storage.bytes_per_parameter = 14;
  cluster.power = {.network_share = random.real(0, 0.2),
                   .pue = random.real(1, 1.6),
                   .price = EnergyPrice(random.real(0.03, 0.2) / 3.6e6),
                   .co2 = EmissionRate(random.real(0, 1) / 3.6e6)};
  return cluster;
}

inline Stack random_stack(Random& random) {
  Stack stack;
  stack.time_factor = random.real(1, 1.5);
  stack.attention = random.pick({AttentionKernel::flash1, AttentionKernel::flash2, AttentionKernel::flash3});
  stack.attention_rate = random.real(0.5, 1);
  stack.elementwise_passes = random.real(1, 3);
  stack.expert_rate = random.real(0.4, 1);
  stack.overlap_slowdown = random.real(1, 1.5);
  stack.tensor_exposed = random.real(0, 1);
  stack.context_exposed = random.real(0, 1);
  stack.expert_exposed = random.real(0, 1);
  stack.pipeline_exposed = random.real(0, 1);
  stack.data_exposed = random.real(0, 1);
  stack.shard_rate = random.real(0.3, 1);
  stack.shard_serial = random.real(0, 1);
  stack.gradient_bytes = random.pick<double>({2, 4});
  stack.dispatch_once_per_node = random.chance(0.5);
  stack.dropout = random.chance(0.2);
  stack.context_exchange =
      random.pick({ContextExchange::all_to_all, ContextExchange::ring, ContextExchange::all_gather});
  stack.layer_overhead = Seconds(random.real(0, 1e-4));
  stack.step_overhead = Seconds(random.real(0, 0.1));
  return stack;
}

// One that can be laid out on the model, by trying; none where few can be.
inline std::optional<Plan> random_plan(Random& random, const Transformer& model) {
  for (int trial = 0; trial < 200; ++trial) {
    Plan plan;
    plan.tensor_parallel = random.power_of_two(16);
    plan.pipeline_parallel = random.chance(0.3) ? random.whole(1, 12) : random.power_of_two(16);
    plan.context_parallel = random.power_of_two(8);
    plan.data_parallel = random.power_of_two(512);
    plan.expert_parallel = model.moe ? random.power_of_two(model.moe->experts) : 1;
    plan.schedule =
        random.pick({Schedule::one_f_one_b, Schedule::interleaved, Schedule::zb_h1, Schedule::dual_pipe});
    if (plan.schedule == Schedule::interleaved) plan.virtual_stages = random.whole(2, 6);
    plan.zero_stage = static_cast<int>(random.whole(0, 3));
    plan.micro_batch = random.power_of_two(8);
    plan.global_batch = plan.micro_batch * plan.data_parallel * random.whole(1, 64);
    plan.precision = random.pick({Precision::fp16, Precision::bf16, Precision::fp8});
    plan.recompute = random.pick({Recompute::none, Recompute::selective, Recompute::full});
    plan.recompute_share = random.chance(0.5) ? 1 : random.real(0, 1);
    plan.sequence_parallel = random.chance(0.7);
    plan.routing_skew = random.chance(0.5) ? 1 : random.real(1, 2);
    if (plan_problem(plan, model, plan.gpus())) continue;
    if (!why_no_schedule(pipeline_shape(plan)).empty()) continue;
    return plan;
  }
  return std::nullopt;
}

}  // namespace traincast::property
