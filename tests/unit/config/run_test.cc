#include <gtest/gtest.h>

#include "host/config/check_plan.h"
#include "host/config/load.h"
#include "tests/unit/config/sample_configs.h"

namespace traincast {
namespace {

TEST(Run, ResolvesEverythingAndCutsTheFleets) {
  const SampleConfigs configs;
  const traincast::Run run = load_run(configs.store(), "run");
  EXPECT_EQ(run.title, "A run");
  EXPECT_EQ(run.model.name, "small");
  EXPECT_EQ(run.plan.name, "wide");
  EXPECT_EQ(run.stack.name, "base");
  EXPECT_EQ(run.cluster.gpus(), 256);
  EXPECT_EQ(run.cluster.fleets.size(), 1U);
  EXPECT_EQ(run.tokens, Tokens(15.6e12));
  EXPECT_EQ(run.assumptions.size(), 1U);
  ASSERT_TRUE(run.published.has_value());
  EXPECT_EQ(run.published->days_high, 54);
  EXPECT_EQ(run.published->mfu_low, 0.38);
  EXPECT_FALSE(run.published->mfu_high.has_value());
  EXPECT_DOUBLE_EQ(run.published->flops.value(), 3.8e25);
  EXPECT_TRUE(run.published->measured);
  EXPECT_EQ(run.published->from.source, "its table 3");
}

// As in every other format: not where the program was started.
TEST(Run, PathsAreRelativeToTheFileThatHasThem) {
  const SampleConfigs configs;
  const auto file = configs.folder.write("mine/run.json", replaced(kRun, "\"wide\"", "\"plans/my.json\""));
  EXPECT_EQ(message_of([&] { load_run(configs.store(), file.string()); }),
            file.string() + "#/plan: cannot read " + configs.file("mine/plans/my.json") +
                ": there is no such file; accepted: a .json file");
  configs.folder.write("mine/my-stack.json", kStack);
  configs.folder.write("mine/plans/my.json", replaced(kPlan, "\"base\"", "\"../my-stack.json\""));
  const traincast::Run run = load_run(configs.store(), file.string());
  EXPECT_EQ(run.plan.name, "my");
  EXPECT_EQ(run.stack.name, "my-stack");
}

TEST(Run, TakesAllGpusUnlessToldOtherwise) {
  const SampleConfigs configs;
  configs.folder.write("runs/run.json", replaced(kRun, "\"gpus\": 256,", ""));
  configs.folder.write(
      "plans/wide.json",
      replaced(replaced(kPlan, "\"data_parallel\": 16", "\"data_parallel\": 36"), "256", "360"));
  EXPECT_EQ(load_run(configs.store(), "run").cluster.fleets.size(), 2U);
}

TEST(Run, RefusesWhatDoesNotFitTogether) {
  const SampleConfigs configs;
  const auto refusal = [&](std::string_view from, std::string_view to) {
    configs.folder.write("runs/run.json", replaced(kRun, from, to));
    return message_of([&] { load_run(configs.store(), "run"); });
  };
  const std::string run = configs.file("runs/run.json");
  const std::string plan = configs.file("plans/wide.json");
  EXPECT_EQ(refusal("\"gpus\": 256", "\"gpus\": 577"),
            run + "#/gpus: the run takes 577 GPUs, but the cluster site has 576");
  EXPECT_EQ(
      refusal("\"gpus\": 256", "\"gpus\": 255"),
      plan + "#/data_parallel: tensor 4 x pipeline 4 x context 1 x data 16 = 256 GPUs, but the run has 255");
  EXPECT_EQ(refusal("15.6 Ttoken", "500 ktoken"),
            run + "#/tokens: 500 ktoken is less than one step of 524 ktoken");
  EXPECT_EQ(refusal("15.6 Ttoken", "15.6"),
            run +
                "#/tokens: \"15.6\" has no unit; accepted: a number and one of token tokens ktoken Mtoken "
                "Gtoken Ttoken");
  EXPECT_EQ(refusal("\"50 d\"", "\"55 d\""),
            run + "#/published/days_low: the low figure is above the high one");
  EXPECT_TRUE(
      refusal("\"small\"", "\"smal\"")
          .starts_with(run + "#/model: no \"smal\" in " + configs.file("models") + "; near it: small;"));
}

TEST(Run, RefusesAPrecisionThatAGpuLacks) {
  const SampleConfigs configs;
  configs.folder.write("plans/wide.json", replaced(kPlan, "bf16", "fp8"));
  EXPECT_EQ(load_run(configs.store(), "run").plan.precision, Precision::fp8);
  configs.folder.write("clusters/site.json", replaced(kCluster, "\"test\"", "\"old\""));
  EXPECT_EQ(
      message_of([&] { load_run(configs.store(), "run"); }),
      configs.file("plans/wide.json") + "#/precision: \"fp8\", but the GPU old states no peak for fp8_e4m3");
}

class PlanProblemTest : public ::testing::Test {
 protected:
  std::string problem() const {
    const auto found = plan_problem(plan_, model_, plan_.gpus());
    return found ? found->key + ": " + found->what : "";
  }
  SampleConfigs configs_;
  Plan plan_ = load_plan(configs_.store(), "wide");
  Transformer model_ = load_transformer(configs_.store(), "small");
};

TEST_F(PlanProblemTest, NoneInAGoodPlan) {
  EXPECT_EQ(problem(), "");
}

TEST_F(PlanProblemTest, Batch) {
  plan_.micro_batch = 3;
  EXPECT_EQ(problem(), "global_batch: global_batch 256 is no multiple of data_parallel x micro_batch = 48");
}

TEST_F(PlanProblemTest, Pipeline) {
  plan_.virtual_stages = 2;
  EXPECT_EQ(
      problem(),
      "virtual_stages: virtual_stages 2 with schedule \"1f1b\"; accepted: 1, or schedule \"interleaved\"");
  plan_.schedule = Schedule::interleaved;
  EXPECT_EQ(problem(), "");
  plan_.virtual_stages = 3;
  EXPECT_EQ(problem(),
            "pipeline_parallel: pipeline_parallel 4 x virtual_stages 3 = 12 stages, but the model has "
            "8 layers");
  plan_.virtual_stages = 1;
  EXPECT_EQ(
      problem(),
      "virtual_stages: virtual_stages 1 with schedule \"interleaved\"; accepted: 2 or more, or \"1f1b\"");
}

TEST_F(PlanProblemTest, Tensor) {
  plan_.tensor_parallel = 3;
  EXPECT_EQ(problem(), "tensor_parallel: heads 16 is no multiple of tensor_parallel 3");
  plan_.tensor_parallel = 8;  // two ranks share one key-value head
  EXPECT_EQ(problem(), "");
  model_.kv_heads = 12;
  EXPECT_EQ(problem(),
            "tensor_parallel: kv_heads 12 and tensor_parallel 8: neither is a multiple of the other");
  model_.kv_heads = 8;
  model_.ffn_hidden = 2817;
  EXPECT_EQ(problem(), "tensor_parallel: ffn_hidden 2817 is no multiple of tensor_parallel 8");
}

TEST_F(PlanProblemTest, Sequence) {
  plan_.context_parallel = 1024;
  EXPECT_EQ(problem(),
            "context_parallel: sequence 2048 is no multiple of context_parallel x tensor_parallel = "
            "4096");
  plan_.sequence_parallel = false;
  EXPECT_EQ(problem(), "");
  plan_.context_parallel = 5;
  EXPECT_EQ(problem(), "context_parallel: sequence 2048 is no multiple of context_parallel 5");
}

TEST_F(PlanProblemTest, Sharding) {
  plan_.shard_ranks = 5;
  EXPECT_EQ(problem(), "shard_ranks: data x context parallel = 16 is no multiple of shard_ranks 5");
}

TEST_F(PlanProblemTest, Experts) {
  plan_.expert_parallel = 8;
  EXPECT_EQ(problem(),
            "expert_parallel: experts are spread over 8 ranks, but the model has 0 experts; accepted: "
            "1");
  model_ = load_transformer(configs_.store(), "mixture");
  EXPECT_EQ(problem(), "");
  plan_.expert_parallel = 5;
  EXPECT_EQ(problem(), "expert_parallel: experts 32 is no multiple of expert_parallel 5");
  plan_.expert_parallel = 32;
  plan_.expert_tensor_parallel = 4;
  EXPECT_EQ(problem(),
            "expert_parallel: data x context x tensor parallel = 64 is no multiple of expert_parallel x "
            "expert_tensor_parallel = 128");
  plan_.expert_tensor_parallel = 3;
  EXPECT_EQ(problem(),
            "expert_tensor_parallel: the experts' ffn_hidden 512 is no multiple of "
            "expert_tensor_parallel 3");
}

}  // namespace
}  // namespace traincast
