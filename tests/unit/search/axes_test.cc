// Every value that the search tries, worked out by hand.
#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "host/search/space.h"

namespace traincast {
namespace {

using Values = std::vector<std::int64_t>;

// 48 GPUs in NVLink domains of two.
traincast::Run small_run() {
  traincast::Run run;
  run.model.layers = 6;
  run.model.heads = 24;
  run.model.kv_heads = 8;
  run.model.ffn_hidden = 3072;
  run.model.sequence = 2048;
  run.model.moe = MixtureOfExperts{.experts = 12, .top_k = 2, .ffn_hidden = 96};
  run.plan.global_batch = 6;
  run.plan.micro_batch = 3;
  run.plan.recompute = Recompute::full;
  run.plan.recompute_share = 0.25;
  run.plan.shard_ranks = 12;
  run.plan.tensor_parallel = 2;
  run.plan.sequence_parallel = false;
  return run;
}

TEST(Axes, HoldWhatTheModelAndTheGpusDivideInto) {
  const Axes axes = default_axes(small_run(), 48, 2, 25);
  EXPECT_EQ(axes.tensor, (Values{1, 2, 4, 8}))
      << "of 24 heads up to 16 ranks; 8 key heads refuse 3, 6 and 12";
  EXPECT_EQ(axes.pipeline, (Values{1, 2, 3, 4, 6, 8})) << "embedding and head count as layers";
  EXPECT_EQ(axes.virtual_stages, (Values{1, 2, 3, 4}));
  EXPECT_EQ(axes.context, (Values{1, 2, 4, 8})) << "256 tokens a rank at least";
  EXPECT_EQ(axes.expert, (Values{1, 2, 3, 4, 6, 12}));
  EXPECT_EQ(axes.expert_tensor, (Values{1, 2}));
  EXPECT_EQ(axes.zero, (Values{0, 1, 2, 3}));
  EXPECT_EQ(axes.shard, (Values{0, 8, 12, 16, 32}));
  EXPECT_EQ(axes.global_batch, (Values{6, 12, 24}));
  EXPECT_EQ(axes.micro_batch, (Values{1, 2, 3, 4, 8, 16}));
  EXPECT_EQ(axes.schedule.size(), 4U);
  EXPECT_EQ(axes.sequence_parallel, (std::vector<bool>{true, false}));
}

TEST(Axes, RecomputeByTenthsAndAsTheRunDoes) {
  std::vector<RecomputeChoice> expected = {{Recompute::none, 100}, {Recompute::selective, 100}};
  for (const std::int32_t share : {10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 25}) {
    expected.push_back({Recompute::full, share});
  }
  EXPECT_EQ(default_axes(small_run(), 48, 2, 0).recompute, expected);
}

TEST(Axes, OfALargeClusterEndWhereMoreIsPointless) {
  traincast::Run run = small_run();
  run.model.moe.reset();
  run.model.heads = 144;
  run.model.ffn_hidden = 73728;
  run.model.sequence = 131072;
  run.plan = {};
  run.plan.global_batch = 1000;
  const Axes axes = default_axes(run, 18432, 8, 0);
  EXPECT_EQ(axes.tensor, (Values{1, 2, 4, 8, 16, 24, 48})) << "eight NVLink domains, so not 72";
  EXPECT_EQ(axes.pipeline, (Values{1, 2, 3, 4, 6, 8})) << "six layers, an embedding and a head, so not 9";
  EXPECT_EQ(axes.context, (Values{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}));
  EXPECT_EQ(axes.expert, Values{1});
  EXPECT_EQ(axes.expert_tensor, Values{1});
  EXPECT_EQ(axes.shard, (Values{0, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096}));
  EXPECT_EQ(axes.micro_batch, (Values{1, 2, 4, 8, 16, 32, 64}));
  EXPECT_EQ(axes.global_batch, Values{1000});
  EXPECT_EQ(axes.sequence_parallel, std::vector<bool>{true});
  // What the run repeats is there once.
  run.plan.recompute = Recompute::selective;
  EXPECT_EQ(default_axes(run, 18432, 8, 0).recompute, axes.recompute);
  EXPECT_EQ(axes.recompute.size(), 12U);
}

TEST(Axes, OfASmallModel) {
  traincast::Run run = small_run();
  run.model.layers = 7;
  run.model.sequence = 128;  // too short to be split
  const Axes axes = default_axes(run, 48, 2, 0);
  EXPECT_EQ(axes.virtual_stages, (Values{1, 2, 3, 4})) << "two of nine chunks at least";
  EXPECT_EQ(axes.context, Values{1});
}

TEST(Axes, SettingsAreTakenToTheirLimits) {
  Axes axes;
  const auto refused = [&](const std::string& setting) {
    try {
      fix_axis(axes, setting);
    } catch (const UsageError&) {
      return true;
    }
    return false;
  };
  for (const char* key : {"tp", "pp", "vp", "cp", "ep", "etp", "dp", "mb", "batch"}) {
    EXPECT_FALSE(refused(std::string(key) + "=1000000000")) << key;
    EXPECT_TRUE(refused(std::string(key) + "=1000000001")) << key;
    EXPECT_FALSE(refused(std::string(key) + "=1")) << key;
    EXPECT_TRUE(refused(std::string(key) + "=0")) << key;
  }
  EXPECT_FALSE(refused("shard=0"));
  EXPECT_FALSE(refused("zero=0:3"));
  EXPECT_TRUE(refused("zero=4"));
  EXPECT_FALSE(refused("recompute=full-1:full-100"));
  EXPECT_TRUE(refused("recompute=full-0"));
  EXPECT_TRUE(refused("recompute=full-101"));
  EXPECT_TRUE(refused("sp=2"));
  EXPECT_FALSE(refused("sp=0:1"));
  EXPECT_EQ(axes.sequence_parallel, (std::vector<bool>{false, true}));
  std::string many = "tp=1";
  for (int i = 2; i <= 16; ++i) many += ":" + std::to_string(i);
  EXPECT_FALSE(refused(many));
  EXPECT_TRUE(refused(many + ":17"));
}

TEST(Axes, SchedulesAskForRanksAndMicroBatches) {
  EXPECT_TRUE(has_schedule(Schedule::one_f_one_b, 1, 1, 1));
  EXPECT_FALSE(has_schedule(Schedule::one_f_one_b, 4, 2, 8));
  EXPECT_FALSE(has_schedule(Schedule::interleaved, 4, 1, 8));
  EXPECT_TRUE(has_schedule(Schedule::interleaved, 4, 2, 8));
  EXPECT_FALSE(has_schedule(Schedule::zb_h1, 1, 1, 8));
  EXPECT_TRUE(has_schedule(Schedule::zb_h1, 2, 1, 8));
  EXPECT_FALSE(has_schedule(Schedule::zb_h1, 2, 2, 8));
  EXPECT_TRUE(has_schedule(Schedule::dual_pipe, 4, 1, 8)) << "two micro-batches a rank";
  EXPECT_FALSE(has_schedule(Schedule::dual_pipe, 4, 1, 7));
  EXPECT_FALSE(has_schedule(Schedule::dual_pipe, 3, 1, 8));
  EXPECT_FALSE(has_schedule(Schedule::dual_pipe, 1, 1, 8));
}

// A variant for each kind of message whose hiding costs more than it gains: 1.3 x .9 is above 1, 1.3 x .5 is
// not.
TEST(Axes, StacksHideWhereItGains) {
  Stack stack;
  stack.overlap_slowdown = 1.3;
  stack.tensor_exposed = stack.data_exposed = 0.9;
  stack.context_exposed = 0.5;
  stack.expert_exposed = 1;
  std::vector<std::string> names;
  for (const StackVariant& variant : stack_variants(stack)) names.push_back(variant.name);
  EXPECT_EQ(names, (std::vector<std::string>{"", "tensor", "data", "tensor+data"}));
  const Stack none = nothing_hidden(stack).stack;
  for (const double exposed : {none.tensor_exposed, none.context_exposed, none.expert_exposed,
                               none.pipeline_exposed, none.data_exposed}) {
    EXPECT_EQ(exposed, 1);
  }
}

}  // namespace
}  // namespace traincast
