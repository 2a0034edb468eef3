#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "host/base/counter_random.h"
#include "kernels/operands.h"

namespace traincast {
namespace {

TEST(CounterRandom, MixIsTheOutputFunctionOfSplitMix64) {
  // The generator's published test vector: seed 0 gives this first output.
  EXPECT_EQ(mix_bits(kGoldenGamma), 0xE220A8397B1DCDAFu);
}

TEST(CounterRandom, NormalHasMeanZeroVarianceOneAndKurtosisOfTwelveUniforms) {
  constexpr int kSamples = 1 << 20;
  const std::uint64_t key = counter_key(42, 0);
  double sum = 0, squares = 0, cubes = 0, fourth = 0;
  for (int i = 0; i < kSamples; ++i) {
    const double x = counter_normal(key, static_cast<std::uint64_t>(i));
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    fourth += x * x * x * x;
  }
  // Five standard errors of each estimate: 5 sqrt(variance of the power / samples).
  EXPECT_NEAR(sum / kSamples, 0, 5e-3);
  EXPECT_NEAR(squares / kSamples, 1, 7e-3);
  EXPECT_NEAR(cubes / kSamples, 0, 2e-2);
  EXPECT_NEAR(fourth / kSamples, 3 - 1.2 / 12, 5e-2);
}

TEST(CounterRandom, NeighboursTensorsAndSeedsAreUncorrelated) {
  constexpr int kSamples = 1 << 18;
  double neighbour = 0, tensor = 0, seed = 0;
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    const double x = counter_normal(counter_key(1, 0), i);
    neighbour += x * counter_normal(counter_key(1, 0), i + 1);
    tensor += x * counter_normal(counter_key(1, 1), i);
    seed += x * counter_normal(counter_key(2, 0), i);
  }
  EXPECT_NEAR(neighbour / kSamples, 0, 1e-2);
  EXPECT_NEAR(tensor / kSamples, 0, 1e-2);
  EXPECT_NEAR(seed / kSamples, 0, 1e-2);
}

TEST(CounterRandom, IsAFunctionOfItsArgumentsAndUsableAtCompileTime) {
  constexpr float kOnce = counter_normal(counter_key(7, 3), 11);
  EXPECT_EQ(counter_normal(counter_key(7, 3), 11), kOnce);
  EXPECT_NE(counter_normal(counter_key(7, 3), 12), kOnce);
  EXPECT_NE(counter_normal(counter_key(7, 4), 11), kOnce);
  EXPECT_NE(counter_normal(counter_key(8, 3), 11), kOnce);
}

TEST(RowIndices, PermutationHasEveryRowOnceAndLabelsStayInRange) {
  const auto order = row_indices(MemoryBound{.kind = MemoryKind::permute, .rows = 1000, .columns = 1}, 3);
  EXPECT_EQ(std::set<std::int32_t>(order.begin(), order.end()).size(), 1000u);
  EXPECT_EQ(*std::max_element(order.begin(), order.end()), 999);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));

  const auto labels =
      row_indices(MemoryBound{.kind = MemoryKind::cross_entropy, .rows = 1000, .columns = 17}, 3);
  EXPECT_EQ(std::set<std::int32_t>(labels.begin(), labels.end()).size(), 17u);
  EXPECT_GE(*std::min_element(labels.begin(), labels.end()), 0);
  EXPECT_LT(*std::max_element(labels.begin(), labels.end()), 17);
  EXPECT_TRUE(row_indices(MemoryBound{.rows = 4, .columns = 4}, 3).empty());
}

// The table of bytes in op.cc and the tensors that backends allocate describe the same traffic.
TEST(Operands, BytesAgreeWithTheWorkFormulas) {
  const auto traffic = [](const Op& op) {
    double bytes = 0;
    for (const Operand& operand : operands(op)) {
      const double once = static_cast<double>(operand.elements) * bytes_per_element(operand.format);
      bytes += operand.role == Role::accumulated ? 2 * once : once;
    }
    return bytes;
  };
  constexpr double kRows = 1000, kColumns = 64;
  for (int i = 0; i < kMemoryKinds; ++i) {
    const auto kind = static_cast<MemoryKind>(i);
    const Op op = MemoryBound{.kind = kind, .rows = 1000, .columns = 64};
    double beside = 0;  // row- and column-sized tensors, which the formula leaves out, and the second read
    if (kind == MemoryKind::rms_norm) beside = 2 * kColumns;
    if (kind == MemoryKind::rms_norm_backward) beside = (2 + 4) * kColumns;
    if (kind == MemoryKind::cross_entropy) beside = 4 * kRows - 2 * kRows * kColumns;
    EXPECT_DOUBLE_EQ(traffic(op) - beside, work(op).bytes.value()) << name(kind);
  }
  const Op forward = Gemm{.m = 3, .n = 4, .k = 5, .dtype = DataType::fp8_e4m3, .batch = 2};
  EXPECT_DOUBLE_EQ(traffic(forward), work(forward).bytes.value());
  const Op attention = Attention{.batch = 2,
                                 .query_length = 8,
                                 .kv_length = 8,
                                 .heads = 4,
                                 .kv_heads = 2,
                                 .head_dim = 16,
                                 .value_dim = 8};
  EXPECT_DOUBLE_EQ(traffic(attention), work(attention).bytes.value());
}

}  // namespace
}  // namespace traincast
