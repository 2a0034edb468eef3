#include "host/calibrate/rank_spread.h"

#include <gtest/gtest.h>

#include <cmath>

namespace traincast {
namespace {

OpRow row(std::vector<double> ranks, std::vector<double> samples, bool sustained = false) {
  OpRow out{.op = Gemm{}, .timing = {}, .sustained = sustained};
  out.timing.rank_medians_s = std::move(ranks);
  out.timing.samples_s = std::move(samples);
  return out;
}

TEST(RankSpread, ByHand) {
  Profile profile;
  // Mean 1, deviations -0.1, 0.1, -0.1, 0.1: variance 0.04 / 3.
  profile.ops = {row({0.9, 1.1, 0.9, 1.1}, {})};
  const auto found = rank_spread(profile);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->fixed, std::sqrt(0.04 / 3), 1e-12);
  EXPECT_EQ(found->jitter, 0);
  EXPECT_EQ(found->ranks, 4);
  EXPECT_EQ(found->rows, 1);
}

TEST(RankSpread, JitterIsTakenOffTheFixedPart) {
  Profile profile;
  const std::vector<double> noisy = {0.98, 1.02, 0.98, 1.02, 0.98, 1.02, 0.98, 1.02};
  profile.ops = {row({0.9, 1.1, 0.9, 1.1}, noisy)};
  const double within = 8 * 0.0004 / 7;
  const auto found = rank_spread(profile);
  EXPECT_NEAR(found->jitter, std::sqrt(within), 1e-12);
  EXPECT_NEAR(found->fixed, std::sqrt(0.04 / 3 - std::acos(-1.0) / 2 * within / 8), 1e-12);
  profile.ops = {row({1, 1, 1, 1}, noisy)};
  EXPECT_EQ(rank_spread(profile)->fixed, 0);  // not below
}

TEST(RankSpread, WhatDoesNotCount) {
  Profile profile;
  EXPECT_FALSE(rank_spread(profile));
  profile.ops = {row({0.9, 1.1}, {})};  // too few ranks
  OpRow skipped = row({0.9, 1.1, 0.9, 1.1}, {});
  skipped.timing.skipped = "no FP8 here";
  OpRow memory = row({0.9, 1.1, 0.9, 1.1}, {});
  memory.op = MemoryBound{};
  profile.ops.push_back(skipped);
  profile.ops.push_back(memory);
  EXPECT_FALSE(rank_spread(profile));
  // Sustained rows alone where there are any.
  profile.ops.push_back(row({0.5, 1.5, 0.5, 1.5}, {}));
  profile.ops.push_back(row({0.9, 1.1, 0.9, 1.1}, {}, true));
  EXPECT_NEAR(rank_spread(profile)->fixed, std::sqrt(0.04 / 3), 1e-12);
}

}  // namespace
}  // namespace traincast
