// Did the tables of a run by date change? After a wanted change: TRAINCAST_UPDATE_GOLDEN=1
// build/tests/site_reports_test, and read the difference.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "host/report/renderer.h"
#include "host/report/site_tables.h"
#include "tests/golden/site_forecast.h"

namespace traincast {
namespace {

class SiteGoldenTest : public testing::TestWithParam<const char*> {};

TEST_P(SiteGoldenTest, Tables) {
  const Gpu gpu = hand_gpu();
  const Report report{.name = "site", .title = "By date", .tables = site_tables(hand_site_forecast(gpu))};
  const std::string format = GetParam();
  const std::filesystem::path file = std::filesystem::path(TRAINCAST_TEST_SOURCE) / "tests" / "golden" /
                                     "expected" / ("site." + (format == "text" ? "txt" : format));
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

INSTANTIATE_TEST_SUITE_P(Formats, SiteGoldenTest, testing::Values("text", "json"),
                         [](const auto& param) { return std::string(param.param); });

}  // namespace
}  // namespace traincast
