// sweep, deadline, --set and the uncertainty of estimate as a user meets them.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/golden/program.h"

namespace traincast {
namespace {

using Json = nlohmann::json;

const std::string kConfigs = " --configs '" TRAINCAST_TEST_CONFIGS "'";

Outcome run(const std::string& words, const std::string& environment = "") {
  return run_traincast(words + kConfigs, environment);
}

void expect_refusal(const std::string& words, int code, std::initializer_list<const char*> parts) {
  const Outcome outcome = run(words);
  EXPECT_EQ(outcome.code, code) << words << "\n" << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  for (const char* part : parts) {
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err << " lacks " << part;
  }
}

// No row of an object anywhere has a number that is none: nlohmann would not have parsed it; but a null needs
// a reason beside it.
TEST(RiskCli, EstimateHasItsUncertainty) {
  const Outcome outcome = run("estimate grok-3-central-100k --format json --draws 1024");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["seed"], 1);
  EXPECT_EQ(json["draws"], 1024);
  ASSERT_GE(json["uncertainty"].size(), 8U);
  EXPECT_EQ(json["uncertainty"][0]["figure"], "days");
  for (const Json& row : json["uncertainty"]) {
    if (row["p90"].is_null()) continue;
    EXPECT_LE(row["p10"].get<double>(), row["p50"].get<double>()) << row;
    EXPECT_LE(row["p50"].get<double>(), row["p90"].get<double>()) << row;
  }
  // What nobody published of Grok-3 is how much work it was.
  EXPECT_EQ(json["sensitivity"][0]["input"], "flops");
  EXPECT_GT(json["sensitivity"][0]["total_days"].get<double>(), 0.4);
  double last = 2;
  for (const Json& row : json["sensitivity"]) {
    EXPECT_LE(row["total_days"].get<double>(), last + 1e-6);
    last = row["total_days"].get<double>();
  }
}

TEST(RiskCli, SameSeedSameBytes) {
  const std::string words = "estimate llama-3.1-405b-16k --draws 256 --seed ";
  EXPECT_EQ(run(words + "5").out, run(words + "5").out);
  EXPECT_NE(run(words + "5").out, run(words + "6").out);
}

TEST(RiskCli, SetHoldsInEstimateAndCompare) {
  const Json json =
      Json::parse(run("estimate llama-3.1-405b-16k --draws 64 --format json --set gpus=8192 --set "
                      "plan.recompute=full --set restart=5min")
                      .out);
  EXPECT_EQ(json["gpus"], 8192);
  const Outcome compared = run("compare llama-3.1-405b-16k deepseek-v3-2k --format csv --set pue=1.5");
  EXPECT_EQ(compared.code, 0) << compared.err;
  expect_refusal("compare llama-3.1-405b-16k --set puee=1.5", 2,
                 {"--set puee", "near it: cluster.power.pue"});
}

TEST(RiskCli, SweepIsATable) {
  const Outcome csv =
      run("sweep llama-3.1-405b-16k --over gpus=8192..32768 --over restart=3min,10min --format csv");
  EXPECT_EQ(csv.code, 0) << csv.err;
  EXPECT_EQ(csv.out.find("gpus,restart_s,run_gpus,expected_time_s,goodput,power_w,rent_usd_per_mtoken,mfu,"),
            0U)
      << csv.out;
  EXPECT_EQ(std::count(csv.out.begin(), csv.out.end(), '\n'), 7);
  EXPECT_NE(csv.out.find("\n16384,180,16384,"), std::string::npos);
  expect_refusal("sweep llama-3.1-405b-16k", 2, {"needs --over PATH=RANGE"});
  expect_refusal("sweep llama-3.1-405b-16k --over gpus=4..2", 2, {"--over gpus=4..2", "a..b:x3"});
}

// Two columns of one key would be no table: the axis has its whole path there.
TEST(RiskCli, SweepsOverWhatHasTheNameOfAFigure) {
  for (const char* axis :
       {"run.gpus=64,128", "cluster.fleets.0.gpus=64,128", "cluster.network.tiers.0.gpus=64,128"}) {
    const Outcome outcome = run(std::string("sweep llama-3-70b-64 --format json --over ") + axis);
    ASSERT_EQ(outcome.code, 0) << axis << ": " << outcome.err;
    std::string key(axis, std::string_view(axis).find('='));
    std::replace(key.begin(), key.end(), '.', '_');
    const Json point = Json::parse(outcome.out)["points"][0];
    EXPECT_TRUE(point.contains(key)) << outcome.out;
    EXPECT_TRUE(point.contains("gpus")) << outcome.out;
  }
}

TEST(RiskCli, DeadlineSaysHowLikely) {
  const Outcome outcome =
      run("deadline grok-3-central-100k --start 2024-09-02 --by 2024-12-31 --draws 256 --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json json = Json::parse(outcome.out);
  EXPECT_EQ(json["available_s"], 121 * 86400.0);
  EXPECT_GT(json["probability"].get<double>(), 0);
  EXPECT_LT(json["probability"].get<double>(), 1);
  ASSERT_EQ(json["what_would_do"].size(), 3U);
  for (const Json& row : json["what_would_do"]) {
    for (const char* what : {"start", "mfu", "gpus"}) {
      EXPECT_NE(row[what].is_null(), row["no_" + std::string(what)].is_null()) << row;
    }
  }
  ASSERT_EQ(json["finish"].size(), 3U);
}

TEST(RiskCli, BadDatesAreOneLine) {
  expect_refusal("deadline grok-3-central-100k --by 2024-12-31", 2, {"needs --start and --by"});
  for (const char* wrong : {"2024-13-01", "2024-02-30", "tomorrow", "2024-9-2", "20240902"}) {
    expect_refusal("deadline grok-3-central-100k --start " + std::string(wrong) + " --by 2024-12-31", 2,
                   {"--start", wrong, "accepted: a day"});
  }
  expect_refusal("deadline grok-3-central-100k --start 2024-09-02 --by 2024-09-01", 2, {"is before --start"});
  expect_refusal("deadline grok-3-central-100k --start 2024-09-02 --by 2024-10-01 --draws 65", 2, {"even"});
  expect_refusal("deadline grok-3-central-100k --start 2024-09-02 --by 2024-10-01 --draws 1", 2, {"from 64"});
}

TEST(RiskCli, RunThatNeverFinishes) {
  expect_refusal("estimate grok-3-central-100k --set restart=20d", 3, {"never finishes"});
  expect_refusal("deadline grok-3-central-100k --start 2024-09-02 --by 2024-10-01 --set restart=20d", 3,
                 {"never finishes"});
}

// One verdict of all that say how long a run takes, and the true reason.
TEST(RiskCli, RunOfMoreThanAHundredYears) {
  const std::string of = " llama-3-8b-one-node --set tokens=1000Ttoken";
  for (const char* words :
       {"estimate", "estimate --histories 0", "deadline --start 2024-09-02 --by 2024-10-01"}) {
    expect_refusal(words + of, 3, {"takes 310 years; accepted: up to 100"});
  }
  EXPECT_NE(run("compare" + of + " --format csv").out.find("takes 310 years"), std::string::npos);
  EXPECT_EQ(run("estimate llama-3-8b-one-node --draws 64 --set tokens=300Ttoken").code, 0);
}

TEST(RiskCli, OneSeedIsOfDrawsAndHistories) {
  const std::string words = "estimate llama-3.1-405b-16k --draws 64 --histories 4 --seed 9223372036854775807";
  const Outcome outcome = run(words);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("9223372036854775807"), std::string::npos) << outcome.out;
}

TEST(RiskCli, OfSeveralRanksOnlyTheFirstPrints) {
  const std::string words = "estimate llama-3.1-405b-16k --draws 64";
  EXPECT_EQ(run(words, "OMPI_COMM_WORLD_RANK=0").out, run(words).out);
  EXPECT_EQ(run(words, "OMPI_COMM_WORLD_RANK=1").out, "");
}

}  // namespace
}  // namespace traincast
