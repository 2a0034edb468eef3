#include "host/risk/sensitivity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "host/risk/uncertainty_design.h"

namespace traincast {
namespace {

constexpr double kPi = 3.14159265358979323846;

// The indices of a function of `inputs` uniform numbers.
SobolIndices indices_of(const std::function<double(const std::vector<double>&)>& f, std::size_t inputs,
                        std::size_t n) {
  const auto point = [&](std::size_t side, std::size_t draw) {
    std::vector<double> x(inputs);
    for (std::size_t c = 0; c < inputs; ++c) x[c] = latin_hypercube(3, side * inputs + c, draw, n);
    return x;
  };
  std::vector<double> a(n), b(n);
  std::vector<std::vector<double>> mixed(inputs, std::vector<double>(n));
  for (std::size_t j = 0; j < n; ++j) {
    const std::vector<double> from = point(0, j);
    const std::vector<double> other = point(1, j);
    a[j] = f(from);
    b[j] = f(other);
    for (std::size_t c = 0; c < inputs; ++c) {
      std::vector<double> x = from;
      x[c] = other[c];
      mixed[c][j] = f(x);
    }
  }
  return sobol_indices(a, b, mixed);
}

// sin x1 + 7 sin^2 x2 + 0.1 x3^4 sin x1 on [-pi, pi] (Ishigami and Homma, 1990), whose indices are known:
// V = a^2/8 + b pi^4/5 + b^2 pi^8/18 + 1/2.
TEST(Sensitivity, IshigamiFunction) {
  const double a = 7;
  const double b = 0.1;
  const double v1 = 0.5 * std::pow(1 + b * std::pow(kPi, 4) / 5, 2);
  const double v2 = a * a / 8;
  const double v13 = b * b * std::pow(kPi, 8) * (1.0 / 18 - 1.0 / 50);
  const double v = v1 + v2 + v13;
  const SobolIndices found = indices_of(
      [&](const std::vector<double>& u) {
        const auto x = [&](int i) { return kPi * (2 * u[static_cast<std::size_t>(i)] - 1); };
        return std::sin(x(0)) + a * std::pow(std::sin(x(1)), 2) + b * std::pow(x(2), 4) * std::sin(x(0));
      },
      3, 1 << 15);
  constexpr double kNoise = 0.02;
  EXPECT_NEAR(found.first[0], v1 / v, kNoise);
  EXPECT_NEAR(found.first[1], v2 / v, kNoise);
  EXPECT_NEAR(found.first[2], 0, kNoise);
  EXPECT_NEAR(found.total[0], (v1 + v13) / v, kNoise);
  EXPECT_NEAR(found.total[1], v2 / v, kNoise);
  EXPECT_NEAR(found.total[2], v13 / v, kNoise);
}

TEST(Sensitivity, LinearFunctionHasNoInteractions) {
  const SobolIndices found =
      indices_of([](const std::vector<double>& u) { return 100 + u[0] + 2 * u[1] + 0 * u[2]; }, 3, 1 << 12);
  EXPECT_NEAR(found.first[0], 0.2, 0.02);
  EXPECT_NEAR(found.first[1], 0.8, 0.02);
  EXPECT_NEAR(found.total[0], 0.2, 0.02);
  EXPECT_NEAR(found.total[1], 0.8, 0.02);
  EXPECT_EQ(found.first[2], 0);
  EXPECT_EQ(found.total[2], 0);
}

TEST(Sensitivity, ConstantHasNone) {
  const SobolIndices found = indices_of([](const std::vector<double>&) { return 0.1 + 0.2; }, 2, 64);
  for (const double index : {found.first[0], found.first[1], found.total[0], found.total[1]}) {
    EXPECT_EQ(index, 0);
  }
}

}  // namespace
}  // namespace traincast
