#include "host/calibrate/rank_spread.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/calibrate/forecast.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"

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

// A profile of the pace-setting GPU brings its own spread into the step, and nothing else changes there.
TEST(RankSpread, TheStepWaitsForTheMeasuredSpread) {
  const ConfigStore store{TRAINCAST_TEST_CONFIGS};
  const traincast::Run run = load_run(store, "llama-3.1-405b-16k");
  Profile profile = load_profile(store, "h100-sxm-published");
  const auto step = [&] {
    Calibrator calibrator(store, profile);
    return forecast(calibrator, run);
  };
  const Forecast before = step();
  EXPECT_FALSE(before.stragglers.measured);
  EXPECT_DOUBLE_EQ(before.stragglers.spread, 0.015);
  for (OpRow& op : profile.ops) {
    op.timing.rank_medians_s = {0.97, 1.03, 0.97, 1.03};
  }
  const Forecast after = step();
  const double spread = std::sqrt(4 * 0.0009 / 3);
  EXPECT_TRUE(after.stragglers.measured);
  EXPECT_NEAR(after.stragglers.spread, spread, 1e-12);
  EXPECT_NEAR(after.step.parts[Part::straggler] / before.step.parts[Part::straggler], spread / 0.015, 1e-9);
  EXPECT_DOUBLE_EQ(after.step.parts[Part::gemm], before.step.parts[Part::gemm]);
}

}  // namespace
}  // namespace traincast
