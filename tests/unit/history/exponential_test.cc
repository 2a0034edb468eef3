#include "host/model/exponential.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace traincast {
namespace {

std::vector<double> deviates(std::uint64_t seed, std::uint64_t stream, std::size_t count) {
  RandomStream random(seed, stream);
  std::vector<double> out(count);
  for (double& value : out) value = random.exponential();
  return out;
}

// What makes the method exact: every layer between two heights of e^-x is as large as the others.
TEST(Exponential, LayersHaveOneArea) {
  const ExponentialLayers& layers = exponential_layers();
  for (std::size_t i = 0; i < 256; ++i) {
    const double area = layers.width[i] * 0x1p53 * (layers.height[i + 1] - layers.height[i]);
    EXPECT_NEAR(area, 0.0039496598225815572, 1e-12) << i;
  }
  EXPECT_NEAR(layers.height[1], std::exp(-7.69711747013104972), 1e-15);
}

TEST(Exponential, MomentsOfAMillion) {
  const std::vector<double> values = deviates(7, 0, 1'000'000);
  double sums[4] = {};
  for (const double x : values) {
    for (int k = 0; k < 4; ++k) sums[k] += std::pow(x, k + 1);
  }
  // E[x^k] = k!; its standard error is sqrt(((2k)! - k!^2) / n).
  const double factorial[9] = {1, 1, 2, 6, 24, 120, 720, 5040, 40320};
  for (int k = 1; k <= 4; ++k) {
    const double error = std::sqrt((factorial[2 * k] - factorial[k] * factorial[k]) / 1e6);
    EXPECT_NEAR(sums[k - 1] / 1e6, factorial[k], 4 * error) << k;
  }
}

// Kolmogorov and Smirnov: sqrt(n) times the largest distance exceeds 1.95 once in a thousand.
TEST(Exponential, DistributionOfTwoHundredThousand) {
  std::vector<double> values = deviates(11, 3, 200'000);
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double distance = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double expected = -std::expm1(-values[i]);
    distance = std::max({distance, std::fabs(expected - static_cast<double>(i) / n),
                         std::fabs(expected - static_cast<double>(i + 1) / n)});
  }
  EXPECT_LT(std::sqrt(n) * distance, 1.95);
}

TEST(Exponential, TailBeyondTheLowestLayer) {
  const std::vector<double> values = deviates(5, 1, 2'000'000);
  const auto beyond = static_cast<double>(
      std::count_if(values.begin(), values.end(), [](double x) { return x > ExponentialLayers::kTail; }));
  const double expected = 2e6 * std::exp(-ExponentialLayers::kTail);  // 908
  EXPECT_NEAR(beyond, expected, 4 * std::sqrt(expected));
}

TEST(Exponential, LayersHaveTheSameAreaAndCloseAtOne) {
  const ExponentialLayers& layers = exponential_layers();
  for (std::size_t i = 1; i < 255; ++i) {
    const double area = layers.width[i] * 0x1p53 * (layers.height[i + 1] - layers.height[i]);
    EXPECT_NEAR(area, ExponentialLayers::kArea, 1e-12) << i;
  }
  EXPECT_NEAR(layers.width[255] * 0x1p53 * (1 - layers.height[255]), ExponentialLayers::kArea, 1e-9);
}

TEST(Exponential, StreamsDependOnSeedAndIndexAlone) {
  EXPECT_EQ(deviates(1, 2, 100), deviates(1, 2, 100));
  EXPECT_NE(deviates(1, 2, 100), deviates(1, 3, 100));
  EXPECT_NE(deviates(1, 2, 100), deviates(2, 2, 100));
}

}  // namespace
}  // namespace traincast
