#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/risk/uncertainty_distribution.h"

namespace traincast {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Tables of the standard normal distribution, to sixteen digits.
TEST(Distribution, NormalQuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-13);
  EXPECT_NEAR(normal_quantile(0.9), 1.2815515655446004, 1e-13);
  EXPECT_NEAR(normal_quantile(0.6), 0.2533471031357997, 1e-13);
  EXPECT_NEAR(normal_quantile(1e-6), -4.753424308822899, 1e-11);
  EXPECT_EQ(normal_quantile(0.5), 0);
  for (const double p : {1e-9, 0.001, 0.02, 0.3, 0.49, 0.51, 0.8, 0.999}) {
    EXPECT_NEAR(normal_share(normal_quantile(p)), p, 1e-14 + 1e-12 * p);
  }
}

TEST(Distribution, LognormalHasItsPercentiles) {
  const Distribution even = Distribution::lognormal(2, 6, 18);
  const Distribution skewed = Distribution::lognormal(2.1e26, 3.5e26, 1.13e27);
  EXPECT_NEAR(even.quantile(0.1), 2, 1e-12);
  EXPECT_NEAR(even.quantile(0.5), 6, 1e-12);
  EXPECT_NEAR(even.quantile(0.9), 18, 1e-11);
  // ln x is normal with mean ln 6 and deviation ln 3 / 1.28155.
  EXPECT_NEAR(even.quantile(0.975), 6 * std::exp(1.959963984540054 * std::log(3) / 1.2815515655446004), 1e-9);
  EXPECT_NEAR(skewed.quantile(0.1) / 2.1e26, 1, 1e-12);
  EXPECT_NEAR(skewed.quantile(0.5) / 3.5e26, 1, 1e-12);
  EXPECT_NEAR(skewed.quantile(0.9) / 1.13e27, 1, 1e-12);
}

TEST(Distribution, NormalIsCutOffAtItsBounds) {
  const Distribution whole = Distribution::normal(5, 2, -kInfinity, kInfinity);
  EXPECT_NEAR(whole.quantile(0.975), 5 + 2 * 1.959963984540054, 1e-12);
  // Half of a normal distribution: the share u of it lies below the share (1 + u) / 2 of the whole.
  const Distribution half = Distribution::normal(5, 2, 5, kInfinity);
  EXPECT_NEAR(half.quantile(0.5), 5 + 2 * normal_quantile(0.75), 1e-12);
  const Distribution narrow = Distribution::normal(5, 2, 4, 6);
  EXPECT_GT(narrow.quantile(1e-12), 4 - 1e-9);
  EXPECT_LT(narrow.quantile(1 - 1e-12), 6 + 1e-9);
}

TEST(Distribution, UniformAndTriangular) {
  EXPECT_DOUBLE_EQ(Distribution::uniform(2, 6).quantile(0.25), 3);
  // Share below x, rising side: (x - low)^2 / (width (mode - low)).
  const Distribution triangular = Distribution::triangular(1, 2, 5);
  EXPECT_NEAR(triangular.quantile(0.25), 2, 1e-12);  // (2 - 1)^2 / (4 x 1)
  EXPECT_NEAR(triangular.quantile(0.0625), 1.5, 1e-12);
  EXPECT_NEAR(triangular.quantile(1 - 1.0 / 12), 4, 1e-12);  // (5 - 4)^2 / (4 x 3) above
}

TEST(Distribution, DiscreteAndFixed) {
  const Distribution dice = Distribution::discrete({1, 10, 100}, {2, 1, 1});
  EXPECT_EQ(dice.quantile(0.49), 1);
  EXPECT_EQ(dice.quantile(0.51), 10);
  EXPECT_EQ(dice.quantile(0.76), 100);
  EXPECT_EQ(Distribution::fixed(3).quantile(0.123), 3);
}

TEST(Distribution, ScalingScalesEveryQuantile) {
  for (const Distribution& d : {Distribution::fixed(3), Distribution::lognormal(1, 2, 9),
                                Distribution::normal(5, 1, 1, 8), Distribution::uniform(1, 2),
                                Distribution::triangular(1, 2, 4), Distribution::discrete({1, 2}, {1, 1})}) {
    for (const double u : {0.05, 0.4, 0.7, 0.95}) {
      EXPECT_NEAR(d.scaled(7).quantile(u), 7 * d.quantile(u), 1e-11) << name(d.kind());
    }
  }
}

TEST(Distribution, QuantilesRise) {
  for (const Distribution& d : {Distribution::lognormal(1, 2, 9), Distribution::normal(5, 3, 1, 8),
                                Distribution::triangular(1, 1, 4), Distribution::triangular(1, 4, 4)}) {
    double last = -kInfinity;
    for (int i = 1; i < 1000; ++i) {
      const double value = d.quantile(i / 1000.0);
      EXPECT_GE(value, last);
      last = value;
    }
  }
}

}  // namespace
}  // namespace traincast
