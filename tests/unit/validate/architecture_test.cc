// Models of rows that leave columns out.
#include "host/validate/architecture.h"

#include <gtest/gtest.h>

#include "host/model/parameters.h"
#include "tests/unit/validate/rows.h"

namespace traincast {
namespace {

using namespace test;

Fields row(const std::string& model) {
  return {{"id", "X-001"}, {"model", model},   {"gpu", "H100"},      {"gpus", "8"},
          {"tp", "1"},     {"pp", "1"},        {"mbs", "1"},         {"gbs_seqs", "8"},
          {"seq", "4096"}, {"vocab", "32000"}, {"iter_time_s", "1"}, {"year", "2024"}};
}

TEST(Architecture, SizesInNames) {
  EXPECT_DOUBLE_EQ(parameters_in_name("Llama3-70B"), 70e9);
  EXPECT_DOUBLE_EQ(parameters_in_name("GPT-1.7B"), 1.7e9);
  EXPECT_DOUBLE_EQ(parameters_in_name("Qwen3-235B-A22B"), 235e9);
  EXPECT_DOUBLE_EQ(parameters_in_name("BLOOM-search-181B(h14336 L72 a64)"), 181e9);
  EXPECT_EQ(parameters_in_name("Mixtral-8x7B"), 0);
  EXPECT_EQ(parameters_in_name("Nemotron_3_Super"), 0);
}

TEST(Architecture, SizesFollowFromTheNumberOfParameters) {
  // (7e9 / 12e4)^(1/3) = 38.8 layers of sqrt(7e9 / (12 x 38.8)) = 3,878 -> 3,840.
  const PublishedRun run = read(row("novel-7B"));
  EXPECT_EQ(run.reason, "");
  EXPECT_EQ(run.model.hidden, 3840);
  EXPECT_EQ(run.model.heads, 30);
  EXPECT_NEAR(parameters(run.model), 7e9, 0.02 * 7e9);
  EXPECT_TRUE(assumed(run, "by the number of parameters"));
  const PublishedRun stated = read(with(row("novel"), {{"params_total_B", "70"}, {"layers", "80"}}));
  EXPECT_EQ(stated.model.layers, 80);
  EXPECT_EQ(stated.model.hidden, 8576);  // sqrt(70e9 / 960) = 8,539
  EXPECT_NE(read(row("novel")).reason, "");
}

TEST(Architecture, OneSizeLeftOutIsSolvedFor) {
  // Llama 3 70B: 80 layers, 28,672 wide.
  const Fields llama = with(row("novel-70.6B"), {{"layers", "80"},
                                                 {"hidden", "8192"},
                                                 {"ffn_hidden", "28672"},
                                                 {"heads", "64"},
                                                 {"kv_heads", "8"},
                                                 {"head_dim", "128"},
                                                 {"vocab", "128256"}});
  EXPECT_EQ(read(llama).model.gated_ffn, true) << "not four times as wide";
  EXPECT_EQ(read(with(llama, {{"layers", ""}})).model.layers, 80);
  EXPECT_NEAR(static_cast<double>(read(with(llama, {{"ffn_hidden", ""}})).model.ffn_hidden), 28672, 128);
  EXPECT_EQ(read(with(llama, {{"ffn_hidden", "32768"}})).model.gated_ffn, false);
}

TEST(Architecture, AShippedModelOfThatNameAndItsProxies) {
  Transformer known;
  known.name = "grok-1";
  known.layers = 64, known.hidden = 6144, known.heads = 48, known.kv_heads = 8, known.head_dim = 128;
  known.ffn_hidden = 32768, known.vocab = 131072, known.sequence = 8192;
  known.moe = MixtureOfExperts{.experts = 8, .top_k = 2, .ffn_hidden = 32768};
  const PublishedRun full = read(row("Grok-1-314B"), {known});
  EXPECT_EQ(full.model.layers, 64);
  EXPECT_EQ(full.model.sequence, 4096) << "the row's own column";
  EXPECT_TRUE(assumed(full, "the shipped model grok-1"));
  known.layers = 16;
  const double sixteen = parameters(known) / 1e9;
  known.layers = 64;
  EXPECT_EQ(
      read(with(row("Grok-1-proxy"), {{"params_total_B", std::to_string(sixteen)}}), {known}).model.layers,
      16);
}

TEST(Architecture, HybridsAreTransformersOfHalfTheLayers) {
  const PublishedRun run = read(with(row("Nemotron-H-56B"), {{"layers", "118"}}));
  EXPECT_EQ(run.reason, "");
  EXPECT_TRUE(run.hybrid);
  EXPECT_EQ(run.model.layers, 59);
  EXPECT_TRUE(assumed(run, "hybrid model"));
  EXPECT_TRUE(read(with(row("novel-7B"), {{"notes", "hybrid Mamba"}})).hybrid);
  EXPECT_FALSE(read(with(row("novel-7B"), {{"notes", "hybrid sharding"}})).hybrid);
}

}  // namespace
}  // namespace traincast
