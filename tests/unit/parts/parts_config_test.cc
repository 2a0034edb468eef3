#include <gtest/gtest.h>

#include "host/config/load.h"
#include "host/model/parts.h"
#include "tests/unit/config/sample_configs.h"

namespace traincast {
namespace {

class PartsConfig : public testing::Test {
 protected:
  PartsConfig() {
    // 64 GPUs a replica instead of 16.
    configs.folder.write(
        "plans/long.json",
        replaced(replaced(kPlan, "\"data_parallel\": 16", "\"context_parallel\": 4, \"data_parallel\": 4"),
                 "\"global_batch\": 256", "\"global_batch\": 32"));
  }
  traincast::Run load(const std::string& parts, const std::string& tokens = "15.6 Ttoken") const {
    configs.folder.write("runs/run.json", replaced(kRun, "\"tokens\": \"15.6 Ttoken\"",
                                                   "\"tokens\": \"" + tokens + "\", \"parts\": " + parts));
    return load_run(configs.store(), "run");
  }
  // What is said after "FILE#/parts".
  std::string refusal(const std::string& parts, const std::string& tokens = "15.6 Ttoken") const {
    const std::string message = message_of([&] { load(parts, tokens); });
    const std::string where = configs.file("runs/run.json") + "#/parts";
    EXPECT_TRUE(message.starts_with(where)) << message;
    return message.starts_with(where) ? message.substr(where.size()) : message;
  }
  SampleConfigs configs;
};

TEST_F(PartsConfig, TakeFromTheRunWhatTheyDoNotSay) {
  const traincast::Run run = load(R"([
    {"title": "short", "tokens": "600 Gtoken", "sequence": 1024, "global_batch": 64},
    {"title": "growing", "tokens": "1 Ttoken", "rampup": {"start": 64}},
    {"title": "main", "notes": "the rest", "source": "another paper"},
    {"title": "long", "tokens": "1 Ttoken", "sequence": 8192, "plan": "long"}])");
  ASSERT_EQ(run.parts.size(), 4U);
  EXPECT_EQ(run.parts[0].sequence, 1024);
  EXPECT_EQ(run.parts[0].plan.global_batch, 64);
  EXPECT_EQ(run.parts[0].plan.data_parallel, 16);
  EXPECT_EQ(run.parts[1].rampup_start, 64);
  EXPECT_EQ(run.parts[1].rampup_increment, 16);  // a micro-batch for each of 16 replicas
  EXPECT_EQ(batch_sizes(run.parts[1]), 12);      // 64, 80, ... 240
  EXPECT_NEAR(run.parts[2].tokens.value(), 13e12, 1);
  EXPECT_EQ(run.parts[2].from.source, "another paper");
  EXPECT_EQ(run.parts[3].sequence, 8192);
  EXPECT_EQ(run.parts[3].plan.context_parallel, 4);
  EXPECT_EQ(run.parts[3].plan.global_batch, 32);
  EXPECT_EQ(run.parts[3].from.source, "a paper");
  EXPECT_EQ(run.main_part, 2U);
  EXPECT_EQ(run.plan.name, "wide");
  EXPECT_EQ(run.model.sequence, 2048);
}

TEST_F(PartsConfig, TheRunHasPlanAndSequenceOfTheMainPart) {
  const traincast::Run run = load(R"([{"title": "a", "tokens": "1 Ttoken"},
                           {"title": "b", "sequence": 8192, "plan": "long", "global_batch": 16}])");
  EXPECT_EQ(run.main_part, 1U);
  EXPECT_EQ(run.plan.name, "long");
  EXPECT_EQ(run.plan.global_batch, 16);
  EXPECT_EQ(run.model.sequence, 8192);
}

TEST_F(PartsConfig, RefusesTokensThatDoNotAddUp) {
  EXPECT_EQ(refusal("[]"), ": 0 parts; accepted: from 1 to 100");
  EXPECT_EQ(refusal(R"([{"title": "a", "tokens": "5 Ttoken"}, {"title": "b", "tokens": "10.5 Ttoken"}])"),
            ": they add up to 15500 Gtoken, but the run has 15600 Gtoken; accepted: the same, or one part "
            "without tokens, which takes what is left");
  EXPECT_EQ(refusal(R"([{"title": "a"}, {"title": "b", "tokens": "1 Ttoken"}, {"title": "c"}])"),
            "/2: neither this part nor one before it has tokens; accepted: one part at most that takes what "
            "the others "
            "leave");
  EXPECT_EQ(refusal(R"([{"title": "a", "tokens": "15.6 Ttoken"}, {"title": "b"}])"),
            "/1: no tokens are left for it: the other parts have 15600 Gtoken of the run's 15600 Gtoken");
  EXPECT_EQ(refusal(R"([{"title": "a", "tokens": "500 ktoken"}, {"title": "b"}])"),
            "/0/tokens: 0.0005 Gtoken is less than one step of 0.000524288 Gtoken");
  EXPECT_EQ(refusal(R"([{"title": "a", "tokens": "6 Mtoken", "rampup": {"start": 64}}, {"title": "b"}])"),
            "/0/tokens: 0.006 Gtoken over 12 batch sizes is less than one step of 0.000524288 Gtoken each");
  // Decimal texts that add up but for the last bits.
  EXPECT_EQ(load(R"([{"title": "a", "tokens": "0.1 Gtoken"}, {"title": "b", "tokens": "0.2 Gtoken"}])",
                 "0.3 Gtoken")
                .parts.size(),
            2U);
}

TEST_F(PartsConfig, RefusesBatchesSequencesAndPlansThatCannotBeLaidOut) {
  EXPECT_EQ(refusal(R"([{"title": "a", "global_batch": 100}])"),
            "/0/global_batch: global_batch 100 is no multiple of data_parallel x micro_batch = 16");
  EXPECT_EQ(refusal(R"([{"title": "a", "sequence": 1026}])"),
            "/0/sequence: sequence 1026 is no multiple of context_parallel x tensor_parallel = 4");
  configs.folder.write("plans/half.json", replaced(kPlan, "\"data_parallel\": 16", "\"data_parallel\": 8"));
  EXPECT_EQ(refusal(R"([{"title": "a", "plan": "half"}])"),
            "/0/plan: data_parallel of " + configs.file("plans/half.json") +
                ": tensor 4 x pipeline 4 x context 1 x data 8 = 128 GPUs, but the run has 256");
  EXPECT_TRUE(refusal(R"([{"title": "a", "plan": "widd"}])").starts_with("/0/plan: no \"widd\" in "));
  configs.folder.write("models/small.json",
                       replaced(replaced(kModel, "\"vocab\"", "\"learned_positions\": true, \"vocab\""),
                                "155.7e6", "157.8e6"));
  EXPECT_EQ(refusal(R"([{"title": "a", "sequence": 4096}])"),
            "/0/sequence: 4096, but the model small learns 2048 positions; accepted: no more than these");
}

TEST_F(PartsConfig, RefusesRampsThatLeadNowhere) {
  EXPECT_EQ(refusal(R"([{"title": "a", "rampup": {"start": 256}}])"),
            "/0/rampup: start 256; accepted: less than global_batch 256");
  EXPECT_EQ(refusal(R"([{"title": "a", "rampup": {"start": 64, "increment": 128}}])"),
            "/0/rampup: from 64 to global_batch 256 is no multiple of the increment 128");
  EXPECT_EQ(refusal(R"([{"title": "a", "rampup": {"start": 8, "increment": 8}}])"),
            "/0/rampup: global_batch 8 is no multiple of data_parallel x micro_batch = 16");
  EXPECT_EQ(refusal(R"([{"title": "a", "rampup": {"start": 16, "increment": 24}}])"),
            "/0/rampup: global_batch 40 is no multiple of data_parallel x micro_batch = 16");
  EXPECT_EQ(refusal(R"([{"title": "a", "global_batch": 1600000, "rampup": {"start": 16}}])"),
            "/0/rampup: from 16 to global_batch 1600000 in steps of 16 are 99999 batch sizes; accepted: up "
            "to 2000");
  const std::string many =
      R"({"title": "a", "tokens": "5 Ttoken", "global_batch": 16016, "rampup": {"start": 16}})";
  EXPECT_EQ(refusal("[" + many + "," + many + R"(, {"title": "b"}, {"title": "c", "tokens": "1 Ttoken"}])"),
            ": 2002 batch sizes; accepted: up to 2000");
}

TEST_F(PartsConfig, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(refusal(R"([{"title": "a", "batch": 256}])"),
            "/0: unknown key \"batch\"; accepted: title tokens sequence global_batch plan rampup $schema "
            "notes origin "
            "source");
  EXPECT_EQ(refusal(R"([{"tokens": "15.6 Ttoken"}])"), "/0: missing key \"title\"");
  EXPECT_EQ(refusal(R"([{"title": "a", "rampup": {"increment": 16}}])"), "/0/rampup: missing key \"start\"");
  EXPECT_EQ(refusal(R"([{"title": "a", "rampup": 64}])"),
            "/0/rampup: found the number 64; accepted: an object");
  EXPECT_EQ(refusal(R"([{"title": "a", "sequence": 0}])"),
            "/0/sequence: 0 is out of range; accepted: a whole number from 1 to 1000000000");
  EXPECT_EQ(refusal("{}"), ": found an object; accepted: a list of objects");
}

TEST_F(PartsConfig, RefusesAPrecisionThatAGpuLacks) {
  configs.folder.write("clusters/site.json", replaced(kCluster, "\"test\"", "\"old\""));
  configs.folder.write("plans/fp8.json", replaced(kPlan, "bf16", "fp8"));
  EXPECT_EQ(
      message_of([&] { load(R"([{"title": "a", "tokens": "1 Ttoken", "plan": "fp8"}, {"title": "b"}])"); }),
      configs.file("plans/fp8.json") + "#/precision: \"fp8\", but the GPU old states no peak for fp8_e4m3");
}

}  // namespace
}  // namespace traincast
