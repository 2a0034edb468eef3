#include "host/risk/sweep.h"

#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "host/risk/sweep_report.h"

namespace traincast {
namespace {

using Texts = std::vector<std::string>;

Texts values(const std::string& range) {
  return parse_axis("x=" + range).values;
}

TEST(SweepRange, ListsAreAsTyped) {
  EXPECT_EQ(values("1,2, 4"), (Texts{"1", "2", "4"}));
  EXPECT_EQ(values("3 min"), (Texts{"3 min"}));
  EXPECT_EQ(values("bf16,fp8"), (Texts{"bf16", "fp8"}));
}

TEST(SweepRange, PowersOfTwoToTheEnd) {
  EXPECT_EQ(values("1024..8192"), (Texts{"1024", "2048", "4096", "8192"}));
  EXPECT_EQ(values("3..10"), (Texts{"3", "6", "10"}));
  EXPECT_EQ(values("3min..30min"), (Texts{"3 min", "6 min", "12 min", "24 min", "30 min"}));
  EXPECT_EQ(values("30 s..2 min"), (Texts{"30 s", "60 s", "120 s"}));
  EXPECT_EQ(values("3..30min"), values("3min..30min"));
  EXPECT_EQ(values("5..5"), (Texts{"5"}));
}

TEST(SweepRange, FactorsStepsAndCounts) {
  EXPECT_EQ(values("1..100:x10"), (Texts{"1", "10", "100"}));
  EXPECT_EQ(values("0..10:+5"), (Texts{"0", "5", "10"}));
  EXPECT_EQ(values("3min..10min:3min"), (Texts{"3 min", "6 min", "9 min", "10 min"}));
  EXPECT_EQ(values("0.1..0.3:+0.1"), (Texts{"0.1", "0.2", "0.3"}));
  EXPECT_EQ(values("1..16:5"), (Texts{"1", "2", "4", "8", "16"}));
  EXPECT_EQ(values("0.01..1:3"), (Texts{"0.01", "0.1", "1"}));
  EXPECT_EQ(values("1..4:9"), (Texts{"1", "2", "3", "4"})) << "whole numbers, each once";
  EXPECT_EQ(values("1min..1h:60s").size(), 60U);
}

TEST(SweepRange, WrongOnesAreRefused) {
  for (const char* wrong :
       {"x", "x=", "=1..2", "x=1..", "x=..2", "x=2..1", "x=a..b", "x=1..2:x1", "x=1..2:1", "x=1..2:+0",
        "x=0..8", "x=1 min..2 GB", "x=1 foo..2 foo", "x=1..9:zzz", "x=1,,2", "x=1..1e9:+1", "x=-1..4:+1"}) {
    EXPECT_THROW(parse_axis(wrong), UsageError) << wrong;
  }
}

TEST(SweepRange, RefusalsSayWhy) {
  const auto why = [](const std::string& range) -> std::string {
    try {
      parse_axis("x=" + range);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::pair<const char*, const char*> cases[] = {
      {"a..b", "the ends of a range are numbers"},
      {"1 foo..2 foo", "\"foo\" is no unit"},
      {"1 min..2 GB", "\"GB\" is no unit that goes with \"min\""},
      {"1 GB..1e300 TB", "the end of the range is too large for its unit"},
      {"2..1", "a range goes from the smaller to the larger"},
      {"1..9:x1", "a factor is above 1, such as x2"},
      {"1..9:x2min", "a factor is above 1"},
      {"1..9:fast", "steps are x2 (a factor), 7 (so many values) or +5 or 5min (apart)"},
      {"0..9:x2", "factors need a range that begins above 0"},
      {"0..9:4", "factors need a range that begins above 0"},
      {"1..9:+0", "a step is above 0"},
      {"1..9:1", "so many values are a whole number from 2 to "},
      {"1..9:2.5", "so many values are a whole number from 2 to "},
      {"1..1e9:+1", "more than "},
      {"1..1e9:x1.000001", "more than "}};
  for (const auto& [range, part] : cases) {
    EXPECT_NE(why(range).find("--over x=" + std::string(range) + " is not accepted: " + part),
              std::string::npos)
        << why(range);
  }
}

TEST(SweepRange, QuantitiesOfAnyDimension) {
  EXPECT_EQ(any_quantity("3 min")->si, 180);
  EXPECT_EQ(unit_suffix(any_quantity("3 min")->dimension), "_s");
  EXPECT_EQ(unit_suffix(any_quantity("2 TB/s")->dimension), "_bytes_per_s");
  EXPECT_EQ(unit_suffix(any_quantity("7")->dimension), "");
  EXPECT_FALSE(any_quantity("bf16").has_value());
  EXPECT_FALSE(any_quantity("3 parsecs").has_value());
}

class SweepTest : public testing::Test {
 protected:
  Sweep run(const Texts& axes, const std::vector<Override>& set = {}) const {
    std::vector<SweepAxis> parsed;
    for (const std::string& axis : axes) parsed.push_back(parse_axis(axis));
    return sweep(configs_, set, std::move(parsed), std::nullopt);
  }
  ConfigStore store_{std::string(TRAINCAST_TEST_CONFIGS)};
  RunConfigs configs_{store_, "llama-3.1-405b-16k"};
};

TEST_F(SweepTest, CrossProductTheLastAxisFastest) {
  const Sweep found = run({"restart=3min,10min", "cluster.power.pue=1.1,1.2,1.3"});
  ASSERT_EQ(found.points.size(), 6U);
  EXPECT_EQ(found.axes[0].path, "cluster.reliability.restart");
  EXPECT_EQ(found.points[0].values, (Texts{"3min", "1.1"}));
  EXPECT_EQ(found.points[1].values, (Texts{"3min", "1.2"}));
  EXPECT_EQ(found.points[5].values, (Texts{"10min", "1.3"}));
  EXPECT_EQ(found.points[0].figures->estimate.expected, found.points[1].figures->estimate.expected);
  EXPECT_LT(found.points[0].figures->estimate.power, found.points[1].figures->estimate.power);
  EXPECT_LT(found.points[0].figures->estimate.expected, found.points[3].figures->estimate.expected);
}

// A point of a sweep is the estimate with those values set.
TEST_F(SweepTest, PointsAreEstimates) {
  const Sweep over = run({"gpus=16384,32768"}, {{"restart", "7 min"}});
  const Sweep alone = run({"restart=7 min"}, {{"gpus", "32768"}});
  EXPECT_EQ(over.points[1].figures->estimate.expected, alone.points[0].figures->estimate.expected);
  EXPECT_EQ(over.points[1].figures->gpus, 32768);
}

TEST_F(SweepTest, PointsThatCannotRunHaveReasons) {
  const Sweep found = run({"gpus=16000,16384"});
  EXPECT_NE(found.points[0].reason.find("nearest accepted: 8192 and 16384"), std::string::npos)
      << found.points[0].reason;
  EXPECT_TRUE(found.points[1].reason.empty());
  const Sweep large = run({"plan.zero_stage=0,2"});  // all of the optimiser on each replica
  EXPECT_NE(large.points[0].reason.find("does not fit"), std::string::npos) << large.points[0].reason;
  EXPECT_TRUE(large.points[1].reason.empty());
  const Sweep never = run({"restart=10min,10year"});
  EXPECT_NE(never.points[1].reason.find("never finishes"), std::string::npos);
}

TEST_F(SweepTest, GpusOfEveryPointAreItsOwn) {
  const Sweep found = run({"gpu.price.rent=1 USD/h,4 USD/h"});
  EXPECT_NEAR(found.points[1].figures->estimate.rent / found.points[0].figures->estimate.rent, 4, 1e-12);
}

TEST_F(SweepTest, WrongSweepsAreRefused) {
  EXPECT_THROW(run({"restrt=1min,2min"}), UsageError);
  EXPECT_THROW(run({"restart=1min", "cluster.reliability.restart=2min"}), UsageError);
  EXPECT_THROW(run({"restart=1min"}, {{"reliability.restart", "2min"}}), UsageError);
  EXPECT_THROW(run({"restart=1,2"}), ConfigError) << "no point is accepted";
  EXPECT_THROW(run({"restart=1s..1year:9000", "cluster.power.pue=1.1..2.1:9000"}), UsageError);
}

}  // namespace
}  // namespace traincast
