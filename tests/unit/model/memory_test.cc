#include "host/model/memory.h"

#include <gtest/gtest.h>

#include <array>

#include "host/model/shard.h"
#include "tests/unit/model/memory_models.h"

namespace traincast {
namespace {

using namespace test;

TEST(Memory, StatesByZeroStage) {
  const Transformer model = llama(8, 4096, 14336, 32, 8);
  Plan plan;
  plan.data_parallel = 16;
  const double n = parameters(model, plan);
  const auto states = [&](int stage, std::int64_t shard_ranks = 0, const Stack& stack = Stack{}) {
    plan.zero_stage = stage;
    plan.shard_ranks = shard_ranks;
    const MemoryEstimate memory = estimate_memory(model, plan, stack);
    return (memory.weights + memory.gradients + memory.optimizer).value();
  };
  EXPECT_DOUBLE_EQ(states(0), 18 * n);
  EXPECT_DOUBLE_EQ(states(1), (6 + 12.0 / 16) * n);  // Megatron-core's distributed optimiser
  EXPECT_DOUBLE_EQ(states(2), (2 + 16.0 / 16) * n);
  EXPECT_DOUBLE_EQ(states(3), 18.0 / 16 * n);
  EXPECT_DOUBLE_EQ(states(3, 8), 18.0 / 8 * n);  // hybrid
  Stack fsdp;
  fsdp.separate_master = false;
  EXPECT_DOUBLE_EQ(states(3, 0, fsdp), 16.0 / 16 * n);
}

// Bytes: a 16-bit gradient for each weight shape, or the largest; 32 MiB of workspace for Transformer Engine
// and one for the output head, four more for grouped GEMMs.
TEST(Memory, Buffers) {
  const Transformer model = llama(8, 4096, 14336, 32, 8);
  const double mib = 1048576, table = 128256 * 4096.0;
  const double matrices = 4096 * 6144.0 + 4096 * 4096.0 + 3 * 4096 * 14336.0, layer = matrices + 2 * 4096;
  Plan plan;
  Stack stack;
  const auto buffers = [&] { return estimate_memory(model, plan, stack).buffers.value(); };
  EXPECT_DOUBLE_EQ(buffers(), 2 * (matrices + table) + 64 * mib);
  stack.dummy_gradients = false;
  EXPECT_DOUBLE_EQ(buffers(), 2 * table + 64 * mib);
  plan.data_parallel = 8;
  plan.zero_stage = 2;  // embedding and head outweigh a layer
  const double ends = 2 * table;
  EXPECT_DOUBLE_EQ(buffers(), 2 * ends + 64 * mib);
  plan.zero_stage = 3;  // two layers' weights, and the ends
  EXPECT_DOUBLE_EQ(buffers(), 2 * ends + 2 * (2 * layer + ends) + 64 * mib);
  plan = {};
  plan.precision = Precision::fp8;
  stack.fp8_weights = false;  // copies of a byte and their transposes
  EXPECT_DOUBLE_EQ(buffers(), 2 * table + 2 * (8 * layer + 4096) + 64 * mib);
  plan = {};
  plan.pipeline_parallel = 61;
  plan.zero_stage = 3;
  Stack experts;
  experts.dummy_gradients = false;
  const Transformer moe = deepseek_v3();
  const double held = stage_parameters(moe, plan, 10).total();
  EXPECT_DOUBLE_EQ(estimate_stage_memory(moe, plan, experts, 10).buffers.value(),
                   6 * held + 6 * 32 * mib + 8192 * 7168.0 * 2);
}

// ZeRO-2 shares all gradients where none waits for a pipeline's next micro-batch; of four interleaved chunks
// whose micro-batches follow one another one is whole.
TEST(Memory, GradientsUnderZero2) {
  const Transformer model = llama(16, 4096, 14336, 32, 8);
  Plan plan;
  plan.data_parallel = 8;
  plan.zero_stage = 2;
  const auto shares = [&] {
    const double held = stage_parameters(model, plan, 0).total();
    return estimate_stage_memory(model, plan, Stack{}, 0).gradients.value() / (4 * held);
  };
  EXPECT_DOUBLE_EQ(shares(), 1.0 / 8);
  plan.pipeline_parallel = 4;
  EXPECT_DOUBLE_EQ(shares(), 1);
  plan.virtual_stages = 4;
  plan.global_batch = 40;  // five micro-batches: the first chunk is met again after the others
  EXPECT_DOUBLE_EQ(shares(), 1);
  plan.global_batch = 32;
  EXPECT_DOUBLE_EQ(shares(), 1.0 / 4 + 3.0 / 4 / 8);
  plan.zero_stage = 1;
  EXPECT_DOUBLE_EQ(shares(), 1);
  plan.zero_stage = 3;
  EXPECT_DOUBLE_EQ(shares(), 1.0 / 8);
}

TEST(Memory, BesideTheModel) {
  Plan plan;
  plan.tensor_parallel = 8;
  plan.pipeline_parallel = 4;
  plan.data_parallel = 8;
  const MemoryEstimate memory = estimate_memory(llama(80, 8192, 28672, 64, 8), plan, Stack{});
  EXPECT_DOUBLE_EQ(memory.context.value(), 768 * 1048576.0);
  EXPECT_DOUBLE_EQ(memory.communication.value(), 3 * 367e6);  // communicators
}

TEST(Memory, ExpertStatesShardOverTheirOwnRanks) {
  const Transformer model = deepseek_v3();
  Plan plan;
  plan.data_parallel = 128;
  plan.expert_parallel = 64;
  EXPECT_EQ(dense_shard_ranks(plan), 128);
  EXPECT_EQ(expert_shard_ranks(plan), 2);
  const StageParameters held = stage_parameters(model, plan, 0);
  EXPECT_DOUBLE_EQ(held.experts, 58.0 * 256 / 64 * 3 * 7168 * 2048);
  const MemoryEstimate memory = estimate_memory(model, plan, Stack{});
  EXPECT_DOUBLE_EQ(memory.optimizer.value(), 12 * ((held.total() - held.experts) / 128 + held.experts / 2));
}

TEST(Memory, MicroBatchesInFlight) {
  Plan plan;
  plan.pipeline_parallel = 8;
  EXPECT_EQ(micro_batches_in_flight(plan, 0), 8);
  EXPECT_EQ(micro_batches_in_flight(plan, 7), 1);
  plan.schedule = Schedule::zb_h1;
  EXPECT_EQ(micro_batches_in_flight(plan, 7), 8);
  plan.schedule = Schedule::dual_pipe;
  EXPECT_EQ(micro_batches_in_flight(plan, 3), 9);
  plan.schedule = Schedule::interleaved;
  plan.virtual_stages = 4;
  EXPECT_DOUBLE_EQ(micro_batches_in_flight(plan, 0), 8 * (1 + 7.0 / (8 * 4)));
  EXPECT_DOUBLE_EQ(micro_batches_in_flight(plan, 7), 25.0 / 4);
  // A step of three micro-batches never has more.
  plan.data_parallel = 2;
  plan.global_batch = 6;
  EXPECT_EQ(micro_batches_in_flight(plan, 0), 3);
}

TEST(Memory, EarlierStagesKeepMoreAndRecomputationKeepsLess) {
  const Transformer model = llama(80, 8192, 28672, 64, 8);
  Plan plan;
  plan.tensor_parallel = 8;
  plan.pipeline_parallel = 4;
  plan.data_parallel = 8;
  EXPECT_EQ(estimate_memory(model, plan, Stack{}).stage, 0);
  const MemoryEstimate first = estimate_stage_memory(model, plan, Stack{}, 0);
  const MemoryEstimate last = estimate_stage_memory(model, plan, Stack{}, 3);
  EXPECT_DOUBLE_EQ(first.activations.value(), 4 * last.activations.value());
  EXPECT_EQ(first.loss.value(), 0);
  // Logits of an eighth of 129,024 rows, three shares of a hidden state, and one whole.
  EXPECT_DOUBLE_EQ(last.loss.value(), 8192.0 * 129024 / 8 * 2 + (3.0 / 8 + 1) * 8192 * 8192 * 2);
  plan.recompute = Recompute::full;
  // Twenty layers' inputs of four micro-batches, an eighth of each.
  EXPECT_DOUBLE_EQ(estimate_memory(model, plan, Stack{}).activations.value(), 20 * 4 * 8192.0 * 8192 * 2 / 8);
}

// DualPipe holds two stages on a rank (DeepSeek-V3, table 2: parameters twice, activations of p + 1).
TEST(Memory, DualPipe) {
  const Transformer model = llama(64, 8192, 28672, 64, 8);
  Plan plan;
  plan.pipeline_parallel = 8;
  const MemoryEstimate plain_pipe = estimate_stage_memory(model, plan, Stack{}, 2);
  plan.schedule = Schedule::dual_pipe;
  const MemoryEstimate dual = estimate_stage_memory(model, plan, Stack{}, 2);
  EXPECT_DOUBLE_EQ(dual.weights.value(), 2 * plain_pipe.weights.value());
  EXPECT_DOUBLE_EQ(dual.activations.value() * 6, plain_pipe.activations.value() * 9);
}

// Llama 3.1 405B on 80 GB as it was trained (arXiv 2407.21783, table 4): no recomputation. It did fit.
TEST(Memory, Llama405BFits) {
  Plan plan;
  plan.tensor_parallel = 8;
  plan.pipeline_parallel = 16;
  plan.data_parallel = 128;
  plan.virtual_stages = 8;
  plan.global_batch = 2048;
  plan.zero_stage = 2;
  const MemoryEstimate memory = estimate_memory(llama(126, 16384, 53248, 128, 8), plan, Stack{});
  EXPECT_LT(memory.total().value(), 80.0 * 1024 * 1024 * 1024);
  EXPECT_GT(memory.total().value(), 40e9);
}

}  // namespace
}  // namespace traincast
