// How ranks share a layer: work divided, rows routed, messages by size and group.
#include <gtest/gtest.h>

#include <cmath>

#include "host/model/layer.h"
#include "host/model/parameters.h"
#include "tests/unit/model/counting.h"

namespace traincast {
namespace {

using namespace test;

TEST(Layer, TensorRanksShareTheWorkAndExchangeTheHiddenState) {
  Plan plan = two_sequences();
  plan.tensor_parallel = 4;
  const PassTimes alone = run(llama(), two_sequences(), bare_stack()).times;
  const auto [times, messages] = run(llama(), plan, bare_stack());
  EXPECT_DOUBLE_EQ(both(times, Part::gemm), both(alone, Part::gemm) / 4);
  EXPECT_DOUBLE_EQ(both(times, Part::attention), both(alone, Part::attention) / 4);
  // Two blocks, each a gather and a scatter of tokens x hidden in BF16, forward and again backward.
  EXPECT_DOUBLE_EQ(times.forward[Part::tensor_comm], 4);
  EXPECT_DOUBLE_EQ(times.backward[Part::tensor_comm], 4);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0].collective, Collective::all_gather);
  EXPECT_EQ(messages[1].collective, Collective::reduce_scatter);
  for (const Message& message : messages) {
    EXPECT_DOUBLE_EQ(message.bytes, kTokens * 1024 * 2);
    EXPECT_EQ(message.group.ranks, 4);
  }
  plan.sequence_parallel = false;  // an all-reduce a block instead
  const auto [reduced, reductions] = run(llama(), plan, bare_stack());
  EXPECT_DOUBLE_EQ(reduced.forward[Part::tensor_comm], 2);
  ASSERT_EQ(reductions.size(), 1U);
  EXPECT_EQ(reductions[0].collective, Collective::all_reduce);
  EXPECT_DOUBLE_EQ(reductions[0].bytes, kTokens * 1024 * 2);
  Stack half = bare_stack();
  half.tensor_exposed = 0.5;
  half.parallel_block = true;  // one block instead of two
  EXPECT_DOUBLE_EQ(run(llama(), plan, half).times.forward[Part::tensor_comm], 0.5);
}

TEST(Layer, ContextRanksGatherKeysAndValues) {
  Plan plan = two_sequences();
  plan.context_parallel = 4;
  plan.tensor_parallel = 2;
  const auto [times, messages] = run(llama(), plan, bare_stack());
  EXPECT_DOUBLE_EQ(times.forward[Part::context_comm], 1);
  EXPECT_DOUBLE_EQ(times.backward[Part::context_comm], 2) << "and returns their gradients";
  ASSERT_FALSE(messages.empty());
  EXPECT_EQ(messages[0].collective, Collective::all_gather);
  // Keys and values of half of the four heads for all tokens, in BF16.
  EXPECT_DOUBLE_EQ(messages[0].bytes, kTokens * (2 * 2 * 64) * 2);
  EXPECT_EQ(messages[0].group.ranks, 4);
}

// All-to-all: the eight query heads of a rank, twice two of keys and values go out, the output comes back;
// gradients take the same ways. All of it is waited for.
TEST(Layer, ContextRanksExchangeHeads) {
  Plan plan = two_sequences();
  plan.context_parallel = 4;
  plan.tensor_parallel = 2;
  Stack stack = bare_stack();
  stack.context_exchange = ContextExchange::all_to_all;
  stack.context_exposed = 0.3;
  const auto [times, messages] = run(llama(), plan, stack);
  EXPECT_DOUBLE_EQ(times.forward[Part::context_comm], 2);
  EXPECT_DOUBLE_EQ(times.backward[Part::context_comm], 2);
  ASSERT_GE(messages.size(), 2U);
  EXPECT_EQ(messages[0].collective, Collective::all_to_all);
  EXPECT_DOUBLE_EQ(messages[0].bytes, kTokens / 4 * (8 + 2 + 2) * 64 * 2);
  EXPECT_EQ(messages[1].collective, Collective::all_to_all);
  EXPECT_DOUBLE_EQ(messages[1].bytes, kTokens / 4 * 8 * 64 * 2);
  EXPECT_EQ(messages[1].group.ranks, 4);
}

// Latents are expanded before they travel: keys of 64 + 32 and values of 48 for half of sixteen heads.
TEST(Layer, ContextRanksGatherExpandedLatents) {
  Transformer model = llama();
  model.mla = LatentAttention{.q_rank = 0, .kv_rank = 128, .nope_dim = 64, .rope_dim = 32, .value_dim = 48};
  Plan plan = two_sequences();
  plan.context_parallel = 4;
  plan.tensor_parallel = 2;
  const std::vector<Message> ring = run(model, plan, bare_stack()).messages;
  EXPECT_DOUBLE_EQ(ring.at(0).bytes, kTokens * 8 * (64 + 32 + 48) * 2);
  Stack stack = bare_stack();
  stack.context_exchange = ContextExchange::all_to_all;
  EXPECT_DOUBLE_EQ(run(model, plan, stack).messages.at(1).bytes, kTokens / 4 * 8 * 48 * 2);
}

TEST(Layer, RoutedRowsVisitTopKExpertsWhereverTheyLive) {
  // Eight experts a token, three matrices of 1024 x 512 each; a router of 32 outputs.
  const double experts = 6 * kTokens * 8 * 3 * 1024 * 512;
  const double others = 6 * kTokens * (attention_parameters(mixture()) + 1024 * 32);
  const auto flops = [](const Plan& plan, const Stack& stack) {
    return run(mixture(), plan, stack, CountingKernels::What::flops, LayerKind::moe).times;
  };
  Plan plan = two_sequences();
  EXPECT_DOUBLE_EQ(both(flops(plan, bare_stack()), Part::experts), experts);
  EXPECT_DOUBLE_EQ(both(flops(plan, bare_stack()), Part::gemm), others);
  EXPECT_DOUBLE_EQ(flops(plan, bare_stack()).weight_gradient, (experts + others) / 3);
  Stack slower = bare_stack();
  slower.expert_rate = 0.5;
  EXPECT_DOUBLE_EQ(both(flops(plan, slower), Part::experts), 2 * experts);
  plan.expert_parallel = 8;
  EXPECT_DOUBLE_EQ(both(flops(plan, bare_stack()), Part::experts), experts) << "as many come as go";
  plan.expert_tensor_parallel = 2;
  EXPECT_DOUBLE_EQ(both(flops(plan, bare_stack()), Part::experts), experts)
      << "twice the rows, half the width";
  plan.routing_skew = 1.25;
  EXPECT_DOUBLE_EQ(both(flops(plan, bare_stack()), Part::experts), 1.25 * experts);
}

TEST(Layer, SharedExpertsAreADenseFfn) {
  Transformer model = mixture();
  const auto gemm = [&] {
    return both(run(model, two_sequences(), bare_stack(), CountingKernels::What::flops, LayerKind::moe).times,
                Part::gemm);
  };
  const double without = gemm();
  model.moe->shared_experts = 2;
  model.moe->shared_ffn_hidden = 1024;
  EXPECT_DOUBLE_EQ(gemm() - without, 6 * kTokens * 3 * 1024 * 1024);
}

TEST(Layer, ExpertMessages) {
  Plan plan = two_sequences();
  plan.expert_parallel = 8;
  plan.data_parallel = 8;
  Stack stack = bare_stack();
  stack.dispatch_bytes = 1;  // FP8 out, BF16 back
  const auto [times, messages] = run(mixture(), plan, stack, CountingKernels::What::flops, LayerKind::moe);
  ASSERT_EQ(messages.size(), 2U);
  for (const Message& message : messages) EXPECT_EQ(message.collective, Collective::all_to_all);
  EXPECT_DOUBLE_EQ(messages[0].bytes, kTokens * 8 * 1024);
  EXPECT_DOUBLE_EQ(messages[1].bytes, kTokens * 8 * 1024 * 2);
  EXPECT_DOUBLE_EQ(times.forward[Part::expert_comm], 2);
  EXPECT_DOUBLE_EQ(times.backward[Part::expert_comm], 2);
  // Eight uniform choices among four nodes meet 4 (1 - (3/4)^8) = 3.6 of them: one copy each.
  plan.expert_parallel = plan.data_parallel = 32;
  stack.dispatch_once_per_node = true;
  const auto once = run(mixture(), plan, stack, CountingKernels::What::flops, LayerKind::moe).messages;
  EXPECT_NEAR(once.at(0).bytes, kTokens * 4 * (1 - std::pow(0.75, 8)) * 1024, 1e-3);
}

// Of eight groups on as many nodes a token's choices lie in four: 4 (1 - (3/4)^8) nodes. On four nodes two
// groups lie on each, and none of four draws hits a node with the chance 6/8 x 5/7 x 4/6 x 3/5 = 3/14. On
// sixteen a group lies on two: eight are in reach.
TEST(Layer, RouterGroupsLimitTheNodesOfAToken) {
  Transformer model = mixture();
  model.moe->experts = 256;
  model.moe->router_groups = 8;
  model.moe->router_group_top_k = 4;
  Plan plan = two_sequences();
  Stack stack = bare_stack();
  stack.dispatch_once_per_node = true;
  const auto copies = [&](std::int64_t nodes) {
    plan.expert_parallel = plan.data_parallel = 8 * nodes;
    const auto messages = run(model, plan, stack, CountingKernels::What::flops, LayerKind::moe).messages;
    return messages.at(0).bytes / (kTokens * 1024 * 2);
  };
  EXPECT_NEAR(copies(8), 4 * (1 - std::pow(0.75, 8)), 1e-9);
  const double four = 4 * (1 - 3.0 / 14);
  EXPECT_NEAR(copies(4), four * (1 - std::pow(1 - 1 / four, 8)), 1e-9);
  EXPECT_NEAR(copies(16), 8 * (1 - std::pow(1 - 1.0 / 8, 8)), 1e-9);
  EXPECT_NEAR(copies(1), 1, 1e-9);
}

// Ranks that hold shards of the same expert gather one another's rows, and sum what comes out.
TEST(Layer, ExpertTensorRanksGatherRows) {
  Plan plan = two_sequences();
  plan.tensor_parallel = plan.expert_tensor_parallel = 4;
  plan.routing_skew = 1.25;
  Stack stack = bare_stack();
  stack.dispatch_bytes = 1;
  stack.expert_exposed = 0.5;
  const auto [times, messages] = run(mixture(), plan, stack, CountingKernels::What::flops, LayerKind::moe);
  EXPECT_DOUBLE_EQ(times.forward[Part::expert_comm], 1);
  EXPECT_DOUBLE_EQ(times.backward[Part::expert_comm], 1);
  const double rows = kTokens / 4 * 8 * 1.25 * 4;
  EXPECT_EQ(messages.at(0).collective, Collective::all_gather);
  EXPECT_DOUBLE_EQ(messages.at(0).bytes, rows * 1024);
  EXPECT_EQ(messages.at(0).group.ranks, 4);
  EXPECT_EQ(messages.at(1).collective, Collective::reduce_scatter);
  EXPECT_DOUBLE_EQ(messages.at(1).bytes, rows * 1024 * 2);
}

// The embedding's rows are summed over the vocabulary's shards, the head's input gathered; backward the same
// the other way round.
TEST(Layer, EmbeddingAndHeadExchangeTheHiddenState) {
  const CountingMachine machine;
  Plan plan = two_sequences();
  plan.tensor_parallel = 4;
  for (const auto& ends : {embedding_times, head_times}) {
    const PassTimes times = ends(llama(), plan, bare_stack(), machine.system());
    EXPECT_DOUBLE_EQ(times.forward[Part::tensor_comm], 1);
    EXPECT_DOUBLE_EQ(times.backward[Part::tensor_comm], 1);
  }
  const PassTimes join = prediction_times(llama(), plan, bare_stack(), machine.system());
  EXPECT_DOUBLE_EQ(join.forward[Part::tensor_comm], 2);
  EXPECT_DOUBLE_EQ(join.backward[Part::tensor_comm], 2);
}

TEST(Layer, GroupsLieTensorContextData) {
  Plan plan;
  plan.tensor_parallel = 4, plan.context_parallel = 2, plan.data_parallel = 16, plan.expert_parallel = 16;
  System system;
  system.nvlink_domain = 8;
  const auto expect = [](const CommGroup& group, std::int64_t ranks, std::int64_t near, std::int64_t span) {
    EXPECT_EQ(group.ranks, ranks);
    EXPECT_EQ(group.ranks_per_domain, near);
    EXPECT_EQ(group.span, span);
  };
  expect(tensor_group(plan, system), 4, 4, 4);
  expect(context_group(plan, system), 2, 2, 8);
  expect(data_group(plan, system), 32, 2, 128);
  expect(expert_group(plan, system), 16, 8, 16);
  expect(expert_data_group(plan, system), 8, 1, 128);
  plan.expert_tensor_parallel = 2;
  expect(expert_tensor_group(plan, system), 2, 2, 2);
  plan.expert_tensor_parallel = 1;
  system.nvlink_domain = 72;
  expect(expert_group(plan, system), 16, 16, 16);
  expect(data_group(plan, system), 32, 18, 128);
}

}  // namespace
}  // namespace traincast
