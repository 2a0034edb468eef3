// `traincast import` as a user meets it: what it writes can be used, and what is refused leaves files as they
// were.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "host/base/file.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "host/model/parameters.h"
#include "tests/golden/program.h"

namespace traincast {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLlama =
    R"({"architectures":["LlamaForCausalLM"],"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,
        "num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,"max_position_embeddings":131072})";
constexpr const char* kMegatron =
    "--num-layers 4 --hidden-size 64 --num-attention-heads 4 --seq-length 128 --tensor-model-parallel-size 2 "
    "--micro-batch-size 1 --global-batch-size 8 --vocab-size 1000";
// Two all-reduces on two ranks of one host.
constexpr const char* kNccl =
    "# Collective test starting: all_reduce_perf\n"
    "#  Rank  0 Group  0 Pid  11 on  a device  0 [0000:1b:00] NVIDIA H100 80GB HBM3\n"
    "#  Rank  1 Group  0 Pid  12 on  a device  1 [0000:1c:00] NVIDIA H100 80GB HBM3\n"
    "  1048576  524288  bfloat16  sum  -1  50.50  20.76  20.76  0  49.00  21.40  21.40  0\n"
    "  2097152  1048576  half  sum  -1  80.25  26.13  26.13  0  79.00  26.55  26.55  0\n";
constexpr const char* kOsu = "# OSU MPI-CUDA Allreduce Latency Test v7.4\n1024   10.5\n";

class ImportCli : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "import-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& text) const {
    write_file_atomically(folder_ / name, text);
    return (folder_ / name).string();
  }
  Outcome import(const std::string& words) const {
    return run_traincast("import " + words + " --configs '" TRAINCAST_TEST_CONFIGS "'");
  }
  void expect_refused(const std::string& words, const std::string& part) const {
    const Outcome outcome = import(words);
    EXPECT_EQ(outcome.code, 2) << words;
    EXPECT_EQ(outcome.out, "") << words;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_NE(outcome.err.find(part), std::string::npos) << outcome.err;
  }

  fs::path folder_;
};

TEST_F(ImportCli, WrongCommandLinesAreOneLineAndExit2) {
  const std::string hf = file("config.json", kLlama);
  const std::string log = file("log.txt", kNccl);
  const std::string out = " --out " + (folder_ / "out.json").string();
  expect_refused("onnx " + hf + out, "unknown kind \"onnx\"; accepted: hf megatron-args nccl-tests osu");
  expect_refused("hf" + out, "import hf takes one file, 0 given");
  expect_refused("hf a b" + out, "import hf takes one file, 2 given");
  expect_refused("hf " + hf + " --gpus 8" + out, "traincast import hf has no use for --gpus");
  expect_refused("nccl-tests " + log + " --stack x" + out,
                 "traincast import nccl-tests has no use for --stack");
  expect_refused("nccl-tests" + out, "import nccl-tests takes one file or more, 0 given");
  expect_refused("hf " + hf, "import needs --out FILE.json");
  expect_refused("hf " + hf + " --out model.yaml", "accepted: a name that ends in .json");
  expect_refused("hf /no/such.json" + out, "/no/such.json");
  expect_refused("hf " + hf + " --parameters 7e9" + out, "accepted: a difference up to 1 %");
  expect_refused("megatron-args " + file("args", kMegatron) + " --stack megatron-core-2042" + out,
                 "megatron-core-2024");
  expect_refused("nccl-tests " + log + " --collective broadcast" + out,
                 "--collective broadcast is not accepted");
  expect_refused("nccl-tests " + log + " --gpu h100-smx" + out, "h100-sxm");
  expect_refused("nccl-tests " + log + " --gpu a100-80gb-sxm" + out,
                 "which is h100-sxm and not the a100-80gb-sxm of --gpu");
  expect_refused("nccl-tests " + log + " --collective all_gather" + out,
                 "is of all_reduce, not of the --collective");
  expect_refused("nccl-tests " + log + " --ranks 16" + out, "is of 2 ranks, not of the --ranks given");
  expect_refused("nccl-tests " + log + " --nodes 2" + out, "is of 1 nodes, not of the --nodes given");
  expect_refused("hf " + hf + " --out " + hf, "is the file to read; accepted: another");
  EXPECT_EQ(read_file(hf), kLlama);
  expect_refused("osu " + file("osu", kOsu) + " --ranks 4" + out, "does not say which GPU it measured");
  expect_refused("osu " + file("osu", kOsu) + " --ranks 2 --nodes 4 --gpu h100-sxm" + out,
                 "--nodes 4 is not accepted; accepted: up to the 2 ranks");
  EXPECT_FALSE(fs::exists(folder_ / "out.json"));
}

TEST_F(ImportCli, AModelCanBeUsedAndSaysWhereItComesFrom) {
  const std::string out = (folder_ / "llama.json").string();
  const Outcome outcome = import("hf " + file("config.json", kLlama) + " --parameters 8.03e9 --out " + out);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("llama.json: 8.03 B parameters, 7.505 B active, sequence 8192"),
            std::string::npos)
      << outcome.err;
  EXPECT_NE(outcome.err.find("context of 131072 tokens was cut"), std::string::npos) << outcome.err;
  const Transformer model = load_transformer(ConfigStore(TRAINCAST_TEST_CONFIGS), out);
  EXPECT_EQ(model.from.origin, Origin::published);
  EXPECT_NE(model.from.source.find("config.json, architecture LlamaForCausalLM"), std::string::npos);
  ASSERT_EQ(import("hf " + file("config.json", kLlama) + " --quiet --sequence 4096 --out " + out).err, "");
  EXPECT_EQ(load_transformer(ConfigStore(TRAINCAST_TEST_CONFIGS), out).sequence, 4096);
}

// A file that no other command would read must not take the place of a good one.
TEST_F(ImportCli, WhatCannotBeReadBackLeavesTheOldFile) {
  const std::string old = file("model.json", "as it was");
  const std::string wide =
      R"({"architectures":["LlamaForCausalLM"],"hidden_size":64,"intermediate_size":99000000,
                               "num_hidden_layers":2,"num_attention_heads":4,"vocab_size":100})";
  expect_refused("hf " + file("config.json", wide) + " --out " + old, "model.json#/ffn_hidden: 99000000");
  expect_refused("megatron-args " + file("args", kMegatron) + " --gpus 1000000000 --out " + old,
                 "model.plan.json#/data_parallel: 500000000");
  expect_refused("megatron-args " +
                     file("args",
                          "--num-layers 2 --hidden-size 64 --num-attention-heads 4 "
                          "--seq-length 128 --ffn-hidden-size 99000000") +
                     " --gpus 8 --out " + old,
                 "model.json#/ffn_hidden: 99000000");
  EXPECT_EQ(read_file(old), "as it was");
  EXPECT_FALSE(fs::exists(folder_ / "model.plan.json"));
}

// A new model beside an old plan would be a run that nobody trained.
TEST_F(ImportCli, WritesTheModelAndThePlanOrNeither) {
  const std::string old = file("model.json", "as it was");
  fs::create_directory(folder_ / "model.plan.json");
  expect_refused("megatron-args " + file("args", kMegatron) + " --gpus 8 --out " + old,
                 "model.plan.json: it is a folder");
  EXPECT_EQ(read_file(old), "as it was");
}

TEST_F(ImportCli, MegatronArgumentsGiveAModelAndAPlanThatARunTakes) {
  const std::string out = (folder_ / "mine.json").string();
  const Outcome outcome = import("megatron-args " + file("args", kMegatron) + " --gpus 8 --out " + out);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("mine.plan.json: 8 GPUs"), std::string::npos) << outcome.err;
  const std::string run = R"({"origin":"assumed","source":"a test","title":"t","model":")" + out +
                          R"(","plan":")" + (folder_ / "mine.plan.json").string() +
                          R"(","cluster":"one-node-h100","gpus":8,"tokens":"1 Gtoken"})";
  const Outcome estimate = run_traincast("estimate " + file("run.json", run) +
                                         " --format json --configs '" TRAINCAST_TEST_CONFIGS "'");
  EXPECT_EQ(estimate.code, 0) << estimate.err;
  EXPECT_NE(estimate.out.find("\"step_time_s\""), std::string::npos) << estimate.out;
  const Outcome unstated = import("megatron-args " + file("args", kMegatron) + " --out " + out);
  EXPECT_EQ(unstated.code, 0);
  EXPECT_NE(unstated.err.find("not in the arguments: 2 taken; --gpus says otherwise"), std::string::npos)
      << unstated.err;
}

TEST_F(ImportCli, PointsOfSeveralFilesAndCallsMakeOneProfile) {
  const std::string out = (folder_ / "fabric.json").string();
  const Outcome outcome = import("nccl-tests " + file("log.txt", kNccl) + " --out " + out);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("log.txt: 2 points of 2 ranks on 1 nodes"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("fabric.json: 2 collective points of h100-sxm"), std::string::npos)
      << outcome.err;
  // Onto the same profile: its GPU is known now.
  ASSERT_EQ(import("osu " + file("osu", kOsu) + " --ranks 16 --nodes 2 --out " + out).code, 0);
  const Profile profile = load_profile(fs::path(out));
  EXPECT_EQ(profile.gpu, "h100-sxm");
  ASSERT_EQ(profile.collectives.size(), 3U);
  EXPECT_EQ(profile.collectives[1].dtype, DataType::fp16);
  EXPECT_EQ(profile.collectives[2].message, Bytes(1024));
  EXPECT_EQ(profile.ranks, 16);
  EXPECT_EQ(profile.nodes, 2);
  const std::string before = read_file(out);
  expect_refused("osu " + file("osu", kOsu) + " --ranks 8 --gpu a100-80gb-sxm --out " + out,
                 "describes h100-sxm, the points are of a100-80gb-sxm");
  EXPECT_EQ(read_file(out), before);
  // Two GPUs in one call: the second file is named, and the profile that is not there yet.
  std::string other(kNccl);
  for (std::size_t at = 0; (at = other.find("H100 80GB HBM3", at)) != std::string::npos; ++at) {
    other.replace(at, 14, "A100-SXM4-80GB");
  }
  expect_refused("nccl-tests " + file("log.txt", kNccl) + " " + file("other.txt", other) + " --quiet --out " +
                     (folder_ / "both.json").string(),
                 "other.txt: profile both describes h100-sxm, the points are of a100-80gb-sxm");
}

}  // namespace
}  // namespace traincast
