#include <array>
#include <tuple>

#include "kernels/cpu/reference.h"
#include "kernels/cpu/sgemm.h"
#include "kernels/number_format.h"
#include "tests/unit/kernels/oracle.h"

namespace traincast {
namespace {

using test::distance;
using test::run_on_cpu;
using test::values;

// The three layouts by their definitions in host/base/op.h, in double.
std::vector<double> definition(const Gemm& g, std::uint64_t seed) {
  const auto a = values(g, seed, 0);
  const auto b = values(g, seed, 1);
  const bool gradient = g.layout == GemmLayout::weight_gradient;
  auto c = gradient ? values(g, seed, 2) : std::vector<double>(static_cast<std::size_t>(g.batch * g.m * g.n));
  for (std::int64_t s = 0; s < g.batch; ++s) {
    for (std::int64_t i = 0; i < g.m; ++i) {
      for (std::int64_t j = 0; j < g.n; ++j) {
        for (std::int64_t l = 0; l < g.k; ++l) {
          const std::int64_t at_a = s * g.m * g.k + (gradient ? l * g.m + i : i * g.k + l);
          const std::int64_t at_b =
              s * g.k * g.n + (g.layout == GemmLayout::forward ? j * g.k + l : l * g.n + j);
          c[static_cast<std::size_t>((s * g.m + i) * g.n + j)] +=
              a[static_cast<std::size_t>(at_a)] * b[static_cast<std::size_t>(at_b)];
        }
      }
    }
  }
  return c;
}

using Case = std::tuple<GemmLayout, DataType, std::array<std::int64_t, 4>>;
class GemmDefinition : public testing::TestWithParam<Case> {};

TEST_P(GemmDefinition, CpuComputesIt) {
  const auto& [layout, dtype, size] = GetParam();
  const Gemm op{.m = size[0], .n = size[1], .k = size[2], .dtype = dtype, .layout = layout, .batch = size[3]};
  // FP32 sums of at most 300 terms; else half of the output format's spacing, 2^-9 for bf16.
  const bool wide = dtype == DataType::fp32 || layout == GemmLayout::weight_gradient;
  EXPECT_LT(distance(run_on_cpu(op, 9), definition(op, 9)), wide ? 1e-6 : 3e-3) << to_string(op);
}

INSTANTIATE_TEST_SUITE_P(All, GemmDefinition,
                         testing::Combine(testing::Values(GemmLayout::forward, GemmLayout::data_gradient,
                                                          GemmLayout::weight_gradient),
                                          testing::Values(DataType::fp32, DataType::bf16, DataType::fp16,
                                                          DataType::fp8_e4m3),
                                          testing::Values(std::array<std::int64_t, 4>{1, 1, 1, 1},
                                                          std::array<std::int64_t, 4>{5, 7, 3, 2},
                                                          std::array<std::int64_t, 4>{33, 300, 129, 1})));

TEST(Gemm, ByHand) {
  // x = [1 2; 3 4], w = [5 6; 7 8]: x w^T, x w, and dw += x^T w.
  const auto run = [](GemmLayout layout) {
    Tensors tensors{{1, 2, 3, 4}, {5, 6, 7, 8}, {100, 100, 100, 100}};
    run_gemm(Gemm{.m = 2, .n = 2, .k = 2, .dtype = DataType::fp32, .layout = layout}, tensors);
    return tensors[2];
  };
  EXPECT_EQ(run(GemmLayout::forward), (std::vector<float>{17, 23, 39, 53}));
  EXPECT_EQ(run(GemmLayout::data_gradient), (std::vector<float>{19, 22, 43, 50}));
  EXPECT_EQ(run(GemmLayout::weight_gradient), (std::vector<float>{126, 130, 138, 144}));
}

TEST(Gemm, GroupedIsTheSameAsBatched) {
  for (int layout = 0; layout < kGemmLayouts; ++layout) {
    const auto which = static_cast<GemmLayout>(layout);
    const auto grouped = run_on_cpu(GroupedGemm{.groups = 3, .m = 4, .n = 5, .k = 6, .layout = which}, 1);
    EXPECT_EQ(grouped, run_on_cpu(Gemm{.m = 4, .n = 5, .k = 6, .layout = which, .batch = 3}, 1));
  }
}

TEST(Gemm, LibraryAndLoopsAgree) {
  constexpr std::int64_t kM = 70, kN = 261, kK = 131;  // across the loops' block sizes
  std::vector<float> a(kM * kK), b(kK * kN);
  const Operand normal;
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = operand_value(normal, 1, 0, i);
  for (std::size_t i = 0; i < b.size(); ++i) b[i] = operand_value(normal, 1, 1, i);
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      for (const float beta : {0.0f, 1.0f, 0.5f}) {
        const SgemmShape shape{kM, kN, kK, transpose_a, transpose_b, beta};
        std::vector<float> library(kM * kN, 3.0f), loops(kM * kN, 3.0f);
        sgemm(shape, a.data(), b.data(), library.data());
        sgemm_loops(shape, a.data(), b.data(), loops.data());
        EXPECT_LT(distance(library, loops), 1e-6);
      }
    }
  }
}

TEST(Gemm, InputsAndOutputsAreInTheirFormats) {
  const Gemm op{.m = 8, .n = 8, .k = 8, .dtype = DataType::fp8_e4m3};
  for (const double x : values(op, 4, 0)) {
    EXPECT_EQ(round_to(DataType::fp8_e4m3, static_cast<float>(x)), static_cast<float>(x));
  }
  for (const float y : run_on_cpu(op, 4)) EXPECT_EQ(round_to(DataType::bf16, y), y);
}

}  // namespace
}  // namespace traincast
