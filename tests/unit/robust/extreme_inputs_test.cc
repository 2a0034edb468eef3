// Inputs made to exhaust memory or time are refused in one line, and little memory is taken for it.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <string>

#include "host/base/csv.h"
#include "host/base/file.h"
#include "host/config/json.h"
#include "host/config/near.h"
#include "host/config/reader.h"
#include "host/import/bandwidth_tests.h"
#include "host/import/hugging_face.h"
#include "host/import/limits.h"
#include "host/import/megatron.h"
#include "host/risk/sweep_range.h"
#include "host/validate/published_runs.h"
#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {

double peak_megabytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Sanitizers keep freed memory back and shadow the rest: the bounds are of a plain build.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double kMegabytes = 1e9;
#else
constexpr double kMegabytes = 1;
#endif

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

// All holes: takes no room on the disk.
std::filesystem::path sparse_file(const TemporaryFolder& folder, std::int64_t bytes) {
  std::filesystem::path file = folder.write("large.json", "");
  if (::truncate(file.c_str(), bytes) != 0) throw std::runtime_error("no sparse files here");
  return file;
}

TEST(ExtremeInputs, NestingAMillionDeepIsRefused) {
  const std::string lists = repeated("[", 1'000'000), objects = repeated("{\"a\":", 1'000'000);
  const double before = peak_megabytes();
  EXPECT_EQ(message_of([&] { parse_json(lists, "x.json"); }), "x.json: nested deeper than 100 levels");
  EXPECT_EQ(message_of([&] { parse_json(objects, "x.json"); }), "x.json: nested deeper than 100 levels");
  EXPECT_LT(peak_megabytes() - before, 20 * kMegabytes);
}

TEST(ExtremeInputs, AFileAboveTheLimitIsRefusedUnread) {
  const TemporaryFolder folder;
  const auto file = sparse_file(folder, kMaxFileBytes + 1);
  const double before = peak_megabytes();
  EXPECT_NE(message_of([&] { read_file(file); }).find("it is larger than 1073741824 bytes"),
            std::string::npos);
  EXPECT_NE(message_of([&] { CsvTable::from_file(file); }).find("it is larger than"), std::string::npos);
  // JSON has a limit of its own, because its tree is larger than its text.
  const auto json = sparse_file(folder, static_cast<std::int64_t>(kMaxJsonBytes) + 1);
  EXPECT_NE(message_of([&] { Reader::from_file(json); }).find("JSON of up to 268435456 bytes"),
            std::string::npos);
  EXPECT_LT(peak_megabytes() - before, 20 * kMegabytes);
}

TEST(ExtremeInputs, ManyJsonValuesAreRefusedWithinBoundedMemory) {
  const std::string text = "[" + repeated("1,", 60'000'000);  // 120 MB; as a tree 5 GB
  const double before = peak_megabytes();
  EXPECT_EQ(message_of([&] { parse_json(text, "x.json"); }), "x.json: holds more than 16777216 values");
  EXPECT_LT(peak_megabytes() - before, 2500 * kMegabytes);
}

TEST(ExtremeInputs, AWideCsvIsRefused) {
  const std::string commas = repeated(",", 20'000'000);
  const double before = peak_megabytes();
  EXPECT_EQ(message_of([&] { CsvTable::parse(commas, "x.csv"); }),
            "x.csv:1: has more than 1000 fields; accepted: up to 1000");
  EXPECT_LT(peak_megabytes() - before, 20 * kMegabytes);
}

TEST(ExtremeInputs, ALongWordHasNoNearNames) {
  const std::vector<std::string> names = {"h100-sxm", repeated("h", 1'000'000)};
  EXPECT_TRUE(near_names(repeated("h", 10'000'000), names, 3).empty());
}

constexpr const char* kSmall = "--num-layers 4 --hidden-size 64 --num-attention-heads 4 --seq-length 128 ";

std::string megatron_refusal(const std::string& more) {
  return message_of(
      [&] { import_megatron(parse_megatron_arguments(kSmall + more), "x.sh", {.stack = "s"}); });
}

// Divided by the zero virtual stages that no layers a rank make.
TEST(ExtremeInputs, MegatronWithFewerLayersThanPipelineRanks) {
  EXPECT_EQ(
      megatron_refusal("--pipeline-model-parallel-size 8 --num-layers-per-virtual-pipeline-stage 1 "
                       "--recompute-granularity full"),
      "x.sh: --num-layers-per-virtual-pipeline-stage: 1 does not divide the 0 layers of a pipeline rank");
}

// Products of these overflowed 64 bits.
TEST(ExtremeInputs, MegatronWithHugeDegrees) {
  EXPECT_NE(megatron_refusal("--tensor-model-parallel-size 1000000000 --context-parallel-size 1000000000 "
                             "--pipeline-model-parallel-size 1000000000")
                .find("accepted: a whole number from 1 to 10000"),
            std::string::npos);
  EXPECT_NE(megatron_refusal("--nnodes 1000000000 --nproc-per-node 1000000000").find("replicas of the model"),
            std::string::npos);
  EXPECT_NE(megatron_refusal("--num-virtual-stages-per-pipeline-rank 5").find("no more than the 4 layers"),
            std::string::npos);
}

TEST(ExtremeInputs, MegatronLayerFrequenciesThatOnlyAddUpByOverflowOrSign) {
  for (const char* frequency : {"[0]*-3+[1]*7", "[0]*7+[1]*-3", "[0]*9223372036854775807+[1]*5"}) {
    EXPECT_NE(megatron_refusal(std::string("--num-experts 8 --moe-layer-freq ") + frequency)
                  .find("accepted: a whole number, [1]*LAYERS"),
              std::string::npos);
  }
}

std::string llama(const std::string& layers, const std::string& heads) {
  return R"({"architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 64, "vocab_size": 64,
    "attention_bias": true, "head_dim": )" +
         heads + R"(, "num_attention_heads": )" + heads + R"(, "num_hidden_layers": )" + layers + "}";
}

// The walk over a billion layers took minutes; the number of biases overflowed.
TEST(ExtremeInputs, HuggingFaceWithHugeCounts) {
  EXPECT_EQ(message_of([] { import_hugging_face(llama("1000000000", "4"), "c.json", {}); }),
            "c.json#/num_hidden_layers: 1000000000; accepted: a whole number from 1 to 100000");
  const ImportedModel wide = import_hugging_face(llama("100000", "1000000000"), "c.json", {});
  ASSERT_EQ(wide.notes.size(), 1U);
  EXPECT_NE(wide.notes[0].find("(30000000000000000"), std::string::npos) << wide.notes[0];
}

constexpr const char* kResult =
    R"("results": [{"experiment_name": "AllReduce", "size": 64, "type": "float", "out_of_place": {"time": 1}}])";

// A null pointer was read, and numbers beyond every integer became one.
TEST(ExtremeInputs, NcclTestsWithOddSettings) {
  const std::string devices = R"("devices": [{"hostname": "a"}, {"hostname": "b"}], )";
  EXPECT_NE(message_of([&] {
              import_nccl_tests("{\"config\": 1, " + devices + kResult + "}", "x.json", {});
            }).find("names 0 ranks"),
            std::string::npos);
  const BandwidthTest test = import_nccl_tests(
      R"({"nccl_version": 1e300, "config": {"nthreads": 256}, )" + devices + kResult + "}", "x.json", {});
  EXPECT_EQ(test.nccl_version, "");
  EXPECT_EQ(test.hosts.size(), 512U);
  // 4 bytes a process of 256 ranks.
  const std::string crowd = R"("devices": [{"hostname": "a"})" + repeated(",{}", 4000) + "], ";
  EXPECT_EQ(message_of([&] {
              import_nccl_tests("{\"config\": {\"ngpus\": 256}, " + crowd + kResult + "}", "x.json", {});
            }),
            "x.json#/config: too many ranks; accepted: up to 1000000");
}

TEST(ExtremeInputs, AMillionResultsAreRefused) {
  const std::string rows = "# OSU MPI-CUDA Allreduce Latency Test\n" + repeated("8 1.0\n", 1'000'000);
  EXPECT_EQ(message_of([&] { import_osu(rows, "x.txt", {.ranks = 2}); }),
            "x.txt:20002: one more result; accepted: up to 20000 in one file");
}

// tp x pp x cp x dp = 10^24 overflowed.
TEST(ExtremeInputs, SimuMaxRowsWithHugeDegrees) {
  Transformer model;
  model.name = "llama-3-70b";
  const CsvTable table = CsvTable::parse(
      "case,model,gpu,gpus,tp,pp,cp,dp,iter_time_s,peak_memory_gib\n"
      "c,llama3_70b,h100,8,1000000,1000000,1000000,1000000,1,1\n",
      "x.csv");
  EXPECT_EQ(read_published_runs(table, {model}).at(0).reason,
            "TP x PP x CP x DP does not match the row's GPUs");
}

std::string axis_refusal(std::string_view text) {
  try {
    parse_axis(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

// Thousands of millions of steps between two whole numbers; an end of 10^312 s; more than 64 bits.
TEST(ExtremeInputs, RangesThatNeverEnd) {
  EXPECT_NE(axis_refusal("x=1..2:x1.000000001").find("more than 10000 values"), std::string::npos);
  EXPECT_NE(axis_refusal("x=1 s..1e308 d").find("too large"), std::string::npos);
  EXPECT_EQ(parse_axis("x=1000000000000000000000..2000000000000000000000").values,
            (std::vector<std::string>{"1e+21", "2e+21"}));
}

}  // namespace
}  // namespace traincast
