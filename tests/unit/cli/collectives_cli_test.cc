// `traincast collectives` as a user meets it: the groups and sizes asked for, times that grow, what is
// refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/golden/program.h"

namespace traincast {
namespace {

using Json = nlohmann::json;

Outcome collectives(const std::string& words) {
  return run_traincast("collectives " + words + " --configs '" TRAINCAST_TEST_CONFIGS "'");
}

Json rows_of(const std::string& words) {
  const Outcome outcome = collectives(words + " --format json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  return Json::parse(outcome.out).at("rows");
}

TEST(CollectivesCli, BusBandwidthIsThatOfNcclTests) {
  const Json rows = rows_of("colossus-100k --ranks 8,1024 --sizes '1 MiB,1 GiB'");
  ASSERT_EQ(rows.size(), 4U * 2 * 2);
  for (const Json& row : rows) {
    const double ranks = row["ranks"], sent = (ranks - 1) / ranks;
    const double factor = row["collective"] == "all_reduce" ? 2 * sent : sent;
    EXPECT_NEAR(row["busbw_bytes_per_s"].get<double>(),
                factor * row["message_bytes"].get<double>() / row["time_s"].get<double>(), 1)
        << row;
    EXPECT_EQ(row["nodes"], ranks == 8 ? 1 : 128);
    EXPECT_NE(row["next_algorithm"], row["algorithm"]) << row;
  }
}

TEST(CollectivesCli, TimeGrowsWithTheMessageAndTheGroup) {
  const Json rows = rows_of("colossus-100k --collective all_reduce --sizes '1 MiB,64 MiB,1 GiB'");
  std::vector<std::int64_t> ranks;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i % 3 == 0) ranks.push_back(rows[i]["ranks"]);
    if (i % 3 != 0) {
      EXPECT_GT(rows[i]["time_s"], rows[i - 1]["time_s"]) << rows[i];
    }
    if (i >= 2 * 3) {  // beyond one node
      EXPECT_GT(rows[i]["time_s"], rows[i - 3]["time_s"]) << rows[i];
    }
  }
  EXPECT_EQ(ranks, (std::vector<std::int64_t>{8, 64, 512, 4096, 32768, 100000})) << "none named";
}

// One GPU a node: what 1,024 ranks share inside nodes else, each now sends alone.
TEST(CollectivesCli, AGroupOnOneRailSpansAsManyNodes) {
  const Json rail =
      rows_of("colossus-100k --ranks-per-node 1 --ranks 64 --collective all_gather --sizes '1 GiB'");
  const Json packed = rows_of("colossus-100k --ranks 64 --collective all_gather --sizes '1 GiB'");
  EXPECT_EQ(rail[0]["nodes"], 64);
  EXPECT_EQ(packed[0]["nodes"], 8);
  EXPECT_GT(rail[0]["time_s"], packed[0]["time_s"]);
}

TEST(CollectivesCli, SizesReadAsTheyWereTyped) {
  const Outcome outcome =
      collectives("one-node-h100 --collective send_recv --ranks 2 --sizes '512 B,4KiB,1.5 MiB,64 MiB,2 GiB'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* size : {" 512 B ", " 4 KiB ", " 1.50 MiB ", " 64 MiB ", " 2 GiB "}) {
    EXPECT_NE(outcome.out.find(size), std::string::npos) << size << " is not in\n" << outcome.out;
  }
}

TEST(CollectivesCli, WrongOnesAreOneLineAndExit2) {
  const std::pair<const char*, const char*> cases[] = {
      {"no-cluster", "no \"no-cluster\""},
      {"one-node-h100 --collective all_reduce,broadcast", "--collective broadcast is not accepted"},
      {"one-node-h100 --ranks 9", "whole numbers from 2 to 8, the GPUs of one-node-h100"},
      {"one-node-h100 --ranks 1", "--ranks 1 is not accepted"},
      {"one-node-h100 --ranks 99999999999999999999", "is not accepted"},
      {"one-node-h100 --sizes '8 foo'", "--sizes: unknown unit \"foo\""},
      {"one-node-h100 --sizes '0.5 B'", "--sizes 0.5 B is not accepted; accepted: 1 B and more"},
      {"one-node-h100 --sizes '1 MiB,,1 GiB'", "--sizes has an empty item between commas"},
      {"one-node-h100 --ranks-per-node 3", "--ranks-per-node must divide the 8 GPUs of a node"},
      {"one-node-h100 --ranks-per-node 9", "accepted: a whole number from 1 to 8"}};
  for (const auto& [words, part] : cases) {
    const Outcome outcome = collectives(words);
    EXPECT_EQ(outcome.code, 2) << words;
    EXPECT_EQ(outcome.out, "") << words;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  }
}

}  // namespace
}  // namespace traincast
