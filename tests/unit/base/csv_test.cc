#include "host/base/csv.h"

#include <gtest/gtest.h>

#include "host/base/errors.h"

namespace traincast {
namespace {

CsvTable parse(std::string_view text) {
  return CsvTable::parse(text, "t.csv");
}
template <typename Read>
std::string refusal(Read read) {
  try {
    read();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(CsvTable, ReadsQuotedFieldsAndTrimsTheOthers) {
  const CsvTable table =
      parse("\xEF\xBB\xBFname, size ,note\r\n\r\n\"a, \"\"b\"\" \", 7 ,\n\"two\nlines\",1e3,x y");
  ASSERT_EQ(table.rows(), 2U);
  EXPECT_EQ(table.text(0, "name"), "a, \"b\" ");
  EXPECT_EQ(table.count(0, "size"), 7);
  EXPECT_EQ(table.text(0, "note"), "");
  EXPECT_FALSE(table.number(0, "note"));
  EXPECT_FALSE(table.number(0, "absent"));
  EXPECT_EQ(table.text(1, "name"), "two\nlines");
  EXPECT_EQ(table.number(1, "size"), 1000);
  EXPECT_EQ(table.text(1, "note"), "x y");
}

TEST(CsvTable, RefusesWhatIsNoTable) {
  EXPECT_EQ(refusal([] { parse(""); }), "t.csv: the file is empty; accepted: a CSV table with a header line");
  EXPECT_EQ(refusal([] { parse("a,b\n1,2\n1\n"); }), "t.csv:3: has 1 fields; accepted: 2, as in the header");
  EXPECT_EQ(refusal([] { parse("a,b\n1,\"2\n"); }), "t.csv:2: a quoted field is not closed");
  EXPECT_EQ(refusal([] { parse("a,b,a\n"); }), "t.csv:1: column a appears twice; accepted: once");
  EXPECT_EQ(refusal([] {
              parse("a,b\n").require({"b", "c", "d"});
            }),
            "t.csv:1: the header lacks the columns c d");
  EXPECT_NE(refusal([] { CsvTable::from_file("/"); }).find("it is a folder"), std::string::npos);
}

TEST(CsvTable, RefusesNumbersWithLineColumnAndText) {
  const CsvTable table = parse("n\n-1\nnan\n1.5\n2000000000\n0\n7x\n");
  EXPECT_EQ(refusal([&] { table.number(1, "n"); }),
            "t.csv:3: column n: \"nan\"; accepted: a number, or nothing");
  const char* kCount = "t.csv:2: column n: \"-1\"; accepted: a whole number up to 1000000000, or nothing";
  EXPECT_EQ(refusal([&] { table.count(0, "n"); }), kCount);
  EXPECT_EQ(table.count(4, "n"), 0);
  for (const std::size_t row : {1, 2, 3, 5})
    EXPECT_NE(refusal([&] { table.count(row, "n"); }), "accepted") << row;
  for (const std::size_t row : {0, 1, 4, 5}) {
    EXPECT_NE(refusal([&] { table.positive(row, "n"); }), "accepted") << row;
    EXPECT_NE(refusal([&] { table.positive_count(row, "n"); }), "accepted") << row;
  }
  EXPECT_EQ(table.positive(2, "n"), 1.5);
  EXPECT_NE(refusal([&] { table.positive_count(2, "n"); }), "accepted");
}

}  // namespace
}  // namespace traincast
