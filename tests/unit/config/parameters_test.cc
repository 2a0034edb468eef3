#include "host/model/parameters.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

Transformer dense(std::int64_t layers, std::int64_t hidden, std::int64_t ffn, std::int64_t heads,
                  std::int64_t kv_heads, std::int64_t vocab) {
  Transformer model;
  model.layers = layers;
  model.hidden = hidden;
  model.ffn_hidden = ffn;
  model.heads = heads;
  model.kv_heads = kv_heads;
  model.head_dim = 128;
  model.vocab = vocab;
  model.sequence = 8192;
  return model;
}

// A shape small enough to count on paper. hidden 4, one head of 2, ffn 3, vocab 5:
// attention 4*2 + 2*4*2 + 2*4 = 32; feed-forward 3*4*3 = 36; norms 2*4; final norm 4; tables 2*5*4.
TEST(Parameters, CountedOnPaper) {
  Transformer model = dense(2, 4, 3, 1, 1, 5);
  model.head_dim = 2;
  model.sequence = 7;
  EXPECT_EQ(attention_parameters(model), 32);
  EXPECT_EQ(feed_forward_parameters(model, 0), 36);
  EXPECT_EQ(parameters(model), 2 * (32 + 36 + 8) + 4 + 40);
  model.mtp_layers = 2;  // each with a projection of 8 to 4, three norms and a layer
  EXPECT_EQ(mtp_parameters(model), 2 * (2 * 4 * 4 + 3 * 4 + 32 + 36 + 8));
  // After a dense layer and one of two experts and their router, the module's layer is like the latter.
  Transformer mixed = model;
  mixed.moe = MixtureOfExperts{.experts = 2, .top_k = 1, .ffn_hidden = 3, .first_dense_layers = 1};
  EXPECT_EQ(mtp_parameters(mixed), 2 * (2 * 4 * 4 + 3 * 4 + 32 + (2 * 36 + 4 * 2) + 8));
  EXPECT_EQ(active_parameters(model), parameters(model) - 20);  // the input table is read, not multiplied
  model.tied_embeddings = true;
  EXPECT_EQ(parameters(model), 2 * (32 + 36 + 8) + 4 + 20);
  EXPECT_EQ(active_parameters(model), parameters(model));
  // Biases: 2 + 2 + 2 + 4 in attention, 3 + 4 in two matrices of 12, offsets of 5 norms, 7 positions of 4.
  model.bias = true;
  model.gated_ffn = false;
  model.learned_positions = true;
  EXPECT_EQ(parameters(model), 2 * (32 + 10 + 24 + 7 + 16) + 8 + 20 + 28);
}

// Published 405.85e9 (405B) and 8.03e9 (Llama 3 model cards, 2024). 405B by hand: attention
// 2*16384^2 + 2*16384*1024 = 570,425,344; feed-forward 3*16384*53248 = 2,617,245,696; two norms 32,768;
// 126 layers; two tables of 128256*16384 and a norm.
TEST(Parameters, Llama3) {
  EXPECT_EQ(parameters(dense(126, 16384, 53248, 128, 8, 128256)),
            126.0 * (570'425'344.0 + 2'617'245'696.0 + 32'768.0) + 2 * 128256.0 * 16384 + 16384);
  EXPECT_NEAR(parameters(dense(126, 16384, 53248, 128, 8, 128256)), 405.85e9, 0.005e9);
  EXPECT_NEAR(parameters(dense(32, 4096, 14336, 32, 8, 128256)), 8.03e9, 0.005e9);
}

// "175B": Brown et al. 2020, arXiv 2005.14165, table 2.1 (96 layers, 12288 wide); GPT-2's vocabulary.
TEST(Parameters, Gpt3HasBiasesAndLearnedPositions) {
  Transformer model = dense(96, 12288, 49152, 96, 96, 50257);
  model.sequence = 2048;
  model.gated_ffn = false;
  model.bias = model.learned_positions = model.tied_embeddings = true;
  EXPECT_NEAR(parameters(model), 174.6e9, 0.05e9);
}

// "314B parameters", 8 experts, 2 active (xAI, open release of Grok-1, 2024).
TEST(Parameters, Grok1) {
  Transformer model = dense(64, 6144, 32768, 48, 8, 131072);
  model.moe = MixtureOfExperts{.experts = 8, .top_k = 2, .ffn_hidden = 32768};
  // attention 88,080,384; 8 experts of 3*6144*32768 = 603,979,776; router 49,152; norms 12,288.
  EXPECT_EQ(parameters(model),
            64.0 * (88'080'384.0 + 8 * 603'979'776.0 + 49'152 + 12'288) + 2 * 131072.0 * 6144 + 6144);
  EXPECT_NEAR(parameters(model), 316.5e9, 0.1e9);
  EXPECT_NEAR(active_parameters(model), 83.8e9, 0.1e9);
}

Transformer deepseek_v3() {
  Transformer model = dense(61, 7168, 18432, 128, 128, 129280);
  model.moe = MixtureOfExperts{.experts = 256,
                               .top_k = 8,
                               .ffn_hidden = 2048,
                               .shared_experts = 1,
                               .shared_ffn_hidden = 2048,
                               .first_dense_layers = 3};
  model.mla =
      LatentAttention{.q_rank = 1536, .kv_rank = 512, .nope_dim = 128, .rope_dim = 64, .value_dim = 128};
  model.mtp_layers = 1;
  return model;
}

// 671B in total, 37B active (arXiv 2412.19437, section 4.2); 11.5B in the extra-prediction layer (weights'
// README). Attention by hand: 7168*1536 + 1536 + 1536*128*192 + 7168*576 + 512 + 512*128*256 + 16384*7168.
TEST(Parameters, DeepSeekV3) {
  const Transformer model = deepseek_v3();
  EXPECT_EQ(attention_parameters(model),
            11'010'048.0 + 1536 + 37'748'736 + 4'128'768 + 512 + 16'777'216 + 117'440'512);
  EXPECT_EQ(feed_forward_parameters(model, 2), 3.0 * 7168 * 18432);
  EXPECT_EQ(feed_forward_parameters(model, 3), 257 * 44'040'192.0 + 7168.0 * 256);
  EXPECT_EQ(feed_forward_parameters(model, 3, true), 9 * 44'040'192.0 + 7168.0 * 256);
  EXPECT_NEAR(parameters(model), 671.03e9, 0.01e9);
  EXPECT_NEAR(active_parameters(model), 36.6e9, 0.05e9);
  EXPECT_NEAR(mtp_parameters(model), 11.6e9, 0.05e9);
}

TEST(Parameters, QueriesNeedNotBeCompressed) {
  Transformer model = deepseek_v3();
  const double compressed = attention_parameters(model);
  model.mla->q_rank = 0;
  EXPECT_EQ(attention_parameters(model) - compressed,
            7168.0 * 128 * 192 - (7168.0 * 1536 + 1536 + 1536.0 * 128 * 192));
}

// Layers 1, 3, 5, ... of 8 are mixtures.
TEST(Parameters, EveryOtherLayerIsAMixture) {
  Transformer model = dense(8, 64, 96, 1, 1, 10);
  const double plain = parameters(model);
  model.moe =
      MixtureOfExperts{.experts = 4, .top_k = 1, .ffn_hidden = 96, .first_dense_layers = 1, .every = 2};
  EXPECT_EQ(parameters(model) - plain, 4 * (3 * 3 * 64.0 * 96 + 64 * 4));
}

}  // namespace
}  // namespace traincast
