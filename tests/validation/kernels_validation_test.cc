// Kernel times that the curves have not seen: a fifth of the published points of one GPU left out at a time.
// Prints errors beside a roofline and a constant efficiency.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "host/calibrate/kernel_csv.h"
#include "host/calibrate/validate_kernels.h"
#include "host/config/load.h"
#include "tests/validation/csv.h"

namespace traincast {
namespace {

Gpu h100() {
  return load_gpu(ConfigStore(TRAINCAST_TEST_CONFIGS), "h100-sxm");
}

std::vector<KernelErrors> judge(const std::filesystem::path& file, std::string_view only) {
  std::vector<KernelPoint> points = read_kernel_csv(CsvTable::from_file(file));
  std::vector<KernelErrors> errors = validate_kernels(points, h100());
  std::erase_if(errors, [&](const KernelErrors& row) { return row.kernels.find(only) == std::string::npos; });
  std::printf("%-32s %-8s %-16s %-9s %7s %8s %8s %8s\n", "kernels", "left out", "sizes", "predictor",
              "points", "median", "90 %", "mean e");
  for (const KernelErrors& row : errors) {
    std::printf("%-32s %-8s %-16s %-9s %7zu %7.1f%% %7.1f%% %+7.1f%%\n", row.kernels.c_str(),
                row.split.c_str(), row.sizes.c_str(), row.predictor.c_str(), row.points, 100 * row.median,
                100 * row.p90, 100 * row.bias);
  }
  return errors;
}

// Both splits must stay below the limits, and below the roofline.
void expect_within(const std::vector<KernelErrors>& errors, std::string_view kernels, std::string_view sizes,
                   double median, double p90) {
  int judged = 0;
  for (const KernelErrors& row : errors) {
    if (row.kernels != kernels || row.sizes != sizes || row.predictor != "curves") continue;
    const auto roofline = std::find_if(errors.begin(), errors.end(), [&](const KernelErrors& other) {
      return other.kernels == row.kernels && other.split == row.split && other.sizes == row.sizes &&
             other.predictor == "roofline";
    });
    ASSERT_NE(roofline, errors.end());
    EXPECT_GE(row.points, 1000U);
    EXPECT_LE(row.median, median) << kernels << ", " << row.split << " left out";
    EXPECT_LE(row.p90, p90) << kernels << ", " << row.split << " left out";
    EXPECT_LT(row.median, roofline->median) << kernels << ", " << row.split << " left out";
    ++judged;
  }
  EXPECT_EQ(judged, 2) << kernels << ": points and columns";
}

TEST(KernelsValidation, H100GemmLeftOut) {
  const auto file = test::shared_file("h100-sxm-gemm.csv", "data");
  if (file.empty()) GTEST_SKIP() << "data/h100-sxm-gemm.csv is not in $TRAINCAST_SHARED nor in ../shared";
  const std::vector<KernelErrors> errors = judge(file, "gemm");
  expect_within(errors, "gemm bf16", "m >= 128", 0.04, 0.12);
  expect_within(errors, "gemm fp8_e4m3", "m >= 128", 0.07, 0.25);
}

TEST(KernelsValidation, H100AttentionLeftOut) {
  const auto file = test::shared_file("h100-sxm-attention-forward.csv", "data");
  if (file.empty()) {
    GTEST_SKIP() << "data/h100-sxm-attention-forward.csv is not in $TRAINCAST_SHARED nor in ../shared";
  }
  expect_within(judge(file, "attention"), "attention forward causal bf16", "all", 0.05, 0.20);
}

}  // namespace
}  // namespace traincast
