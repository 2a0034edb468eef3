#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "host/risk/uncertainty_design.h"

namespace traincast {
namespace {

TEST(Design, ShufflesEveryCount) {
  for (const std::uint64_t count : {1U, 2U, 3U, 7U, 64U, 100U, 1000U, 4096U}) {
    std::set<std::uint64_t> places;
    std::uint64_t moved = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t place = shuffled(i, count, 42);
      EXPECT_LT(place, count);
      places.insert(place);
      moved += place != i ? 1 : 0;
    }
    EXPECT_EQ(places.size(), count);
    if (count >= 64) {
      EXPECT_GT(moved, count * 9 / 10);
    }
  }
}

// Inside its slice a draw lies anywhere: the mean of 4096 places is a half, within 0.289 / 64 a standard
// error.
TEST(Design, DrawsFillTheirSlices) {
  constexpr std::uint64_t kDraws = 4096;
  double sum = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const double at = latin_hypercube(1, 2, i, kDraws) * kDraws;
    sum += at - std::floor(at);
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.015);
}

TEST(Design, EverySliceHasOneDraw) {
  constexpr std::uint64_t kDraws = 500;
  for (std::uint64_t coordinate = 0; coordinate < 5; ++coordinate) {
    std::set<int> slices;
    for (std::uint64_t i = 0; i < kDraws; ++i) {
      const double u = latin_hypercube(9, coordinate, i, kDraws);
      EXPECT_GT(u, 0);
      EXPECT_LT(u, 1);
      slices.insert(static_cast<int>(u * kDraws));
    }
    EXPECT_EQ(slices.size(), kDraws);
  }
}

// Coordinates are independent of one another: correlations of 1 / sqrt(n) are noise.
TEST(Design, CoordinatesAreUncorrelated) {
  constexpr std::uint64_t kDraws = 4096;
  for (std::uint64_t a = 0; a < 6; ++a) {
    for (std::uint64_t b = 0; b < a; ++b) {
      double sum = 0;
      for (std::uint64_t i = 0; i < kDraws; ++i) {
        sum += (latin_hypercube(1, a, i, kDraws) - 0.5) * (latin_hypercube(1, b, i, kDraws) - 0.5) * 12;
      }
      EXPECT_LT(std::abs(sum / kDraws), 5 / std::sqrt(static_cast<double>(kDraws))) << a << " " << b;
    }
  }
}

TEST(Design, SeedsDiffer) {
  int same = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    same += latin_hypercube(1, 0, i, 100) == latin_hypercube(2, 0, i, 100) ? 1 : 0;
  }
  EXPECT_LT(same, 3);
}

}  // namespace
}  // namespace traincast
