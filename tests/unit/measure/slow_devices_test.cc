#include "host/measure/slow_devices.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

// One op a row of `factors`, by rank.
Profile fleet(const std::vector<std::vector<double>>& rows) {
  Profile profile;
  profile.ranks = static_cast<int>(rows[0].size());
  for (int rank = 0; rank < profile.ranks; ++rank) {
    profile.hosts.push_back("node" + std::to_string(rank / 8));
    profile.devices.push_back("GPU-" + std::to_string(rank));
  }
  for (const auto& factors : rows) {
    OpRow row{.op = Gemm{1, 2, 3}, .timing = {.median = Seconds(1), .rank_medians_s = factors}};
    profile.ops.push_back(row);
  }
  return profile;
}

TEST(SlowDevices, OneOutOfEightIsNamed) {
  const std::vector<SlowDevice> slow = find_slow_devices(fleet({{1, 1.001, 0.999, 1, 1.002, 1.12, 1, 1},
                                                                {2, 2, 2, 2.004, 2, 2.2, 2, 2},
                                                                {3, 3.01, 3, 3, 3, 3.33, 3, 3}}));
  ASSERT_EQ(slow.size(), 1u);
  EXPECT_EQ(slow[0].rank, 5);
  EXPECT_EQ(slow[0].host, "node0");
  EXPECT_EQ(slow[0].device, "GPU-5");
  EXPECT_NEAR(slow[0].slowdown, 1.11, 1e-12);  // the median of 1.12, 1.1 and 1.11
  EXPECT_NEAR(slow[0].limit, 1.02, 1e-12);     // the fleet's deviation is far below 2 %
}

TEST(SlowDevices, AWideSpreadExcusesWhatLiesWithin) {
  // Deviations 0.05: the limit is 1 + 3.5 x 1.4826 x 0.05 = 1.26.
  EXPECT_TRUE(find_slow_devices(fleet({{0.95, 1, 1.05, 0.95, 1.05, 1.2, 1}})).empty());
  const auto slow = find_slow_devices(fleet({{0.95, 1, 1.05, 0.95, 1.05, 1.3, 1}}));
  ASSERT_EQ(slow.size(), 1u);
  EXPECT_NEAR(slow[0].limit, 1.2594, 1e-3);
}

TEST(SlowDevices, OneSlowOpDoesNotMakeADeviceSlow) {
  EXPECT_TRUE(find_slow_devices(fleet({{1, 1, 1, 9}, {1, 1, 1, 1}, {1, 1, 1, 1}})).empty());
}

TEST(SlowDevices, SeveralAreSortedByHowSlow) {
  const auto slow = find_slow_devices(fleet({{1, 1.1, 1, 1, 1.3, 1, 1, 1, 1}}));
  ASSERT_EQ(slow.size(), 2u);
  EXPECT_EQ(slow[0].rank, 4);
  EXPECT_EQ(slow[1].rank, 1);
}

TEST(SlowDevices, OfTwoNobodyCanSay) {
  EXPECT_TRUE(find_slow_devices(fleet({{1, 2}})).empty());
  EXPECT_TRUE(find_slow_devices(Profile{}).empty());
}

}  // namespace
}  // namespace traincast
