// A GPU beside the CPU oracle; every test is skipped, with the reason, where there is none.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/kernels/oracle.h"

namespace traincast::test {

// Relative Frobenius distance allowed of one output.
inline double tolerance(const Op& op, const Operand& output) {
  // Probabilities and their gradients are rounded to 16 bits between two products.
  if (std::holds_alternative<Attention>(op)) return 2e-2;
  const bool product = !std::holds_alternative<MemoryBound>(op);
  const DataType inputs = std::visit([](const auto& o) { return o.dtype; }, op);
  // A tie that falls the other way is one unit of 2^-8; FP8 tensor cores keep about 14 bits of a sum.
  if (output.format != DataType::fp32 || inputs == DataType::fp8_e4m3) return 1e-2;
  // Tensor cores truncate where they align summands: 2^-24 a step, in one direction.
  if (product && inputs != DataType::fp32) return 1e-4;
  return 1e-5;
}

class Device : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = backends().front().why_unavailable();
    if (!why.empty()) GTEST_SKIP() << "no GPU to test: " << why;
    cuda_ = make_backend("cuda", 0);
    RecordProperty("device", cuda_->info().name);
  }

  bool has_fp8() const {
    return cuda_->why_unsupported(MemoryBound{.kind = MemoryKind::cast, .rows = 1, .columns = 16}).empty();
  }

  // A fresh seed every time, printed when the comparison fails.
  void compare(const Op& op, const PrepareOptions& options = {}) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE(to_string(op) + ", seed " + std::to_string(seed));
    const std::string why = cuda_->why_unsupported(op);
    ASSERT_EQ(why, "");
    const auto prepared = cuda_->prepare(op, seed, options);
    const std::vector<float> actual = cuda_->result(*prepared);
    const std::vector<float> expected = run_on_cpu(op, seed);
    compare_outputs(op, actual, expected);
    // Timing accumulates into copies of the operands and must leave the inputs alone.
    EXPECT_GT(cuda_->time(*prepared, 3).value(), 0);
    cuda_->flush_cache();
    const std::vector<float> again = cuda_->result(*prepared);
    // The sums of attention's backward pass are atomic additions, whose order varies.
    if (std::holds_alternative<Attention>(op)) {
      compare_outputs(op, again, expected);
    } else {
      EXPECT_EQ(again, actual);
    }
  }

  static void compare_outputs(const Op& op, const std::vector<float>& actual,
                              const std::vector<float>& expected) {
    ASSERT_EQ(actual.size(), expected.size());
    auto at = std::ptrdiff_t{0};
    for (const Operand& operand : operands(op)) {
      if (operand.role == Role::input) continue;
      const auto part = [&](const std::vector<float>& all) {
        return std::vector<float>(all.begin() + at, all.begin() + at + operand.elements);
      };
      EXPECT_LT(distance(part(actual), part(expected)), tolerance(op, operand));
      at += operand.elements;
    }
  }

  std::unique_ptr<Backend> cuda_;
};

}  // namespace traincast::test
