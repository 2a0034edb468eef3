// Rows that rest on published facts and clusters alone: no change of the model of a run moves them.
#include "tests/golden/golden.h"
#include "tests/golden/program.h"

namespace traincast {
namespace {

void expect_claims(const std::string& format, const std::string& width, const std::string& file) {
  const Outcome outcome = run_traincast("claims --only A01,A05,A06,C03,C08,E04 --format " + format +
                                        " --width " + width + " --configs '" TRAINCAST_TEST_CONFIGS "'");
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  expect_golden("claims/" + file, outcome.out);
}

TEST(ClaimsGolden, TextOf80Columns) {
  expect_claims("text", "80", "text-80.txt");
}
TEST(ClaimsGolden, TextOf120Columns) {
  expect_claims("text", "120", "text-120.txt");
}
TEST(ClaimsGolden, Markdown) {
  expect_claims("md", "120", "claims.md");
}
TEST(ClaimsGolden, Csv) {
  expect_claims("csv", "120", "claims.csv");
}
TEST(ClaimsGolden, Json) {
  expect_claims("json", "120", "claims.json");
}

TEST(ClaimsGolden, UnknownIdIsOneLine) {
  const Outcome outcome = run_traincast("claims --only A01,Z9 --configs '" TRAINCAST_TEST_CONFIGS "'");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.err.starts_with("traincast: unknown claim \"Z9\"; accepted: A01 A02 ")) << outcome.err;
  EXPECT_EQ(outcome.err.find('\n'), outcome.err.size() - 1);
}

}  // namespace
}  // namespace traincast
