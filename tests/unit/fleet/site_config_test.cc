// Timelines, supplies, clocks and slow nodes in configs: read, and refused.
#include <gtest/gtest.h>

#include "host/config/load.h"
#include "tests/unit/config/sample_configs.h"

namespace traincast {
namespace {

constexpr const char* kTimeline = R"(,
  "timeline": {"installed": [
      {"from": "2024-07-22", "fleets": [{"gpu": "test", "gpus": 128}], "source": "a visit"},
      {"from": "2024-09-02", "fleets": [{"gpu": "test", "gpus": 512}, {"gpu": "old", "gpus": 64}]}],
    "sources": [
      {"name": "grid", "from": "2024-07-22", "until": "2024-08-01", "power": "8 MW", "co2": "0.28 kg/kWh"},
      {"name": "gas", "from": "2024-07-22", "power": "35 MW", "co2": "0.43 kg/kWh", "nox": "0.135 g/kWh",
       "price": "90 USD/MWh", "origin": "assumed"}]},
  "slow_nodes": {"share": 0.005, "slow_by": 0.1}})";

std::string with_timeline() {
  std::string text = kCluster;
  text.erase(text.rfind('}'));
  return text + kTimeline;
}

TEST(SiteConfig, ReadsATimeline) {
  const SampleConfigs configs;
  configs.folder.write("clusters/site.json", with_timeline());
  const Cluster cluster = load_cluster(configs.store(), "site");
  ASSERT_TRUE(cluster.timeline);
  const Timeline& timeline = *cluster.timeline;
  ASSERT_EQ(timeline.installed.size(), 2U);
  EXPECT_EQ(to_string(timeline.installed[1].from), "2024-09-02");
  EXPECT_EQ(timeline.installed[1].fleets[1].gpus, 64);
  EXPECT_EQ(timeline.installed[0].source.source, "a visit");
  ASSERT_EQ(timeline.sources.size(), 2U);
  EXPECT_EQ(timeline.sources[0].power, Watts(8e6));
  EXPECT_EQ(to_string(*timeline.sources[0].until), "2024-08-01");
  EXPECT_FALSE(timeline.sources[0].nox);
  EXPECT_NEAR(timeline.sources[1].nox->value() * 3.6e6, 0.135e-3, 1e-12);
  EXPECT_NEAR(timeline.sources[1].price->value() * 3.6e9, 90, 1e-9);
  EXPECT_EQ(timeline.sources[1].source.origin, Origin::assumed);
  EXPECT_DOUBLE_EQ(cluster.slow_nodes->slow_by, 0.1);
  EXPECT_EQ(cluster.power.cap_by, CapBy::gpus);
}

TEST(SiteConfig, RefusesATimelineThatCannotBe) {
  const SampleConfigs configs;
  const std::string file = configs.file("clusters/site.json");
  const auto refusal = [&](std::string_view from, std::string_view to) {
    configs.folder.write("clusters/site.json", replaced(with_timeline(), from, to));
    return message_of([&] { load_cluster(configs.store(), "site"); });
  };
  EXPECT_EQ(refusal("2024-09-02", "2024-09-31"),
            file +
                "#/timeline/installed/1/from: \"2024-09-31\" is no day of the calendar; accepted: "
                "YYYY-MM-DD, such as 2024-09-02");
  EXPECT_EQ(refusal("2024-09-02", "2024-07-22"),
            file +
                "#/timeline/installed/1/from: 2024-07-22 is not after 2024-07-22 of the entry before; "
                "accepted: dates in order");
  EXPECT_EQ(refusal("\"gpus\": 128", "\"gpus\": 513"),
            file +
                "#/timeline/installed/0/fleets/0/gpus: 513 GPUs, but the cluster's fleet of test has 512; "
                "accepted: no more than that");
  EXPECT_EQ(refusal("2024-08-01", "2024-07-22"),
            file + "#/timeline/sources/0/until: 2024-07-22 is not after \"from\" 2024-07-22");
  EXPECT_EQ(
      refusal("\"35 MW\"", "\"35\""),
      file + "#/timeline/sources/1/power: \"35\" has no unit; accepted: a number and one of W kW MW GW");
  EXPECT_TRUE(
      refusal("\"until\"", "\"til\"").starts_with(file + "#/timeline/sources/0: unknown key \"til\""));
  EXPECT_EQ(refusal("\"gpu\": \"old\", \"gpus\": 64}]}]", "\"gpu\": \"test\", \"gpus\": 64}]}]"),
            file + "#/timeline/installed/1/fleets/1/gpu: \"test\" is listed twice");
  EXPECT_EQ(refusal("\"share\": 0.005", "\"share\": 0.9"),
            file + "#/slow_nodes/share: 0.9 is out of range; accepted: a plain number from 0 to 0.5");
  EXPECT_TRUE(refusal("\"pue\": 1.2", "\"pue\": 1.2, \"supply\": \"8 MW\"")
                  .starts_with(file + "#/power: \"supply\" and \"timeline\""));
  EXPECT_EQ(refusal("\"pue\": 1.2", "\"pue\": 1.2, \"cap_by\": \"hope\""),
            file + "#/power/cap_by: found the text \"hope\"; accepted: one of gpus clocks");
}

TEST(SiteConfig, ATimelineNeedsAStartWithinIt) {
  const SampleConfigs configs;
  configs.folder.write("clusters/site.json", with_timeline());
  const std::string file = configs.file("runs/run.json");
  const auto refusal = [&](std::string_view start) {
    configs.folder.write("runs/run.json",
                         replaced(kRun, "\"gpus\": 256", "\"gpus\": 256" + std::string(start)));
    return message_of([&] { load_run(configs.store(), "run"); });
  };
  EXPECT_EQ(
      refusal(""),
      file + "#/start: missing, and the cluster site changes by date; accepted: a day such as 2024-09-02");
  EXPECT_EQ(refusal(R"(, "start": "2024-07-01")"),
            file +
                "#/start: 2024-07-01, but the cluster site changes by date, and nothing stands there before "
                "2024-07-22");
  configs.folder.write("runs/run.json",
                       replaced(kRun, "\"gpus\": 256", R"("gpus": 256, "start": "2024-08-15")"));
  EXPECT_EQ(to_string(*load_run(configs.store(), "run").start), "2024-08-15");
}

TEST(SiteConfig, CappedClocksNeedToBeKnown) {
  const SampleConfigs configs;
  configs.folder.write(
      "clusters/site.json",
      replaced(kCluster, "\"pue\": 1.2", R"("pue": 1.2, "supply": "0.2 MW", "cap_by": "clocks")"));
  EXPECT_EQ(message_of([&] { load_run(configs.store(), "run"); }),
            configs.file("clusters/site.json") +
                "#/power/cap_by: \"clocks\", but the GPU test does not state what lower clocks save "
                "(power/clocked)");
  const std::string clocked = replaced(kGpu, "\"969 W\",", R"("969 W",
    "clocked": {"dynamic": "450 W", "voltage_floor": 0.65, "lowest": 0.5},)");
  configs.folder.write("gpus/test.json", clocked);
  EXPECT_EQ(load_run(configs.store(), "run").cluster.power.cap_by, CapBy::clocks);
  configs.folder.write("gpus/test.json", replaced(clocked, "450 W", "701 W"));
  EXPECT_EQ(message_of([&] { load_gpu(configs.store(), "test"); }),
            configs.file("gpus/test.json") +
                "#/power/clocked/dynamic: the switching power 701 W is above the board's 700 W");
}

}  // namespace
}  // namespace traincast
