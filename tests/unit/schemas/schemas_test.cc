#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/csv.h"
#include "host/base/file.h"
#include "tests/golden/program.h"
#include "tests/unit/schemas/json_schema.h"

namespace traincast {
namespace {

using Json = nlohmann::json;

const std::filesystem::path kSource = TRAINCAST_TEST_SOURCE;

Json schema(const std::string& name) {
  return Json::parse(read_file(kSource / "share" / "schemas" / (name + ".schema.json")));
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class OutputTest : public testing::TestWithParam<const char*> {
 protected:
  static std::string words(const std::string& format) {
    return std::string(GetParam()) + " --format " + format + " --configs '" + (kSource / "configs").string() +
           "'";
  }
};

INSTANTIATE_TEST_SUITE_P(Commands, OutputTest,
                         testing::Values("claims", "compare", "compare llama-3-8b-one-node grok-1-512",
                                         "estimate llama-3.1-405b-16k", "estimate grok-3-central-200k",
                                         "list", "version",
                                         "validate runs '" TRAINCAST_TEST_SOURCE
                                         "/configs/published/runs.csv'"));

TEST_P(OutputTest, JsonFollowsThePublishedSchema) {
  const Outcome outcome = run_traincast(words("json"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json value = Json::parse(outcome.out);
  EXPECT_EQ(joined(schema_errors(schema("report"), value)), "");
}

TEST_P(OutputTest, CsvIsOneTableUnderOneHeader) {
  const Outcome outcome = run_traincast(words("csv"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  // Refuses rows of another length, and columns named twice.
  const CsvTable table = CsvTable::parse(outcome.out, "output");
  EXPECT_GT(table.rows(), 0U);
  for (const std::string& column : table.columns()) {
    EXPECT_FALSE(column.empty());
    EXPECT_EQ(column.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"), std::string::npos) << column;
  }
  EXPECT_NE(outcome.out.front(), '\xEF') << "a byte-order mark would become part of the first column's name";
}

TEST_P(OutputTest, MarkdownTablesKeepTheirCells) {
  const Outcome outcome = run_traincast(words("md"));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  std::size_t expected = 0;
  for (std::size_t begin = 0; begin < outcome.out.size();) {
    const std::size_t end = outcome.out.find('\n', begin);
    const std::string line = outcome.out.substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with('|')) {
      expected = 0;
      continue;
    }
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i)
      bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
    if (expected == 0) expected = bars;
    EXPECT_EQ(bars, expected) << line;
  }
}

TEST_P(OutputTest, TextFitsTheWidthAskedFor) {
  for (const std::size_t width : {80, 100, 120}) {
    const Outcome outcome = run_traincast(words("text") + " --width " + std::to_string(width));
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, run_traincast(words("text"), "COLUMNS=" + std::to_string(width)).out);
    std::size_t used = 0;
    for (const char byte : outcome.out) {
      if (byte == '\n') {
        EXPECT_LE(used, width);
        used = 0;
      } else if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80U) {
        ++used;
      }
    }
  }
}

TEST(Trace, FollowsItsPublishedSchema) {
  const auto folder = std::filesystem::temp_directory_path() / "traincast-schema-trace";
  std::filesystem::create_directories(folder);
  const std::filesystem::path file = folder / "step.json";
  const Outcome outcome = run_traincast("trace llama-3.1-405b-16k --format json --out '" + file.string() +
                                        "' --configs '" + (kSource / "configs").string() + "'");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(joined(schema_errors(schema("trace"), Json::parse(read_file(file)))), "");
  EXPECT_EQ(joined(schema_errors(schema("report"), Json::parse(outcome.out))), "");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);  // no temporary stays
  const Outcome without = run_traincast("trace llama-3.1-405b-16k");
  EXPECT_EQ(without.code, 2);
  const Outcome rank = run_traincast("trace llama-3.1-405b-16k --ranks 99 --out '" + file.string() + "'");
  EXPECT_EQ(rank.code, 2);
  EXPECT_NE(rank.err.find("accepted: 0 to 15"), std::string::npos) << rank.err;
  // Of a site that grows: the step that most of the run makes.
  const Outcome grows = run_traincast("trace grok-3-colossus-timeline --out '" + file.string() +
                                      "' --configs '" + (kSource / "configs").string() + "'");
  EXPECT_NE(grows.err.find("98304 GPUs of the plan's 196608"), std::string::npos) << grows.err;
  std::filesystem::remove_all(folder);
}

TEST(Schema, RefusesWhatItShould) {
  const Json report = schema("report");
  const auto errors = [&](const char* text) { return joined(schema_errors(report, Json::parse(text))); };
  EXPECT_NE(errors(R"({"schema_version":2,"report":"list","notes":[],"rows":[]})").find("/schema_version"),
            std::string::npos);
  EXPECT_NE(errors(R"({"schema_version":1,"report":"list","notes":[]})").find("lacks \"rows\""),
            std::string::npos);
  EXPECT_NE(errors(R"({"schema_version":1,"report":"other","notes":[],"rows":[{"a":[1]}]})").find("/rows"),
            std::string::npos);
  EXPECT_EQ(errors(R"({"schema_version":1,"report":"other","notes":[],"rows":[{"a":1}]})"), "");
  EXPECT_THROW(schema_errors(Json{{"uniqueItems", true}}, 1), std::logic_error);
}

}  // namespace
}  // namespace traincast
