#include "host/base/csv.h"

#include <gtest/gtest.h>

#include <functional>

#include "host/base/errors.h"

namespace traincast {
namespace {

std::string refusal(const std::function<void()>& act) {
  try {
    act();
  } catch (const ConfigError& error) {
    return error.what();
  }
  ADD_FAILURE() << "not refused";
  return "";
}

TEST(Csv, QuotedFieldsKeepCommasQuotesAndLineBreaks) {
  const CsvTable table =
      CsvTable::parse("a,b,c\n\"x, y\",\"say \"\"hi\"\"\",\"two\nlines\"\n,\"\",3\n", "t.csv");
  ASSERT_EQ(table.rows(), 2U);
  EXPECT_EQ(table.text(0, "a"), "x, y");
  EXPECT_EQ(table.text(0, "b"), "say \"hi\"");
  EXPECT_EQ(table.text(0, "c"), "two\nlines");
  EXPECT_EQ(table.text(1, "a"), "");
  EXPECT_EQ(table.text(1, "b"), "");
  EXPECT_EQ(table.line(0), 2);
  EXPECT_EQ(table.line(1), 4) << "a line break inside quotes counts";
}

TEST(Csv, AByteOrderMarkWindowsLineEndsBlankLinesAndAMissingLastLineEndDoNotMatter) {
  const CsvTable table = CsvTable::parse("\xEF\xBB\xBFid,n\r\nx,1\r\n\r\ny,2", "t.csv");
  ASSERT_EQ(table.rows(), 2U);
  EXPECT_TRUE(table.has("id"));
  EXPECT_EQ(table.text(0, "n"), "1");
  EXPECT_EQ(table.text(1, "id"), "y");
  EXPECT_EQ(table.count(1, "n"), 2);
  EXPECT_EQ(table.line(1), 4);
}

TEST(Csv, AHeaderAloneIsATableWithoutRows) {
  EXPECT_EQ(CsvTable::parse("a,b\n", "t.csv").rows(), 0U);
}

TEST(Csv, RefusesBrokenTablesWithFileAndLine) {
  EXPECT_EQ(refusal([] { CsvTable::parse("a,b\n1,2\n3,\"open\n4,5\n", "t.csv"); }),
            "t.csv:3: a quoted field is not closed");
  EXPECT_EQ(refusal([] { CsvTable::parse("a,b\n1,2\n3\n", "t.csv"); }),
            "t.csv:3: has 1 fields; the header has 2");
  EXPECT_EQ(refusal([] { CsvTable::parse("a,b\n1,2,3\n", "t.csv"); }),
            "t.csv:2: has 3 fields; the header has 2");
  EXPECT_EQ(refusal([] { CsvTable::parse("", "t.csv"); }), "t.csv: is empty; expected a CSV header row");
}

TEST(Csv, NumbersAreAbsentWhereTheFieldIsEmptyOrTheColumnMissing) {
  const CsvTable table = CsvTable::parse("x,y\n1.5e3,\n-2,7\n", "t.csv");
  EXPECT_EQ(table.number(0, "x"), 1500);
  EXPECT_EQ(table.count(0, "x"), 1500);
  EXPECT_EQ(table.number(1, "x"), -2);
  EXPECT_EQ(table.number(0, "y"), std::nullopt);
  EXPECT_EQ(table.count(0, "y"), std::nullopt);
  EXPECT_EQ(table.number(0, "z"), std::nullopt);
  EXPECT_EQ(table.text(0, "z"), "");
}

TEST(Csv, RefusesNumbersWithFileLineColumnAndText) {
  const CsvTable table = CsvTable::parse("id,gpus\na,8x\nb,1.5\nc,-8\nd,nan\ne,1e400\nf, 8\n", "runs.csv");
  EXPECT_EQ(refusal([&] { (void)table.number(0, "gpus"); }),
            "runs.csv:2: column gpus: \"8x\" is not accepted; accepted: a number, or nothing");
  EXPECT_EQ(refusal([&] { (void)table.count(1, "gpus"); }),
            "runs.csv:3: column gpus: \"1.5\" is not accepted; accepted: a whole number, or nothing");
  EXPECT_EQ(refusal([&] { (void)table.count(2, "gpus"); }),
            "runs.csv:4: column gpus: \"-8\" is not accepted; accepted: a whole number, or nothing");
  for (const std::size_t row : {3U, 4U, 5U}) {
    EXPECT_THROW((void)table.number(row, "gpus"), ConfigError) << table.text(row, "gpus");
  }
}

TEST(Csv, RequireNamesEveryMissingColumn) {
  const CsvTable table = CsvTable::parse("a,b\n1,2\n", "t.csv");
  EXPECT_NO_THROW(table.require({"b", "a"}));
  EXPECT_EQ(refusal([&] { table.require({"a", "c", "d"}); }), "t.csv:1: the header lacks the columns c d");
}

}  // namespace
}  // namespace traincast
