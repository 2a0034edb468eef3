#include "host/report/renderer.h"
#include "tests/golden/golden.h"
#include "tests/golden/sample_report.h"

namespace traincast {
namespace {

TEST(RendererGolden, TextOf80Columns) {
  expect_golden("report/text-80.txt", render(sample_report(), "text", {.width = 80}));
}
TEST(RendererGolden, TextOf120Columns) {
  expect_golden("report/text-120.txt", render(sample_report(), "text", {.width = 120}));
}
TEST(RendererGolden, Markdown) {
  expect_golden("report/report.md", render(sample_report(), "md"));
}
TEST(RendererGolden, Csv) {
  expect_golden("report/report.csv", render(sample_report(), "csv"));
}
TEST(RendererGolden, Json) {
  expect_golden("report/report.json", render(sample_report(), "json"));
}

}  // namespace
}  // namespace traincast
