#include "host/config/override.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/config/load.h"
#include "tests/unit/config/sample_configs.h"

namespace traincast {
namespace {

using TrainingRun = Run;  // a fixture has a member of that name

// 256 GPUs of a cluster of 512 + 64: tensor 4 x pipeline 4 x data 16, 256 sequences a step.
class OverrideTest : public testing::Test {
 protected:
  EditedRun with(const std::vector<Override>& overrides) const {
    return RunConfigs(configs_.store(), "run").with(overrides);
  }
  TrainingRun run(const std::string& path, const std::string& value) const {
    return with({{path, value}}).run;
  }
  template <typename Error>
  std::string refused(const std::string& path, const std::string& value) const {
    try {
      static_cast<void>(run(path, value));
    } catch (const Error& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.find('\n'), std::string::npos);
      return text;
    }
    ADD_FAILURE() << path << "=" << value << " was not refused";
    return "";
  }
  static void expect(const std::string& text, std::initializer_list<const char*> parts) {
    for (const char* part : parts) EXPECT_NE(text.find(part), std::string::npos) << text << " lacks " << part;
  }
  SampleConfigs configs_;
};

TEST_F(OverrideTest, ParsesWhatIsTyped) {
  EXPECT_EQ(parse_override("a.b=3 min").path, "a.b");
  EXPECT_EQ(parse_override("a.b=3 min").value, "3 min");
  EXPECT_EQ(parse_override("a=b=c").value, "b=c");
  for (const char* wrong : {"", "=", "a", "a=", "=3"})
    EXPECT_THROW(parse_override(wrong), UsageError) << wrong;
}

TEST_F(OverrideTest, SetsAnyValueByPath) {
  EXPECT_EQ(run("cluster.reliability.restart", "5min").cluster.reliability.restart, Seconds(300));
  EXPECT_EQ(run("plan.micro_batch", "2").plan.micro_batch, 2);
  EXPECT_EQ(run("run.tokens", "1 Ttoken").tokens, Tokens(1e12));
  EXPECT_EQ(run("cluster.network.tiers.1.latency", "9 us").cluster.network.tiers[1].latency, Seconds(9e-6));
  EXPECT_EQ(run("cluster.fleets.0.gpus", "300").cluster.gpus(), 256);
  EXPECT_EQ(run("plan.precision", "bf16").plan.precision, Precision::bf16);
  EXPECT_EQ(run("cluster.network.sharp", "true").cluster.network.sharp, true);
  EXPECT_EQ(run("plan.recompute_share", "0.5").plan.recompute_share, 0.5) << "the file lacks this key";
  EXPECT_EQ(run("stack.step_overhead", "1 s").stack.step_overhead, Seconds(1));
  EXPECT_EQ(run("model.sequence", "1024").model.sequence, 1024);
  EXPECT_GT(run("model.sequence", "1024").model.stated_parameters, 0);
  // Of another shape nobody has published the number of parameters.
  EXPECT_EQ(run("model.ffn_hidden", "16384").model.stated_parameters, 0);
}

TEST_F(OverrideTest, ShortPathsResolve) {
  EXPECT_EQ(run("reliability.restart", "5min").cluster.reliability.restart, Seconds(300));
  EXPECT_EQ(run("micro_batch", "2").plan.micro_batch, 2);
  expect(refused<UsageError>("source", "x"), {"--set source", "run"});
  expect(refused<UsageError>("name", "x"),
         {"names several inputs", "cluster.network.tiers.0.name", "cluster.network.tiers.1.name"});
}

TEST_F(OverrideTest, UnknownPathsNameNearOnes) {
  expect(refused<UsageError>("reliability.restrt", "5min"),
         {"--set reliability.restrt names no input of the run run", "near it: cluster.reliability.restart"});
  expect(refused<UsageError>("plan.microbatch", "2"), {"near it: plan.micro_batch"});
  expect(refused<UsageError>("zzz", "2"), {"accepted: gpus, or the path of a value"});
}

TEST_F(OverrideTest, WrongValuesNameTheOptionThePathAndWhatIsAccepted) {
  expect(
      refused<ConfigError>("cluster.reliability.restart", "5"),
      {"--set cluster.reliability.restart=5: ", "clusters/site.json#/reliability/restart: \"5\" has no unit",
       "accepted: a number and one of ns us ms s min h d year"});
  expect(refused<ConfigError>("plan.micro_batch", "two"),
         {"--set plan.micro_batch=two: ", "plans/wide.json#/micro_batch: found the text \"two\"",
          "accepted: a whole number from 1"});
  expect(refused<ConfigError>("pue", "0.5"), {"--set pue=0.5", "0.5 is out of range"});
  expect(refused<ConfigError>("plan.data_parallel", "8"), {"128 GPUs, but the run has 256"});
  expect(refused<ConfigError>("gpu.power.board", "0 W"), {"--set gpu.power.board=0 W", "more than zero"});
}

TEST_F(OverrideTest, OneGpuOfSeveral) {
  const EditedRun edited =
      with({{"gpus", "576"}, {"plan.global_batch", "576"}, {"gpu.old.price.rent", "9 USD/h"}});
  EXPECT_EQ(load_gpu(edited.store, "old").price.rent, DollarRate(9 / 3600.0));
  EXPECT_EQ(load_gpu(edited.store, "test").price.rent, DollarRate(2.5 / 3600.0));
}

TEST_F(OverrideTest, GpusScaleDataParallelism) {
  const TrainingRun half = run("gpus", "128");
  EXPECT_EQ(half.plan.data_parallel, 8);
  EXPECT_EQ(half.plan.global_batch, 256);
  EXPECT_EQ(half.cluster.gpus(), 128);
  const TrainingRun more = run("gpus", "2048");  // the cluster has 576, its last tier reaches 1,024
  EXPECT_EQ(more.plan.data_parallel, 128);
  EXPECT_EQ(more.cluster.gpus(), 2048);
  EXPECT_EQ(more.cluster.network.tiers.back().gpus, 2048);
  EXPECT_EQ(more.cluster.fleets.front().gpus, 512);
  const auto grown = std::find_if(more.assumptions.begin(), more.assumptions.end(), [](const std::string& a) {
    return a.find("taken as grown to 2048 by old") != std::string::npos;
  });
  EXPECT_NE(grown, more.assumptions.end());
}

TEST_F(OverrideTest, GpusThatDoNotDivideNameTheNearest) {
  expect(refused<ConfigError>("gpus", "100"),
         {"--set gpus=100: ", "16 GPUs", "256 sequences", "nearest accepted: 64 and 128"});
  expect(refused<ConfigError>("gpus", "5"), {"nearest accepted: 16"});
  expect(refused<ConfigError>("gpus", "1000000"), {"nearest accepted: 4096"});
  expect(refused<ConfigError>("gpus", "many"), {"accepted: a whole number from 1"});
  const std::string both = [&] {
    try {
      static_cast<void>(with({{"gpus", "128"}, {"plan.data_parallel", "8"}}));
    } catch (const UsageError& error) {
      return std::string(error.what());
    }
    return std::string();
  }();
  expect(both, {"sets plan.data_parallel and run.gpus"});
}

TEST_F(OverrideTest, CountsThatGpusMayTake) {
  const RunConfigs configs(configs_.store(), "run");
  const std::vector<std::int64_t> counts = configs.gpu_counts({}, 1'000'000);
  // Replicas that divide 256 sequences: 1, 2, 4, ... 256.
  const std::vector<std::int64_t> wanted = {16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
  EXPECT_EQ(counts, wanted);
  EXPECT_EQ(configs.gpu_counts({}, 200).back(), 128);
}

// What is set is an assumption of whoever sets it, and nothing else is.
TEST_F(OverrideTest, OriginsFollow) {
  const TrainingRun set = run("cluster.power.pue", "1.05");
  EXPECT_EQ(set.cluster.power.from.origin, Origin::assumed);
  EXPECT_NE(set.cluster.power.from.source.find("set by hand: cluster.power.pue = 1.05"), std::string::npos);
  EXPECT_EQ(set.cluster.reliability.from.origin, Origin::published);
  EXPECT_EQ(run("cluster.gpus_per_node", "4").cluster.power.from.origin, Origin::published);
  ASSERT_FALSE(set.assumptions.empty());
  EXPECT_EQ(set.assumptions.back(), "Set by hand: cluster.power.pue = 1.05.");
}

TEST_F(OverrideTest, NothingSetIsTheRunItself) {
  const TrainingRun plain = load_run(configs_.store(), "run");
  const TrainingRun same = with({}).run;
  EXPECT_EQ(same.assumptions, plain.assumptions);
  EXPECT_EQ(same.plan.data_parallel, plain.plan.data_parallel);
  EXPECT_EQ(same.cluster.reliability.from.source, plain.cluster.reliability.from.source);
}

}  // namespace
}  // namespace traincast
