// What the kernel tests share: an op's inputs as the generator defines them, and a distance.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "kernels/operands.h"
#include "kernels/registry.h"

namespace traincast::test {

inline std::vector<double> values(const Op& op, std::uint64_t seed, std::size_t tensor) {
  const Operand operand = operands(op).at(tensor);
  std::vector<double> result(static_cast<std::size_t>(operand.elements));
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = operand_value(operand, seed, tensor, i);
  return result;
}

inline std::vector<float> run_on_cpu(const Op& op, std::uint64_t seed) {
  const auto cpu = make_backend("cpu", 0);
  return cpu->result(*cpu->prepare(op, seed));
}

// Relative Frobenius distance; NaN where either has one, so that EXPECT_LT fails.
template <typename A, typename B>
double distance(const std::vector<A>& actual, const std::vector<B>& expected) {
  if (actual.size() != expected.size()) return std::nan("");
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const double difference = static_cast<double>(actual[i]) - static_cast<double>(expected[i]);
    error += difference * difference;
    norm += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
  }
  return norm > 0 ? std::sqrt(error / norm) : std::sqrt(error);
}

}  // namespace traincast::test
