// `traincast search` as a user meets it: exit codes, one line of error, the shape of its JSON, ranks.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/golden/program.h"

namespace traincast {
namespace {

using Json = nlohmann::json;

Outcome search(const std::string& words) {
  return run_traincast("search " + words + " --configs '" TRAINCAST_TEST_CONFIGS "'");
}

void expect_refused(const std::string& words, int code, const std::string& part) {
  const Outcome outcome = search(words);
  EXPECT_EQ(outcome.code, code) << words;
  EXPECT_EQ(outcome.out, "") << words;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
}

Json search_json(const std::string& words) {
  const Outcome outcome = search(words + " --format json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");  // no progress where nobody watches
  return Json::parse(outcome.out);
}

const std::string kSmall = "llama-3-70b-64 --fix recompute=none:full --top 5";

TEST(SearchCli, WrongCommandLinesAreOneLineAndExit2) {
  expect_refused("llama-3-70b-64 --fix tpp=8", 2, "unknown key \"tpp\"");
  expect_refused("llama-3-70b-64 --fix tp=7", 2, "no tensor parallelism (tp) is left");
  expect_refused("llama-3-70b-64 --gpus 1e3", 2, "--gpus 1e3 is not accepted");
  expect_refused("llama-3-70b-64 --gpus 64..8", 2, "the second number is the larger one");
  expect_refused("llama-3-70b-64 --ignore-gates all-of-them", 2, "accepted: all tensor-domain");
  expect_refused("llama-3-70b-64 --gates nowhere", 2, "nowhere");
  expect_refused("llama-3-70b-64 --objective speed", 2, "accepted: days mfu cost energy");
  expect_refused("llama-3-70b-64 --fix precision=nvfp4", 2, "states no rate for");
  expect_refused("llama-9", 2, "llama-9");
}

TEST(SearchCli, WhatCannotFitIsExit3WithTheNearestPlan) {
  expect_refused("llama-3.1-405b-16k --gpus 8", 3, "GiB too much");
  expect_refused("llama-3-70b-64 --gpus 83", 3, "no plan can be laid out");
}

TEST(SearchCli, JsonHasWhatTheHelpPromises) {
  const Json json = search_json(kSmall);
  for (const char* key : {"plans_evaluated", "feasible", "wall_s", "threads", "ranks", "gpus", "own_plan"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_GT(json["plans_evaluated"].get<std::int64_t>(), json["feasible"].get<std::int64_t>());
  ASSERT_EQ(json["plans"].size(), 5U);
  double before = 0;
  for (const Json& plan : json["plans"]) {
    EXPECT_GE(plan["expected_time_s"].get<double>(), before);
    before = plan["expected_time_s"].get<double>();
    EXPECT_EQ(plan["tensor_parallel"].get<int>() * plan["pipeline_parallel"].get<int>() *
                  plan["context_parallel"].get<int>() * plan["data_parallel"].get<int>(),
              64);
  }
  EXPECT_GT(json["front"].size(), 2U);
  EXPECT_GT(json["parts"].size(), 4U);
  EXPECT_EQ(json["gates"].size(), 6U);
}

TEST(SearchCli, ARangeOfGpusGivesBothCurves) {
  const Json json = search_json("llama-3-70b-64 --gpus 32..128 --fix recompute=none:full --fix mb=1");
  ASSERT_EQ(json["strong_scaling"].size(), 3U);
  ASSERT_EQ(json["weak_scaling"].size(), 3U);
  EXPECT_EQ(json["strong_scaling"][2]["gpus"].get<int>(), 128);
  EXPECT_LT(json["strong_scaling"][2]["expected_time_s"].get<double>(),
            json["strong_scaling"][0]["expected_time_s"].get<double>());
  EXPECT_EQ(json["strong_scaling"][0]["batch_tokens"], json["strong_scaling"][2]["batch_tokens"]);
  EXPECT_LT(json["weak_scaling"][0]["batch_tokens"].get<double>(),
            json["weak_scaling"][2]["batch_tokens"].get<double>());
  EXPECT_TRUE(json.contains("strong_scaling_verdict"));
}

// Everything but how long it took and on what.
Json without_speed(Json json) {
  for (const char* key : {"wall_s", "plans_per_s", "threads", "ranks"}) json.erase(key);
  return json;
}

TEST(SearchCli, ThreadsChangeNothing) {
  const Json one = without_speed(search_json(kSmall + " --threads 1"));
  EXPECT_EQ(without_speed(search_json(kSmall + " --threads 3")), one);
}

#ifdef TRAINCAST_TEST_LAUNCH
Outcome on_ranks(int ranks, const std::string& words) {
  const std::string launch = std::string(TRAINCAST_TEST_LAUNCH) + " " + std::to_string(ranks);
  return run_traincast("search " + words + " --configs '" TRAINCAST_TEST_CONFIGS "'", launch);
}

TEST(SearchCli, RanksShareTheWorkAndChangeNothing) {
  const Json one = search_json(kSmall);
  for (const int ranks : {2, 3}) {
    const Outcome outcome = on_ranks(ranks, kSmall + " --threads 1 --format json");
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    const Json json = Json::parse(outcome.out);
    EXPECT_EQ(json["ranks"].get<int>(), ranks);
    EXPECT_EQ(without_speed(json), without_speed(one));
  }
}

TEST(SearchCli, RanksSayOnceThatNothingFits) {
  const Outcome outcome = on_ranks(2, "llama-3.1-405b-16k --gpus 8");
  EXPECT_EQ(outcome.code, 3);
  const std::size_t first = outcome.err.find("GiB too much");
  ASSERT_NE(first, std::string::npos) << outcome.err;
  EXPECT_EQ(outcome.err.find("GiB too much", first + 1), std::string::npos) << outcome.err;
}
#endif

}  // namespace
}  // namespace traincast
