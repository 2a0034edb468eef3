#include "host/model/power.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace traincast {
namespace {

class PowerTest : public testing::Test {
 protected:
  PowerTest() {
    gpu.power.server_training = Watts(969);
    gpu.power.clocked = ClockedPower{.dynamic = Watts(450), .voltage_floor = 0.65, .lowest = 0.5, .from = {}};
    power.network_share = 0.1;
    power.pue = 1.2;
  }
  std::int64_t fed(double megawatts, double clock = 1) const {
    const FleetGpus any{&gpu, 1'000'000};
    return gpus_fed(power, {&any, 1}, Watts(megawatts * 1e6), clock);
  }
  Gpu gpu;
  Cluster::Power power;
};

// 969 x 1.1 x 1.2 = 1,279.08 W.
TEST_F(PowerTest, WhatASupplyFeeds) {
  EXPECT_NEAR(site_power(power, gpu).value(), 1279.08, 1e-9);
  EXPECT_EQ(fed(8), 6254);
  EXPECT_EQ(fed(43), 33617);
  EXPECT_EQ(fed(150), 117271);
  EXPECT_EQ(fed(0), 0);
  EXPECT_EQ(fed(1279.08e-6 * 512), 512);  // exactly enough
}

TEST_F(PowerTest, FleetsAreFedInOrder) {
  Gpu hungry = gpu;
  hungry.power.server_training = Watts(1938);
  const std::array<FleetGpus, 2> fleets = {{{&gpu, 100}, {&hungry, 100}}};
  EXPECT_EQ(gpus_fed(power, fleets, Watts(1279.08 * 50)), 50);
  EXPECT_EQ(gpus_fed(power, fleets, Watts(1279.08 * 120)), 110);
  EXPECT_EQ(gpus_fed(power, fleets, Watts(1279.08 * 1000)), 200);
}

TEST_F(PowerTest, SwitchingFallsWithTheCubeDownToTheVoltageFloor) {
  EXPECT_DOUBLE_EQ(server_power(gpu, 1).value(), 969);
  EXPECT_NEAR(server_power(gpu, 0.9).value(), 969 - 450 * (1 - 0.729), 1e-9);
  EXPECT_NEAR(server_power(gpu, 0.5).value(), 969 - 450 * (1 - 0.5 * 0.65 * 0.65), 1e-9);
  double before = 0;
  for (double clock = 0.5; clock <= 1; clock += 0.01) {
    EXPECT_GT(server_power(gpu, clock).value(), before);
    before = server_power(gpu, clock).value();
  }
  const FleetGpus fleet{&gpu, 1};
  EXPECT_EQ(lowest_clock({&fleet, 1}), 0.5);
  gpu.power.clocked.reset();
  EXPECT_DOUBLE_EQ(server_power(gpu, 0.5).value(), 969);
  EXPECT_EQ(lowest_clock({&fleet, 1}), 1);
}

TEST_F(PowerTest, TheHighestClockWithinASupply) {
  const FleetGpus fleet{&gpu, 1000};
  const auto clock = [&](double watts) { return clock_within(power, {&fleet, 1}, Watts(watts)); };
  EXPECT_DOUBLE_EQ(clock(1279080), 1);
  EXPECT_DOUBLE_EQ(clock(1e9), 1);
  // 1.1 x 1.2 x (969 - 450 (1 - f^3)) x 1,000 = 1.1e6: f^3 = 1 - (969 - 833.33) / 450.
  EXPECT_NEAR(clock(1.1e6), std::cbrt(1 - (969 - 1.1e3 / 1.32) / 450), 1e-9);
  EXPECT_DOUBLE_EQ(clock(1000), 0.5);  // the lowest is not low enough
  double before = 0;
  for (double watts = 1e5; watts < 1.4e6; watts += 1e4) {
    EXPECT_GE(clock(watts), before);
    before = clock(watts);
    if (before > 0.5) {
      EXPECT_LE(site_power(power, {&fleet, 1}, before).value(), watts);
    }
  }
}

TEST_F(PowerTest, SharesOfTheTimeAddUp) {
  for (const double hours : {0.1, 0.5, 3.0, 100.0}) {
    const CheckpointSchedule schedule =
        best_schedule(Seconds(30), Seconds(3600 * hours), Seconds(600), Seconds(5), Seconds(1e7));
    const ActivityShares shares = activity_shares(schedule, Seconds(30));
    EXPECT_NEAR(shares.steps + shares.checkpoint + shares.restart, 1, 1e-12);
    EXPECT_GE(shares.steps, schedule.effective - 1e-12);
    EXPECT_GT(shares.checkpoint, 0);
  }
}

TEST_F(PowerTest, SourcesByDate) {
  Cluster cluster;
  Timeline timeline;
  timeline.sources = {{.name = "grid", .from = {100}, .until = Date{200}, .power = Watts(8e6)},
                      {.name = "grid", .from = {200}, .until = {}, .power = Watts(50e6)},
                      {.name = "gas", .from = {150}, .until = Date{250}, .power = Watts(35e6)}};
  cluster.timeline = timeline;
  const auto supply = [&](std::int64_t day) { return feed_at(cluster, Date{day}).supply->value() / 1e6; };
  EXPECT_DOUBLE_EQ(supply(99), 0);
  EXPECT_DOUBLE_EQ(supply(100), 8);
  EXPECT_DOUBLE_EQ(supply(150), 43);
  EXPECT_DOUBLE_EQ(supply(200), 85);
  EXPECT_DOUBLE_EQ(supply(250), 50);
  EXPECT_EQ(feed_at(cluster, Date{150}).sources.size(), 2U);
  EXPECT_FALSE(feed_at(cluster, std::nullopt).supply);
}

}  // namespace
}  // namespace traincast
