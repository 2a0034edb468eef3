#include "host/model/kernel_curves.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace traincast {
namespace {

// Deterministic scattered samples of a smooth function in three of the six dimensions.
std::vector<FieldSample> scattered(std::size_t count) {
  std::mt19937 random(7);
  std::uniform_real_distribution<double> place(0, 6);
  std::vector<FieldSample> samples;
  for (std::size_t i = 0; i < count; ++i) {
    FieldSample s{.at = {place(random), place(random), place(random), 0, 0, 0}};
    s.value = 0.1 * std::sin(s.at[0]) + 0.05 * s.at[1];
    samples.push_back(s);
  }
  return samples;
}

double distance(const FieldPoint& a, const FieldPoint& b) {
  double sum = 0;
  for (std::size_t d = 0; d < kFieldDimensions; ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return std::sqrt(sum);
}

TEST(ResidualField, IsExactAtItsPoints) {
  const auto samples = scattered(500);
  const ResidualField field(samples);
  EXPECT_EQ(field.size(), 500U);
  for (const FieldSample& s : samples) {
    EXPECT_DOUBLE_EQ(field.at(s.at).value, s.value);
    EXPECT_EQ(field.at(s.at).nearest, 0);
  }
}

TEST(ResidualField, FindsTheNearestPoint) {
  const auto samples = scattered(3000);
  const ResidualField field(samples);
  for (const FieldSample& query : scattered(3200)) {
    FieldPoint at = query.at;
    at[3] = 0.3;
    double nearest = std::numeric_limits<double>::infinity();
    for (const FieldSample& s : samples) nearest = std::min(nearest, distance(at, s.at));
    EXPECT_NEAR(field.at(at).nearest, nearest, 1e-5);
  }
}

TEST(ResidualField, StaysWithinTheValuesOfItsPoints) {
  const auto samples = scattered(300);
  const auto [low, high] = std::minmax_element(
      samples.begin(), samples.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  const ResidualField field(samples);
  for (double x = -3; x < 9; x += 0.37) {
    const double value = field.at({x, 0.7 * x, 3, 0, 0, 0}).value;
    EXPECT_GE(value, std::min(low->value, 0.0));
    EXPECT_LE(value, std::max(high->value, 0.0));
  }
}

TEST(ResidualField, DoesNotDependOnTheOrderOfSamples) {
  auto samples = scattered(1000);
  samples.push_back(samples[3]);  // a repeated shape
  samples.back().value += 1;
  const ResidualField one(samples);
  std::shuffle(samples.begin(), samples.end(), std::mt19937(3));
  const ResidualField other(samples);
  for (double x = -1; x < 8; x += 0.113) {
    const FieldPoint at{x, 6 - x, 0.5 * x, 0, 0.1, 0};
    EXPECT_EQ(one.at(at).value, other.at(at).value);
  }
}

TEST(ResidualField, MergesSamplesOfOnePlaceToTheirMedian) {
  const FieldPoint here{1, 2, 3, 0, 0, 0};
  const ResidualField odd({{here, 5}, {here, 1}, {here, 2}});
  EXPECT_EQ(odd.size(), 1U);
  EXPECT_EQ(odd.at(here).value, 2);
  EXPECT_EQ(ResidualField({{here, 1}, {here, 2}}).at(here).value, 1.5);
}

// With s samples between -0.1 and 0.4, a step of 0.001 moves a continuous interpolant by a small part of
// their range; the change of neighbours may add little.
TEST(ResidualField, HasNoJumps) {
  const ResidualField field(scattered(400));
  double last = field.at({-2, 3, 3, 0, 0, 0}).value;
  for (double x = -2; x < 9; x += 0.001) {
    const double value = field.at({x, 3, 3, 0, 0, 0}).value;
    EXPECT_LT(std::abs(value - last), 0.008) << x;
    last = value;
  }
}

// Points of 1 at distance 1 and of 3 at distance 2: R = 2.4, so weights (1 - 1 / 2.4)^2 = 49 / 144 and 1 /
// 144, and 4 / (4 + 1) of their mean is believed.
TEST(ResidualField, WeighsByDistance) {
  const ResidualField field({{{1}, 1}, {{-2}, 3}});
  EXPECT_NEAR(field.at({}).value, (49 + 3) / 50.0 * 4 / 5, 1e-6);
}

TEST(ResidualField, FadesAwayFromItsPointsAndIsEmptyWithoutAny) {
  const ResidualField field({{{0, 0, 0, 0, 0, 0}, 0.5}});
  EXPECT_NEAR(field.at({ResidualField::kFade, 0, 0, 0, 0, 0}).value, 0.25, 1e-6);
  EXPECT_NEAR(field.at({200, 0, 0, 0, 0, 0}).value, 0, 1e-4);
  EXPECT_EQ(ResidualField().at({}).value, 0);
  EXPECT_TRUE(std::isinf(ResidualField().at({}).nearest));
}

TEST(KernelShape, SeesPaddingAndWaves) {
  const auto at = [](std::int64_t m, int multiprocessors) {
    return kernel_shape(Gemm{.m = m, .n = 4096, .k = 1024}, multiprocessors).at;
  };
  EXPECT_EQ(at(512, 0)[3], 0);  // whole tiles of 128 and of 256
  EXPECT_NEAR(at(257, 0)[3], 2 * (std::log(384.0 / 257) + std::log(512.0 / 257)), 1e-12);
  EXPECT_EQ(at(512, 0)[5], 0);  // multiprocessors unknown
  // 4 x 16 tiles of 128 x 256: one wave on 64 multiprocessors; on 63 a second one for a single tile.
  EXPECT_EQ(at(512, 64)[5], 0);
  EXPECT_NEAR(at(512, 63)[5], 2 * std::log(126.0 / 64), 1e-12);
}

TEST(KernelShape, CoordinatesByHand) {
  const Attention op{.batch = 2,
                     .query_length = 2048,
                     .kv_length = 4096,
                     .heads = 16,
                     .kv_heads = 4,
                     .head_dim = 192,
                     .value_dim = 128};
  const KernelShape attention = kernel_shape(op, 100);
  const FieldPoint expected{std::log(2048) / std::sqrt(2),
                            std::log(4096) / std::sqrt(2),
                            std::log(32),
                            2 * std::log(160),
                            std::log(4),
                            0};
  for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(attention.at[i], expected[i], 1e-12) << i;
  EXPECT_EQ(attention.extent, (std::array<double, 3>{4096, 32 * 2048, 160}));
  const KernelShape copy =
      kernel_shape(MemoryBound{.kind = MemoryKind::copy, .rows = 10, .columns = 100}, 100);
  EXPECT_NEAR(copy.at[0], std::log(4000), 1e-12);
  EXPECT_NEAR(copy.at[1], std::log(100) / 2, 1e-12);
  // One row and one column more than a tile of 128 x 256: four tiles for 100 multiprocessors.
  EXPECT_NEAR(kernel_shape(Gemm{.m = 129, .n = 257, .k = 64}, 100).at[5], 2 * std::log(25), 1e-12);
}

TEST(KernelShape, TakesAGroupedGemmAsABatch) {
  const KernelShape grouped = kernel_shape(GroupedGemm{.groups = 4, .m = 512, .n = 1024, .k = 256}, 132);
  const KernelShape batch = kernel_shape(Gemm{.m = 512, .n = 1024, .k = 256, .batch = 4}, 132);
  EXPECT_EQ(grouped.at, batch.at);
  EXPECT_EQ(grouped.extent[0], 2048);
  EXPECT_EQ(grouped.bytes, batch.bytes);
}

TEST(KernelRoofline, AddsWhatItsFormulaSays) {
  const KernelRoofline roofline{
      .fixed = 1e-6, .rate = 1e12, .bandwidth = 1e9, .half = {0, 100, 0}, .conversion = 1e6};
  KernelShape shape{.flops = 1e9, .bytes = 1e6, .converted = 10, .extent = {1, 100, 1}};
  EXPECT_DOUBLE_EQ(roofline.seconds(shape), 1e-6 + 2e-3 + 1e-5);  // compute-bound, at half the rate
  shape.bytes = 1e7;
  EXPECT_DOUBLE_EQ(roofline.seconds(shape), 1e-6 + 1e-2 + 1e-5);
}

TEST(KernelKind, NumbersEveryKindOnce) {
  std::vector<int> seen(kKernelKinds, 0);
  for (int t = 0; t < kDataTypes; ++t) {
    const auto dtype = static_cast<DataType>(t);
    for (int l = 0; l < kGemmLayouts; ++l) {
      const auto layout = static_cast<GemmLayout>(l);
      ++seen[kernel_kind(Gemm{.dtype = dtype, .layout = layout})];
      ++seen[kernel_kind(GroupedGemm{.dtype = dtype, .layout = layout})];
    }
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      ++seen[kernel_kind(Attention{.causal = true, .pass = pass, .dtype = dtype})];
      ++seen[kernel_kind(Attention{.causal = false, .pass = pass, .dtype = dtype})];
    }
  }
  for (int k = 0; k < kMemoryKinds; ++k) ++seen[kernel_kind(MemoryBound{.kind = static_cast<MemoryKind>(k)})];
  EXPECT_EQ(seen, std::vector<int>(kKernelKinds, 1));
}

TEST(KernelCurves, NeverBeatTheirLimits) {
  // A curve that claims an infinite rate.
  KernelLimits limits{.bandwidth = Bandwidth(1e12), .multiprocessors = 132};
  limits.peak[static_cast<std::size_t>(DataType::bf16)] = FlopRate(1e15);
  const KernelCurves curves({KernelCurve{}}, {}, limits);
  const Gemm large{.m = 8192, .n = 8192, .k = 8192};
  EXPECT_DOUBLE_EQ(curves.time(large).value(), 2.0 * 8192 * 8192 * 8192 / 1e15);
  const MemoryBound copy{.rows = 1000, .columns = 1000};
  EXPECT_DOUBLE_EQ(curves.time(copy).value(), 4e6 / 1e12);
  EXPECT_DOUBLE_EQ(curves.roofline_time(copy).value(), 4e6 / 1e12);
}

}  // namespace
}  // namespace traincast
