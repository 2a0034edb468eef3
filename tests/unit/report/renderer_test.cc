#include "host/report/renderer.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

#include "host/base/errors.h"
#include "host/config/json.h"
#include "host/report/formats.h"
#include "tests/golden/sample_report.h"

namespace traincast {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Report report_of(std::vector<Column> columns, std::vector<std::vector<Cell>> rows) {
  return {.name = "t", .tables = {{.columns = std::move(columns), .rows = std::move(rows)}}};
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

TEST(Cells, PeopleReadUnitsMachinesSi) {
  EXPECT_EQ(count_cell(-1234567).text, "-1,234,567");
  EXPECT_EQ(count_cell(999).text, "999");
  EXPECT_EQ(number_cell(-0.001, 2).text, "0.00");
  EXPECT_EQ(percent_cell(0.3851).text, "38.5 %");
  EXPECT_EQ(std::get<double>(percent_cell(0.3851).machine), 0.3851);
  EXPECT_EQ(std::get<double>(quantity_cell(Seconds(0.00123)).machine), 0.00123);
  EXPECT_EQ(quantity_cell(Seconds(kNaN)).text, "\u2014");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(missing_cell("does not fit").machine));
}

TEST(Text, CountsCodePointsNotBytes) {
  EXPECT_EQ(text_width("abc"), 3U);
  EXPECT_EQ(text_width("\u00e9\u2014\U0001F600"), 3U);
  const std::string out = render(
      report_of({{.key = "a", .title = "a", .align = Align::left}, {.key = "b", .title = "b"}},
                {{text_cell("\u00e9\u00e9\u00e9"), text_cell("1")}, {text_cell("eee"), text_cell("2")}}),
      "text");
  EXPECT_EQ(out, "a    b\n---  -\n\u00e9\u00e9\u00e9  1\neee  2\n");
}

TEST(Text, WrapsAtSpacesAndKeepsEveryCharacter) {
  EXPECT_EQ(wrap_text("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap_text("\u00e9\u00e9\u00e9\u00e9\u00e9", 2),
            (std::vector<std::string>{"\u00e9\u00e9", "\u00e9\u00e9", "\u00e9"}));
  EXPECT_EQ(wrap_text("", 5), (std::vector<std::string>{""}));
  EXPECT_EQ(wrap_text("  in", 5), (std::vector<std::string>{"  in"}));
}

TEST(Text, FitsEveryWidthFrom44AndSaysWhatItDropped) {
  for (int width = 44; width <= 200; ++width) {
    const std::string out = render(sample_report(), "text", {.width = width});
    for (const std::string& line : lines_of(out))
      EXPECT_LE(text_width(line), static_cast<std::size_t>(width)) << line;
  }
  EXPECT_NE(render(sample_report(), "text", {.width = 60}).find("Not shown for lack of width:"),
            std::string::npos);
  EXPECT_EQ(render(sample_report(), "text", {.width = 200}).find("Not shown"), std::string::npos);
}

TEST(Text, DropsTheGreatestPriorityFirstAndTheRightmostOfEquals) {
  const Report report = report_of({{.key = "a", .title = "aaaaaaaaaa"},
                                   {.key = "b", .title = "bbbbbbbbbb", .priority = 1},
                                   {.key = "c", .title = "cccccccccc", .priority = 2},
                                   {.key = "d", .title = "dddddddddd", .priority = 1}},
                                  {});
  const auto header = [&](int width) { return lines_of(render(report, "text", {.width = width})).front(); };
  EXPECT_EQ(header(46), "aaaaaaaaaa  bbbbbbbbbb  cccccccccc  dddddddddd");
  EXPECT_EQ(header(45), "aaaaaaaaaa  bbbbbbbbbb  dddddddddd");
  EXPECT_EQ(header(33), "aaaaaaaaaa  bbbbbbbbbb");
  EXPECT_EQ(header(21), "aaaaaaaaaa");
}

TEST(Text, PutsBackWhatHasRoomOnceAWideColumnIsGone) {
  const Report report = report_of({{.key = "a", .title = "aaaaaaaaaa"},
                                   {.key = "b", .title = "bbbbbbbbbbbbbbbbbbbb", .priority = 1},
                                   {.key = "c", .title = "cccc", .priority = 2}},
                                  {});
  EXPECT_EQ(
      render(report, "text", {.width = 25}),
      "aaaaaaaaaa  cccc\n----------  ----\n* Not shown for lack of\n  width:\n  bbbbbbbbbbbbbbbbbbbb.\n");
}

TEST(Json, NeverHoldsWhatIsNotFiniteAndSaysSo) {
  const std::string out =
      render(report_of({{.key = "x_s", .title = "x"}}, {{number_cell(kInfinity, 1)}, {number_cell(0.1, 1)}}),
             "json");
  const JsonValue root = parse_json(out, "out.json");
  EXPECT_EQ(
      out,
      "{\n \"schema_version\": 1,\n \"report\": \"t\",\n \"rows\": [\n  {\n   \"x_s\": null\n  },\n  {\n"
      "   \"x_s\": 0.1\n  }\n ],\n \"notes\": [\n"
      "  \"rows/0/x_s: the value is not finite and written as null\"\n ]\n}\n");
  EXPECT_NE(root.get<JsonValue::Object>(), nullptr);
}

TEST(Json, SurvivesBytesThatAreNoUtf8) {
  const std::string out = render(report_of({{.key = "x", .title = "x"}}, {{text_cell("a\xff")}}), "json");
  EXPECT_NE(out.find("a\xef\xbf\xbd"), std::string::npos);
}

TEST(Csv, QuotesAndEndsLinesAsTheStandardSays) {
  const std::string out = render(report_of({{.key = "a", .title = "A"}, {.key = "b", .title = "B"}},
                                           {{text_cell("x,\"y\"\nz"), number_cell(kNaN, 1)},
                                            {bool_cell(true), number_cell(1.0 / 3.0, 1)}}),
                                 "csv");
  EXPECT_EQ(out, "a,b\r\n\"x,\"\"y\"\"\nz\",\r\ntrue,0.3333333333333333\r\n");
}

TEST(Markdown, EscapesWhatWouldEndACell) {
  const std::string out =
      render(report_of({{.key = "a", .title = "A", .align = Align::left}}, {{text_cell("x|y\nz")}}), "md");
  EXPECT_EQ(out, "| A |\n| :--- |\n| x\\|y z |\n");
}

TEST(Render, RefusesUnknownFormatsAndMisshapenReports) {
  EXPECT_THROW(render(sample_report(), "xml"), UsageError);
  EXPECT_THROW(render(report_of({{.key = "a"}}, {{}}), "csv"), std::logic_error);
  EXPECT_THROW(render(report_of({{.key = "a"}, {.key = "a"}}, {}), "csv"), std::logic_error);
  Report twice = report_of({}, {});
  twice.scalars = {{"rows", "", count_cell(1)}};
  EXPECT_THROW(render(twice, "json"), std::logic_error);
}

}  // namespace
}  // namespace traincast
