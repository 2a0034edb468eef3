// Supplies and dates as a user meets them: exit codes, one line of error, the shape of the JSON.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "host/base/file.h"
#include "tests/golden/program.h"
#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {

using Json = nlohmann::json;

Outcome traincast_with_configs(const std::string& words) {
  return run_traincast(words + " --configs '" TRAINCAST_TEST_CONFIGS "'");
}

// The shipped 100k run on its cluster with something added to the power.
std::string capped_run(const TemporaryFolder& folder, const std::string& power) {
  const std::filesystem::path configs = TRAINCAST_TEST_CONFIGS;
  const std::string cluster = read_file(configs / "clusters" / "colossus-100k.json");
  const auto file = folder.write("capped.json", replaced(cluster, "\"pue\": 1.2,", "\"pue\": 1.2, " + power));
  const std::string run = read_file(configs / "runs" / "grok-3-central-100k.json");
  return "'" +
         folder
             .write("run.json",
                    replaced(run, "\"cluster\": \"colossus-100k\"", "\"cluster\": \"" + file.string() + "\""))
             .string() +
         "'";
}

TEST(FleetCli, NothingFedNeverFinishes) {
  const TemporaryFolder folder;
  const Outcome dark = traincast_with_configs("estimate " + capped_run(folder, R"("supply": "1 MW",)"));
  EXPECT_EQ(dark.code, 3);
  EXPECT_EQ(dark.out, "");
  EXPECT_EQ(
      dark.err,
      "traincast: run: never finishes: useful work per hour is 0, with 100.0 % of the tokens to go: the "
      "supply of 1.00 MW feeds 781 GPUs, and one replica of the plan needs 1024\n");
}

TEST(FleetCli, ACapIsReported) {
  const TemporaryFolder folder;
  const Outcome capped = traincast_with_configs(
      "estimate --format json " + capped_run(folder, R"("supply": "100 MW", "cap_by": "clocks",)"));
  ASSERT_EQ(capped.code, 0) << capped.err;
  const Json json = Json::parse(capped.out);
  ASSERT_EQ(json["power_timeline"].size(), 1U);
  EXPECT_EQ(json["power_timeline"][0]["supply_w"], 1e8);
  EXPECT_GT(json["power_timeline"][0]["demand_w"], 1e8);
  EXPECT_LE(json["power_timeline"][0]["power_w"], 1e8);
  EXPECT_EQ(json["phases"][0]["limited_by"], "power: lower clocks");
  EXPECT_LT(json["phases"][0]["clock"], 1);
  EXPECT_EQ(json["supply_feeds"][0]["gpus"], 78181);  // 100 MW / 1,279.08 W
}

TEST(FleetCli, ByDate) {
  const Outcome dated = traincast_with_configs("estimate --format json grok-3-colossus-timeline");
  ASSERT_EQ(dated.code, 0) << dated.err;
  const Json json = Json::parse(dated.out);
  ASSERT_EQ(json["power_timeline"].size(), 7U);
  EXPECT_EQ(json["power_timeline"][0]["date"], "2024-07-22");
  EXPECT_EQ(json["power_timeline"][0]["supply_w"], 43e6);
  EXPECT_EQ(json["power_timeline"][3]["gpus_fed"], 100000);
  double energy = 0;
  for (const Json& row : json["energy_by_source"]) energy += row["energy_j"].get<double>();
  double by_date = 0;
  for (const Json& row : json["emissions_by_date"]) by_date += row["energy_j"].get<double>();
  double by_activity = 0;
  for (const Json& row : json["energy_by_activity"]) by_activity += row["energy_j"].get<double>();
  EXPECT_NEAR(by_date / energy, 1, 1e-12);
  EXPECT_NEAR(by_activity / energy, 1, 1e-12);
  EXPECT_EQ(json["start_date"], "2024-07-22");
}

TEST(FleetCli, WhatASupplyFeeds) {
  const Outcome fed =
      traincast_with_configs("power colossus-100k --supply '8 MW,43 MW,150 MW' --format json");
  ASSERT_EQ(fed.code, 0) << fed.err;
  const Json json = Json::parse(fed.out);
  EXPECT_EQ(json["supply_feeds"][0]["gpus"], 6254);
  EXPECT_EQ(json["supply_feeds"][1]["gpus"], 33617);
  EXPECT_EQ(json["supply_feeds"][2]["gpus"], 117271);
  EXPECT_EQ(json["supply_feeds"][2]["clock_for_all"], 1);
  EXPECT_TRUE(json["supply_feeds"][0]["clock_for_all"].is_null());
  const Outcome none = traincast_with_configs("power meta-24k");
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.err,
            "traincast: the cluster meta-24k names no supply; accepted: --supply \"8 MW,43 MW,150 MW\"\n");
  EXPECT_EQ(traincast_with_configs("power meta-24k --supply 8").code, 2);
  EXPECT_EQ(traincast_with_configs("power meta-24k --supply '-8 MW'").code, 2);
}

}  // namespace
}  // namespace traincast
