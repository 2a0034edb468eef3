// `traincast measure` of one process: what --resume keeps, what it refuses, files written beside it.
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

class MeasureCli : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "measure-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Launches and copies alone: the shortest part of a measurement.
  Outcome measure(const std::string& words) const {
    return run_traincast("measure --backend cpu --quick --out " + file() + " --ops " + words);
  }
  std::string file() const { return (folder_ / "p.json").string(); }

  fs::path folder_;
};

TEST_F(MeasureCli, ResumeMeasuresNothingTwice) {
  const Outcome first = measure("host --resume");
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_NE(first.err.find("no " + file() + " to go on with; from the start"), std::string::npos)
      << first.err;
  const Json rows = Json::parse(read_file(file())).at("host_ops");
  ASSERT_GT(rows.size(), 1U);
  const Outcome second = measure("host --resume");
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_NE(second.err.find("going on after " + std::to_string(rows.size()) + " rows of " + file()),
            std::string::npos)
      << second.err;
  EXPECT_EQ(Json::parse(read_file(file())).at("host_ops"), rows) << "sample by sample";
  EXPECT_EQ(second.out, first.out);
}

TEST_F(MeasureCli, ResumeOfAnotherMeasurementLeavesItAsItWas) {
  ASSERT_EQ(measure("host").code, 0);
  const std::string before = read_file(file());
  const Outcome other = measure("memory --resume");
  EXPECT_EQ(other.code, 2);
  EXPECT_EQ(other.out, "");
  EXPECT_NE(other.err.find("cannot go on with p: option ops \"host\" there, \"memory\" here"),
            std::string::npos)
      << other.err;
  EXPECT_EQ(read_file(file()), before);
  write_file_atomically(file(), "{");
  const Outcome broken = measure("host --resume");
  EXPECT_EQ(broken.code, 2);
  EXPECT_NE(broken.err.find(file() + ": not JSON: line 1"), std::string::npos) << broken.err;
  EXPECT_EQ(read_file(file()), "{");
}

TEST_F(MeasureCli, StorageIsMeasuredAndLeavesNoFile) {
  fs::create_directory(folder_ / "disk");
  const Outcome outcome = measure("host --format json --storage " + (folder_ / "disk").string());
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json rows = Json::parse(outcome.out).at("storage");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["writers"], 1);
  EXPECT_NEAR(rows[0]["byte_per_s"].get<double>() * rows[0]["median_s"].get<double>(),
              rows[0]["file_bytes"].get<double>(), 1);
  EXPECT_TRUE(fs::is_empty(folder_ / "disk"));
}

}  // namespace
}  // namespace traincast
