#include "host/model/flops.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

Transformer llama_405b() {
  Transformer model;
  model.layers = 126, model.hidden = 16384, model.ffn_hidden = 53248;
  model.heads = 128, model.kv_heads = 8, model.head_dim = 128;
  model.vocab = 128256, model.sequence = 8192;
  return model;
}

TEST(Flops, TheFormulaOfTheGptPapers) {
  // 72 L h^2 (1 + s / 6h + V / 12 h L) per token (Narayanan 2021, arXiv 2104.04473, section 5.1, less
  // recomputation).
  Transformer gpt;
  gpt.layers = 96, gpt.hidden = 12288, gpt.ffn_hidden = 49152;
  gpt.heads = gpt.kv_heads = 96, gpt.head_dim = 128;
  gpt.vocab = 51200, gpt.sequence = 2048;
  gpt.gated_ffn = false;
  const double h = 12288;
  const double expected = 72 * 96 * h * h * (1 + 2048 / (6 * h) + 51200 / (12 * h * 96));
  EXPECT_NEAR(flops_per_token(gpt, AttentionCount::full_square).value() / expected, 1, 1e-12);
  EXPECT_NEAR(expected * 2048, 2.203e15, 2e12) << "per sequence, as MegaScale prints it";
}

TEST(Flops, Llama405bAsMegatronBridgeCounts) {
  // 2.524e12 a token with the causal half (Megatron-Bridge performance summary, from its printed rates).
  EXPECT_NEAR(flops_per_token(llama_405b(), AttentionCount::causal_half).value(), 2.524e12, 1e9);
}

TEST(Flops, CausalHalvesOnlyTheAttention) {
  Transformer model = llama_405b();
  const double full = flops_per_token(model, AttentionCount::full_square).value();
  const double half = flops_per_token(model, AttentionCount::causal_half).value();
  EXPECT_NEAR(full - half, 6.0 * 126 * 8192 * 128 * 128, 1e3);
  EXPECT_NEAR(full - 2 * (full - half), 6 * active_matmul_parameters(model), 1e3);
  model.causal = false;
  EXPECT_EQ(flops_per_token(model, AttentionCount::causal_half).value(), full);
}

TEST(Flops, ASlidingLayerSeesItsWindow) {
  Transformer model = llama_405b();
  const double full = flops_per_token(model, AttentionCount::causal_half).value();
  model.sliding_window = 1024;
  model.global_every = 2;
  // 63 layers see 1024 keys, of which the first 1024 tokens have half, instead of a mean of 4096.
  EXPECT_NEAR(full - flops_per_token(model, AttentionCount::causal_half).value(),
              12.0 * 63 * (4096 - (1024 - 64)) * 128 * 128, 1e3);
  // However wide the window, it is never more than all that came before.
  model.global_every = 0;
  for (const std::int64_t window : {5000, 8191, 8192, 10000}) {
    model.sliding_window = window;
    const double flops = flops_per_token(model, AttentionCount::causal_half).value();
    EXPECT_EQ(flops == full, window >= 8192) << window;
    EXPECT_LE(flops, full) << window;
  }
}

TEST(Flops, AMixtureCountsTheExpertsThatATokenVisits) {
  Transformer model = llama_405b();
  model.layers = 2, model.vocab = 0;
  const double attention = 16384.0 * 128 * (128 + 2 * 8 + 128);
  model.moe = MixtureOfExperts{.experts = 64,
                               .top_k = 6,
                               .ffn_hidden = 2048,
                               .shared_experts = 2,
                               .shared_ffn_hidden = 4096,
                               .first_dense_layers = 1};
  const double dense = 3.0 * 16384 * 53248;
  const double moe = 3.0 * 16384 * (6 * 2048 + 4096);  // routers are left out
  EXPECT_DOUBLE_EQ(active_matmul_parameters(model), 2 * attention + dense + moe);
}

TEST(Flops, LatentAttentionScoresOverItsOwnDimensions) {
  Transformer model = llama_405b();
  model.layers = 1;
  model.mla =
      LatentAttention{.q_rank = 1536, .kv_rank = 512, .nope_dim = 128, .rope_dim = 64, .value_dim = 128};
  EXPECT_NEAR(
      flops_per_token(model, AttentionCount::full_square).value() - 6 * active_matmul_parameters(model),
      6.0 * 8192 * 128 * (192 + 128), 1e3);
}

}  // namespace
}  // namespace traincast
