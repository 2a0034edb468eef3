// `traincast validate kernels` and `validate reliability` as a user meets them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/file.h"
#include "tests/golden/program.h"

namespace traincast {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class ValidateKinds : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "kinds-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& text) const {
    write_file_atomically(folder_ / "k.csv", text);
    return (folder_ / "k.csv").string();
  }
  static Outcome validate(const std::string& words) {
    return run_traincast("validate " + words + " --configs '" TRAINCAST_TEST_CONFIGS "'");
  }

  fs::path folder_;
};

// Times of 3 us + FLOP / (600 TFLOP/s): a roofline to the last digit printed.
TEST_F(ValidateKinds, KernelsOfARooflineAreFoundToBeOne) {
  std::string table = "dtype,m,n,k,time_us\n";
  for (const double m : {128, 512, 2048, 8192}) {
    for (const double n : {1024, 4096, 8192}) {
      for (const double k : {1024, 4096, 16384}) {
        const auto whole = [](double value) { return std::to_string(static_cast<int>(value)); };
        table += "bf16," + whole(m) + "," + whole(n) + "," + whole(k) + "," +
                 std::to_string(3 + 2 * m * n * k / 600e12 * 1e6) + "\n";
      }
    }
  }
  const Outcome outcome = validate("kernels " + file(table) + " --gpu h100-sxm --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  int found = 0;
  const Json rows = Json::parse(outcome.out).at("rows");
  for (const Json& row : rows) {
    if (row["split"] != "points" || row["sizes"] != "all") continue;
    ++found;
    EXPECT_EQ(row["points"], 36);
    const double median = row["median"];
    if (row["predictor"] == "constant") {
      EXPECT_GT(median, 0.05) << row;
    } else {
      EXPECT_LT(median, row["predictor"] == "roofline" ? 0.002 : 0.01) << row;
    }
  }
  EXPECT_EQ(found, 3);
}

TEST_F(ValidateKinds, TablesOfKernelsAreRefusedByLineAndColumn) {
  const auto expect = [&](const std::string& table, const std::string& part) {
    const Outcome outcome = validate("kernels " + file(table));
    EXPECT_EQ(outcome.code, 2) << table;
    EXPECT_EQ(outcome.out, "") << table;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  };
  expect("dtype,m,n,k,time_us\nint3,8,8,8,1\n",
         "k.csv:2: column dtype: \"int3\"; accepted: bfloat16 float16");
  expect("dtype,m,n,k,time_us\nbf16,8,8,8,0\n", "k.csv:2: column time_us: ");
  expect("dtype,m,n,k,time_us\n", "k.csv: no data; accepted: a header and rows");
  expect("dtype,m,n,k,layout,time_us\nbf16,8,8,8,sideways,1\n",
         "column layout: \"sideways\"; accepted: forward data_gradient weight_gradient");
  expect("batch,seq,heads,kv_heads,head_dim,time_us\n1,8,8,3,64,1\n",
         "column kv_heads: \"3\"; accepted: a divisor");
  expect("batch,seq,heads,kv_heads,head_dim,causal,time_us\n1,8,8,8,64,maybe,1\n", "accepted: false true");
  expect("batch,seq,heads,head_dim,time_us\n1,8,8,64,1\n", "k.csv:1: no column kv_heads");
}

TEST_F(ValidateKinds, ReliabilityComparesEachFigureWithItsSource) {
  const Outcome outcome = validate("reliability --histories 10 --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json rows = Json::parse(outcome.out).at("rows");
  ASSERT_GT(rows.size(), 3U);
  for (const Json& row : rows) {
    EXPECT_FALSE(row["source"].get<std::string>().empty()) << row;
    EXPECT_LE(row["published_low"].get<double>(), row["published_high"].get<double>()) << row;
  }
  EXPECT_EQ(validate("reliability --histories 10 --format json").out, outcome.out) << "the same seed";
  const Outcome none = validate("reliability /no/such.json");
  EXPECT_EQ(none.code, 2);
  EXPECT_NE(none.err.find("cannot read /no/such.json"), std::string::npos) << none.err;
  EXPECT_EQ(validate("reliability --histories -1").code, 2);
}

}  // namespace
}  // namespace traincast
