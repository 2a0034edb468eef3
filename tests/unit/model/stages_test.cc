// What a chunk, a rank and a step send and wait for, against counts done by hand.
#include "host/model/stages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "host/model/stage_terms.h"
#include "tests/unit/model/counting.h"

namespace traincast {
namespace {

using namespace test;

// Of 4096 tokens each of four tensor ranks sends its quarter of 1024 16-bit elements to the rank `stride` on.
TEST(Pipeline, MessageBetweenStages) {
  const auto message = [](const Plan& plan, const Stack& stack) {
    const CountingMachine machine;
    const double exposed = pipeline_message(llama(), plan, stack, machine.system()).exposed;
    return std::pair(exposed, machine.messages().at(0));
  };
  Plan plan = two_sequences();
  plan.tensor_parallel = 4;
  plan.pipeline_parallel = 2;
  Stack stack = bare_stack();
  stack.pipeline_exposed = 0.25;
  stack.overlap_slowdown = 2;
  const auto [plain, inside] = message(plan, stack);
  EXPECT_EQ(plain, 1);
  EXPECT_DOUBLE_EQ(inside.bytes, kTokens / 4 * 1024 * 2);
  EXPECT_EQ(inside.group.ranks, 2);
  EXPECT_EQ(inside.group.ranks_per_domain, 2);
  EXPECT_EQ(inside.group.span, 8);
  plan.tensor_parallel = 8;  // a whole node: the next stage is on another
  plan.virtual_stages = 2;
  const auto [interleaved, outside] = message(plan, stack);
  EXPECT_EQ(interleaved, 0.5);
  EXPECT_EQ(outside.group.ranks_per_domain, 1);
  EXPECT_EQ(outside.group.span, 16);
  stack.pipeline_exposed = 0.9;  // no message takes longer than alone
  EXPECT_EQ(message(plan, stack).first, 1);
}

// 30 bytes a parameter and step; ZeRO shares dense ones over the data ranks, experts over those that hold the
// same.
TEST(OnceAStep, OptimizerAndShards) {
  const CountingMachine machine(CountingKernels::What::bytes);
  const System& system = machine.system();
  Plan plan;
  plan.data_parallel = 4;
  plan.expert_parallel = 2;
  plan.zero_stage = 0;
  const auto parts = [&] { return once_a_step({.dense = 1000, .experts = 400}, plan, bare_stack(), system); };
  EXPECT_DOUBLE_EQ(parts()[Part::optimizer], 30 * 1400);
  plan.zero_stage = 1;
  EXPECT_DOUBLE_EQ(parts()[Part::optimizer], 30 * (1000 / 4.0 + 400 / 2.0));
  plan.zero_stage = 3;
  plan.shard_ranks = 2;  // two replicas sum their shards, half of it under the backward pass
  EXPECT_DOUBLE_EQ(parts()[Part::data_comm], 0.5);
}

// Four bytes of a gradient and two of a weight: dense parameters between the four data ranks, experts between
// the two that hold the same.
TEST(OnceAStep, MessagesOfGradientsAndWeights) {
  Plan plan;
  plan.data_parallel = 4;
  plan.expert_parallel = 2;
  const auto sent = [&](double& seconds) {
    const CountingMachine machine;
    const MostHeld held{.dense = 1000, .experts = 400};
    seconds = once_a_step(held, plan, bare_stack(), machine.system())[Part::data_comm];
    std::vector<std::pair<Collective, double>> list;
    for (const Message& message : machine.messages()) list.emplace_back(message.collective, message.bytes);
    return list;
  };
  using List = std::vector<std::pair<Collective, double>>;
  double seconds = 0;
  plan.zero_stage = 0;
  EXPECT_EQ(sent(seconds), (List{{Collective::all_reduce, 4000}, {Collective::all_reduce, 1600}}));
  EXPECT_DOUBLE_EQ(seconds, 1) << "half of two messages hides under the backward pass";
  plan.pipeline_parallel = 2;
  sent(seconds);
  EXPECT_DOUBLE_EQ(seconds, 2) << "nothing does where most gradients come last";
  plan.zero_stage = 1;
  List scattered = sent(seconds);
  std::sort(scattered.begin(), scattered.end());
  List expected = {{Collective::reduce_scatter, 4000},
                   {Collective::all_gather, 2000},
                   {Collective::reduce_scatter, 1600},
                   {Collective::all_gather, 800}};
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(scattered, expected);
}

// ZeRO-2 scatters the gradients of every micro-batch, where no pipeline keeps them: of dense parameters and
// of experts, half of it under the backward pass.
TEST(OnceAStep, Zero2ScattersEachMicroBatch) {
  Transformer model = mixture();
  Plan plan = two_sequences();
  plan.data_parallel = 4;
  plan.expert_parallel = 2;
  plan.zero_stage = 2;
  const auto seconds = [&](std::int64_t micro_batches) {
    const CountingMachine machine;
    plan.global_batch = plan.micro_batch * plan.data_parallel * micro_batches;
    return once_a_step(model, plan, bare_stack(), machine.system())[Part::data_comm];
  };
  EXPECT_DOUBLE_EQ(seconds(1), 0.5 * 4) << "two kinds, each scattered, its weights gathered";
  EXPECT_DOUBLE_EQ(seconds(3), 0.5 * (4 + 2 * 2));
  model.moe.reset();
  EXPECT_DOUBLE_EQ(seconds(3), 0.5 * (2 + 2));
  plan.zero_stage = 1;
  EXPECT_DOUBLE_EQ(seconds(3), 0.5 * 2);
  plan.zero_stage = 2;
  plan.pipeline_parallel = 2;
  EXPECT_DOUBLE_EQ(seconds(3), 2) << "kept whole until the last";
  plan.pipeline_parallel = 1;
  plan.adapters_only = true;
  EXPECT_EQ(seconds(3), 0);
}

// A tied table is on the first and the last stage, which sum its gradients of four bytes; so is that of a
// prediction module. DualPipe has both on every rank that holds either.
TEST(OnceAStep, StagesThatShareATable) {
  Transformer model = llama();
  Plan plan = two_sequences();
  plan.tensor_parallel = 4;
  plan.pipeline_parallel = 4;
  const auto sent = [&] {
    const CountingMachine machine;
    once_a_step(model, plan, bare_stack(), machine.system());
    return machine.messages();
  };
  EXPECT_TRUE(sent().empty());
  model.tied_embeddings = true;
  const std::vector<Message> messages = sent();
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].collective, Collective::all_reduce);
  EXPECT_DOUBLE_EQ(messages[0].bytes, 4.0 * 8064 * 1024) << "32,000 rows to 32,256, a quarter of them";
  EXPECT_EQ(messages[0].group.ranks, 2);
  EXPECT_EQ(messages[0].group.ranks_per_domain, 1);
  EXPECT_EQ(messages[0].group.span, 16);
  model.tied_embeddings = false;
  model.mtp_layers = 1;
  EXPECT_EQ(sent().size(), 1U);
  plan.schedule = Schedule::dual_pipe;
  EXPECT_TRUE(sent().empty());
  plan.schedule = Schedule::one_f_one_b;
  plan.adapters_only = true;
  EXPECT_TRUE(sent().empty());
  plan.adapters_only = false;
  plan.pipeline_parallel = 2;  // both stages in one node of eight
  EXPECT_EQ(sent().at(0).group.ranks_per_domain, 2);
  plan.pipeline_parallel = 1;
  EXPECT_TRUE(sent().empty());
}

// Under DualPipe a rank holds its own stage and that of the rank opposite.
TEST(MostHeld, OfTwoStagesUnderDualPipe) {
  Transformer model = mixture();
  model.moe->first_dense_layers = 1;
  Plan plan = two_sequences();
  plan.pipeline_parallel = 4;
  const auto stage = [&](std::int64_t i) { return stage_parameters(model, plan, i); };
  EXPECT_DOUBLE_EQ(most_held(model, plan).experts, stage(2).experts);
  EXPECT_DOUBLE_EQ(most_held(model, plan).dense, stage(0).dense + stage(0).embedding);
  plan.schedule = Schedule::dual_pipe;
  EXPECT_DOUBLE_EQ(most_held(model, plan).experts, stage(1).experts + stage(2).experts);
  EXPECT_DOUBLE_EQ(most_held(model, plan).dense,
                   stage(0).dense + stage(0).embedding + stage(3).dense + stage(3).head);
}

TEST(ShardGroups, OfSixteenRanksInNodesOfEight) {
  Plan plan;
  plan.shard_ranks = 16;
  const ShardGroups groups = shard_groups({.ranks = 64, .ranks_per_domain = 8, .span = 128}, plan);
  EXPECT_EQ(groups.shard.ranks, 16);
  EXPECT_EQ(groups.shard.ranks_per_domain, 8);
  EXPECT_EQ(groups.shard.span, 32);
  EXPECT_EQ(groups.replicas.ranks, 4);
  EXPECT_EQ(groups.replicas.ranks_per_domain, 1) << "each on a node of its own";
  EXPECT_EQ(groups.replicas.span, 128);
}

// Two gathers of two bytes a weight and a scatter of four a gradient.
TEST(Gathers, MessagesOfALayer) {
  const CountingMachine machine;
  Plan plan;
  plan.data_parallel = 8;
  const StageParameters held{.dense = 2000};
  EXPECT_DOUBLE_EQ(gathered_layer_seconds(held, 2, plan, bare_stack(), machine.system()), 3);
  for (const Message& message : machine.messages()) {
    EXPECT_DOUBLE_EQ(message.bytes, message.collective == Collective::all_gather ? 2000 : 4000);
  }
}

// Passes of 10 and 20 s, a quarter of the latter of the weights, and messages of 60 s, which slow what they
// hide under by 0.15: 60 + 0.15 x 30 - 30 in all, a third of it in the forward pass. Or 20 s a pass of three.
TEST(Gathers, WhatDoesNotHide) {
  const ChunkTimes work{Seconds(10), Seconds(20), Seconds(5)};
  Stack stack = bare_stack();
  stack.shard_serial = 0.15;
  const GatherWaits whole = exposed_gathers(work, 60, false, stack);
  EXPECT_DOUBLE_EQ(whole.forward, 34.5 / 3);
  EXPECT_DOUBLE_EQ(whole.backward, 34.5 * 2 / 3);
  EXPECT_EQ(whole.weight_gradient, 0);
  const GatherWaits split = exposed_gathers(work, 60, true, stack);
  EXPECT_DOUBLE_EQ(split.forward, 20 + 1.5 - 10);
  EXPECT_DOUBLE_EQ(split.weight_gradient, 20 + 0.75 - 5);
  EXPECT_DOUBLE_EQ(split.backward, 20 + 2.25 - 15 + split.weight_gradient);
}

// A mixture, then a dense layer: the prediction module is another dense layer, another head, and what joins
// them to the trunk.
TEST(Stages, PredictionModulesAreLikeTheLastLayer) {
  const CountingMachine machine;
  const System& system = machine.system();
  Transformer model = mixture();
  model.layers = 2;
  model.moe->every = 2;
  const Plan plan = two_sequences();
  const Stack stack = bare_stack();
  const auto forward = [&] { return Stages(model, plan, stack, system).chunk(0).forward.sum(); };
  const double without = forward();
  model.mtp_layers = 1;
  const double layer =
      layer_times(model, plan, stack, system, LayerKind::dense, model.sequence).forward.sum();
  const double head = head_times(model, plan, stack, system).forward.sum();
  const double join = prediction_times(model, plan, stack, system).forward.sum();
  EXPECT_NEAR((forward() - without) / (layer + head + join), 1, 1e-12);
}

}  // namespace
}  // namespace traincast
