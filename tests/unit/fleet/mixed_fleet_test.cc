#include "host/model/mixed_fleet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "host/model/phases.h"

namespace traincast {
namespace {

// A step of so many seconds a micro-batch and a fixed part.
FleetPace pace(std::int64_t replicas, double each, double fixed = 1) {
  return {replicas, [=](std::int64_t m) { return Seconds(fixed + each * static_cast<double>(m)); }};
}

TEST(MixedFleet, EqualWorkTakesAsLongAsTheSlowestFleet) {
  const std::vector<FleetPace> fleets = {pace(3, 1.0), pace(1, 0.5)};
  const WorkShare share = equal_work(fleets, 40);
  EXPECT_EQ(share.micro_batches, (std::vector<std::int64_t>{10, 10}));
  EXPECT_DOUBLE_EQ(share.step.value(), 11);
  EXPECT_DOUBLE_EQ(std::max(share.own[0], share.own[1]).value(), share.step.value());
  EXPECT_EQ(share.slowest, 0U);
  EXPECT_DOUBLE_EQ(share.own[1].value(), 6);
  EXPECT_EQ(equal_work(fleets, 41).micro_batches[0], 11);  // rounded up
}

TEST(FleetUse, IdlesWhileTheOthersWork) {
  FleetUse use;
  use.own_step = Seconds(3);
  EXPECT_DOUBLE_EQ(use.idle(Seconds(4)), 0.25);
  EXPECT_EQ(use.idle(Seconds(0)), 0);
}

TEST(MixedFleet, UnequalWorkByHand) {
  // 3 a + b >= 40 with a as long as 2 x b: a = 8, b = 16 is 40 in 9 s.
  const std::vector<FleetPace> fleets = {pace(3, 1.0), pace(1, 0.5)};
  const WorkShare share = unequal_work(fleets, 40);
  EXPECT_EQ(share.micro_batches, (std::vector<std::int64_t>{8, 16}));
  EXPECT_DOUBLE_EQ(share.step.value(), 9);
}

TEST(MixedFleet, NoWholeMicroBatchToMove) {
  // A fleet 4 % faster would take 33 where the other takes 32; with 32 for both there is nothing to share.
  const std::vector<FleetPace> fleets = {pace(146, 1.0, 0), pace(46, 0.96, 0)};
  const WorkShare share = unequal_work(fleets, 192 * 32);
  EXPECT_EQ(share.micro_batches, (std::vector<std::int64_t>{32, 32}));
  EXPECT_DOUBLE_EQ(share.step.value(), equal_work(fleets, 192 * 32).step.value());
}

// Every share tried by brute force.
TEST(MixedFleet, UnequalWorkIsTheBestOfAll) {
  for (const double fast : {0.2, 0.47, 0.7, 0.93, 1.0}) {
    for (const std::int64_t work : {5, 17, 40, 63}) {
      const std::vector<FleetPace> fleets = {pace(3, 1.0), pace(2, fast)};
      double best = 1e9;
      for (std::int64_t a = 0; a <= work; ++a) {
        for (std::int64_t b = 0; b <= work; ++b) {
          if (3 * a + 2 * b < work) continue;
          const double slow = a > 0 ? fleets[0].step(a).value() : 0;
          best = std::min(best, std::max(slow, b > 0 ? fleets[1].step(b).value() : 0));
        }
      }
      const WorkShare share = unequal_work(fleets, work);
      EXPECT_DOUBLE_EQ(share.step.value(), best) << fast << " " << work;
      EXPECT_GE(3 * share.micro_batches[0] + 2 * share.micro_batches[1], work);
      EXPECT_LE(share.step, equal_work(fleets, work).step);
    }
  }
}

TEST(MixedFleet, AFleetWithoutReplicasTakesNothing) {
  const std::vector<FleetPace> fleets = {pace(0, 9.0), pace(4, 1.0)};
  const WorkShare share = unequal_work(fleets, 8);
  EXPECT_EQ(share.micro_batches, (std::vector<std::int64_t>{0, 2}));
  EXPECT_EQ(share.slowest, 1U);
}

TEST(MixedFleet, AReplicaAcrossTwoFleetsGoesToTheSlower) {
  const std::array<FleetGpus, 2> fleets = {{{nullptr, 150000}, {nullptr, 46608}}};
  const std::array<double, 2> slow_first = {1.0, 1.1};
  const std::array<double, 2> slow_last = {1.1, 1.0};
  // 150,000 = 146 x 1,024 + 496.
  EXPECT_EQ(replicas_by_fleet(fleets, 1024, 192, slow_first), (std::vector<std::int64_t>{147, 45}));
  EXPECT_EQ(replicas_by_fleet(fleets, 1024, 192, slow_last), (std::vector<std::int64_t>{146, 46}));
  const std::array<FleetGpus, 2> empty = {{{nullptr, 0}, {nullptr, 2048}}};
  EXPECT_EQ(replicas_by_fleet(empty, 1024, 2, slow_last), (std::vector<std::int64_t>{0, 2}));
}

}  // namespace
}  // namespace traincast
