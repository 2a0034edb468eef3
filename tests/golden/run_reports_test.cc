// Did the output change? After a wanted change: TRAINCAST_UPDATE_GOLDEN=1 build/tests/run_reports_test, and
// read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "host/report/compare_report.h"
#include "host/report/estimate_report.h"
#include "host/report/renderer.h"
#include "tests/golden/forecasts.h"

namespace traincast {
namespace {

void expect_golden(const Report& report, const std::string& format) {
  const std::string name = report.name + "." + (format == "text" ? "txt" : format);
  const std::filesystem::path file =
      std::filesystem::path(TRAINCAST_TEST_SOURCE) / "tests" / "golden" / "expected" / name;
  const std::string actual = render(report, format, {.width = 120});
  if (std::getenv("TRAINCAST_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file, std::ios::binary) << actual;
    return;
  }
  std::ifstream in(file, std::ios::binary);
  ASSERT_TRUE(in) << file;
  const std::string expected(std::istreambuf_iterator<char>(in), {});
  EXPECT_EQ(actual, expected) << file;
}

class GoldenTest : public testing::TestWithParam<const char*> {};

TEST_P(GoldenTest, Estimate) {
  expect_golden(estimate_report(hand_forecast(hand_gpu())), GetParam());
}

TEST_P(GoldenTest, Compare) {
  const Gpu gpu = hand_gpu();
  expect_golden(compare_report(std::vector<Forecast>{hand_forecast(gpu), hand_refusal(gpu)}), GetParam());
}

TEST_P(GoldenTest, OfARunInParts) {
  Report estimate = estimate_report(hand_forecast_in_parts(hand_gpu()));
  estimate.name = "estimate-parts";
  expect_golden(estimate, GetParam());
  const Gpu gpu = hand_gpu();
  Report compare = compare_report(std::vector<Forecast>{hand_forecast_in_parts(gpu), hand_forecast(gpu)});
  compare.name = "compare-parts";
  expect_golden(compare, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Formats, GoldenTest, testing::Values("text", "md", "csv", "json"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace traincast
