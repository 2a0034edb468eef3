// `traincast validate` as a user meets it: exit codes, one line of error, the shape of its JSON and CSV.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/base/csv.h"
#include "host/base/file.h"
#include "tests/golden/program.h"

namespace traincast {
namespace {

using Json = nlohmann::json;

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "validate-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string file(const std::string& name, const std::string& text) const {
    write_file_atomically(path_ / name, text);
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

Outcome validate(const std::string& words) {
  return run_traincast("validate " + words + " --configs '" TRAINCAST_TEST_CONFIGS "'");
}

void expect_refused(const std::string& words, const std::string& part) {
  const Outcome outcome = validate(words);
  EXPECT_EQ(outcome.code, 2) << words;
  EXPECT_EQ(outcome.out, "") << words;
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
}

// Two rows of one small model on eight H100; the second says too little, the third is of grade C.
constexpr const char* kRuns =
    "id,family,model,gpu,gpus,layers,hidden,ffn_hidden,heads,kv_heads,head_dim,gated_mlp,vocab,seq,tp,pp,mbs,"
    "gbs_seqs,zero_stage,precision_class,recompute_mode,stack,grade,primary,core,iter_time_s,remark\n"
    "A-1,A,m,H100,8,32,4096,14336,32,8,128,1,128256,8192,1,1,1,128,1,bf16,none,nemo-2024,A,1,1,10,x\n"
    "A-2,A,m,H100,8,,4096,14336,32,8,128,1,128256,8192,1,1,1,128,1,bf16,none,nemo-2024,A,1,1,10,\n"
    "B-1,B,m,H100,64,32,4096,14336,32,8,128,1,128256,8192,1,1,1,128,1,bf16,none,nemo-2024,C,1,0,2,\n";

TEST(ValidateCli, WrongCommandLinesAndFilesAreOneLineAndExit2) {
  const Folder folder;
  expect_refused("speed", "unknown validation \"speed\"; accepted: runs collectives kernels reliability");
  expect_refused("runs", "takes one FILE.csv; got 0");
  expect_refused("runs /no/such/file.csv", "/no/such/file.csv");
  expect_refused("runs " + folder.file("odd.csv", "name,speed\nx,1\n"), "odd.csv:1: the header is none of");
  expect_refused("runs " + folder.file("empty.csv", ""), "empty.csv: the file is empty");
  std::string spoiled = kRuns;
  spoiled.replace(spoiled.find("H100,8,"), 7, "H100,8x,");
  expect_refused("runs " + folder.file("spoiled.csv", spoiled), "spoiled.csv:2: column gpus: \"8x\"");
  expect_refused("runs " + folder.file("runs.csv", kRuns) + " --explain Z-9", "has no row \"Z-9\"");
  expect_refused("collectives --fit x.csv", "needs --fit FILE.csv and --predict FILE.csv");
  expect_refused("collectives --fit /no/a.csv --predict /no/b.csv", "/no/a.csv");
  expect_refused("kernels /no/such/file.csv", "/no/such/file.csv");
  expect_refused("kernels " + folder.file("k.csv", "dtype,m\nbf16,1\n") + " --gpu h100-sxm", "k.csv:1");
}

TEST(ValidateCli, JsonHasEveryRowWithTheDocumentedKeysAndTheSummary) {
  const Folder folder;
  const Outcome outcome =
      validate("runs " + folder.file("runs.csv", kRuns) + " --format json --cross-validate");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json root = Json::parse(outcome.out);
  ASSERT_EQ(root.at("rows").size(), 3U);
  for (const Json& row : root.at("rows")) {
    for (const char* key :
         {"id", "family", "gpu", "gpus", "predicted_s", "measured_s", "log_error", "status", "reason"}) {
      EXPECT_TRUE(row.contains(key)) << key;
    }
  }
  const Json& good = root["rows"][0];
  EXPECT_EQ(good["id"], "A-1");
  EXPECT_EQ(good["status"], "ok");
  EXPECT_EQ(good["gpus"], 8);
  EXPECT_EQ(good["measured_s"], 10.0);
  EXPECT_NEAR(good["log_error"].get<double>(), std::log(good["predicted_s"].get<double>() / 10), 1e-9);
  const Json& refused = root["rows"][1];
  EXPECT_EQ(refused["status"], "cannot express");
  EXPECT_TRUE(refused["predicted_s"].is_null() && refused["log_error"].is_null());
  EXPECT_NE(refused["reason"].get<std::string>().find("architecture not published"), std::string::npos);
  EXPECT_EQ(root["rows"][2]["scored"], false) << "grade C";
  const Json& summary = root.at("summary");
  for (const char* group : {"all", "core", "family", "gpu", "scale", "stack"}) {
    EXPECT_TRUE(summary.contains(group)) << group;
  }
  EXPECT_EQ(summary["all"]["rows"], 1);
  EXPECT_NEAR(summary["all"]["median"].get<double>(), std::abs(good["log_error"].get<double>()), 1e-12);
  for (const char* key : {"median", "p90", "bias"}) EXPECT_TRUE(summary["family"]["A"].contains(key)) << key;
  EXPECT_FALSE(summary["family"].contains("B"));
  EXPECT_EQ(root.at("cross_validation").size(), 5U);
}

TEST(ValidateCli, CsvIsATableOfAllRows) {
  const Folder folder;
  const Outcome outcome = validate("runs " + folder.file("runs.csv", kRuns) + " --format csv");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const CsvTable table = CsvTable::parse(outcome.out, "output");
  ASSERT_EQ(table.rows(), 3U);
  table.require(
      {"id", "family", "gpu", "gpus", "predicted_s", "measured_s", "log_error", "status", "reason"});
  EXPECT_EQ(table.text(0, "id"), "A-1");
  EXPECT_TRUE(table.number(0, "predicted_s").has_value());
  EXPECT_FALSE(table.number(1, "predicted_s").has_value());
}

TEST(ValidateCli, TextShowsTheSummaryAndWhatWasRefused) {
  const Folder folder;
  const std::string file = folder.file("runs.csv", kRuns);
  const Outcome plain = validate("runs " + file);
  ASSERT_EQ(plain.code, 0) << plain.err;
  EXPECT_NE(plain.out.find("core dense, families equal"), std::string::npos);
  EXPECT_NE(plain.out.find("Rows that cannot be expressed"), std::string::npos);
  EXPECT_EQ(plain.out.find("Published runs"), std::string::npos) << "rows only where asked for";
  EXPECT_NE(validate("runs " + file + " --rows").out.find("Published runs"), std::string::npos);
  const Outcome explained = validate("runs " + file + " --explain A-1");
  ASSERT_EQ(explained.code, 0) << explained.err;
  for (const char* part :
       {"Where the predicted step goes", "gemm", "TP1 PP1", "gpus_per_node not stated: 8"}) {
    EXPECT_NE(explained.out.find(part), std::string::npos) << part;
  }
  EXPECT_NE(validate("runs " + file + " --explain A-2").out.find("cannot express"), std::string::npos);
}

TEST(ValidateCli, CollectivesJsonHasOneRowForEachPredictedPoint) {
  // Times of 20 us + bytes / 40 GB/s on two nodes of four GPUs, of 40 us + bytes / 38 GB/s on four.
  std::string fit = "op,nodes,gpus_per_node,bytes,time_out_of_place_us\n", predict = fit;
  for (long long bytes = 1024; bytes <= (1LL << 30); bytes *= 4) {
    const auto size = static_cast<double>(bytes);
    fit += "allreduce,2,4," + std::to_string(bytes) + "," + std::to_string(20 + size / 4e4) + "\n";
    predict += "allreduce,4,4," + std::to_string(bytes) + "," + std::to_string(40 + size / 3.8e4) + "\n";
  }
  const Folder folder;
  const Outcome outcome = validate("collectives --fit " + folder.file("a.csv", fit) + " --predict " +
                                   folder.file("b.csv", predict) + " --format json");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json root = Json::parse(outcome.out);
  ASSERT_EQ(root.at("rows").size(), 11U);
  for (const Json& row : root["rows"]) {
    for (const char* key : {"op", "nodes", "gpus", "bytes", "predicted_s", "measured_s"}) {
      EXPECT_TRUE(row.contains(key)) << key;
    }
    EXPECT_EQ(row["gpus"], 16);
    EXPECT_GT(row["predicted_s"].get<double>(), 0);
  }
}

}  // namespace
}  // namespace traincast
