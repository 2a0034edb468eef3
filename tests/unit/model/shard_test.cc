#include "host/model/shard.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/model/memory_models.h"

namespace traincast {
namespace {

using namespace test;

// 126 layers on 128 chunks: the first and the last have none (Llama 3 405B). Any split covers every layer
// once.
TEST(Shard, LayersOfChunks) {
  Transformer model = llama(126, 16384, 53248, 128, 8);
  Plan plan;
  plan.pipeline_parallel = 16;
  plan.virtual_stages = 8;
  EXPECT_EQ(chunk_layers(model, plan, 0).count, 0);
  EXPECT_EQ(chunk_layers(model, plan, 1).first, 0);
  EXPECT_EQ(chunk_layers(model, plan, 126).first, 125);
  EXPECT_EQ(chunk_layers(model, plan, 127).count, 0);
  for (const std::int64_t layers : {61, 80, 94, 126}) {
    model.layers = layers;
    std::int64_t next = 0;
    for (std::int64_t chunk = 0; chunk < 128; ++chunk) {
      const LayerRange range = chunk_layers(model, plan, chunk);
      EXPECT_EQ(range.first, next);
      next += range.count;
    }
    EXPECT_EQ(next, layers);
  }
}

// DeepSeek-V3's recipes: 61 layers on 16 chunks are 15 of 4 and one of 1, on 8 chunks 7 of 8 and one of 5.
TEST(Shard, TheLastChunkTakesWhatIsLeft) {
  Transformer model = llama(61, 7168, 18432, 128, 128);
  Plan plan;
  for (const auto& [chunks, most, last] : {std::array<std::int64_t, 3>{16, 4, 1}, {8, 8, 5}, {4, 16, 13}}) {
    plan.pipeline_parallel = chunks;
    for (std::int64_t chunk = 0; chunk + 1 < chunks; ++chunk) {
      EXPECT_EQ(chunk_layers(model, plan, chunk).count, most);
    }
    EXPECT_EQ(chunk_layers(model, plan, chunks - 1).count, last);
    EXPECT_EQ(chunk_layers(model, plan, chunks - 1).first, 61 - last);
  }
}

TEST(Shard, ParametersAddUp) {
  // Narayanan 2021, equation 2: 12 L h^2 (1 + 13/(12h) + (V + s)/(12 L h)), and the final norm.
  const double layers = 96, h = 12288;
  EXPECT_DOUBLE_EQ(parameters(gpt(96, 12288, 96), Plan{}),
                   layers * (12 * h * h + 13 * h) + (51200 + 2048) * h + 2 * h);
  EXPECT_DOUBLE_EQ(parameters(llama(32, 4096, 14336, 32, 8), Plan{}), 8030261248.0);  // Llama 3 8B
  EXPECT_NEAR(parameters(deepseek_v3(), Plan{}), 671.03e9, 0.01e9);
  Plan plan;
  plan.pipeline_parallel = 16;
  EXPECT_DOUBLE_EQ(parameters(deepseek_v3(), plan), parameters(deepseek_v3(), Plan{}));
  // Eight ranks hold the model once, the 161 norms eight times, and 768 rows of padding in each table.
  plan.pipeline_parallel = 1;
  plan.tensor_parallel = 8;
  EXPECT_DOUBLE_EQ(8 * parameters(llama(80, 8192, 28672, 64, 8), plan),
                   parameters(llama(80, 8192, 28672, 64, 8), Plan{}) + (7 * 161 + 2 * 768) * 8192.0);
  // A tied table stands on both ends of a pipeline.
  Plan two;
  two.pipeline_parallel = 2;
  EXPECT_DOUBLE_EQ(parameters(gpt(24, 1024, 16), two),
                   parameters(gpt(24, 1024, 16), Plan{}) + 51200 * 1024.0);
}

// 16 h^2 in matrices; two norms 4 h, biases of qkv 3 h, of the attention's output h, of gate and up 2 x 4 h,
// of down h.
TEST(Shard, BiasesOfAGatedLayer) {
  Transformer model = gpt(1, 1024, 16);
  model.gated_ffn = true;
  EXPECT_DOUBLE_EQ(layer_parameters(model, Plan{}, false).total(), 16 * 1024 * 1024 + 17 * 1024);
}

// A layer, a projection of twice the hidden width, and three norms (DeepSeek-V3, section 2.2).
TEST(Shard, PredictionModules) {
  Transformer model = deepseek_v3();
  const double trunk = parameters(model, Plan{});
  model.mtp_layers = 1;
  const double module = layer_parameters(model, Plan{}, true).total() + 2 * 7168.0 * 7168 + 3 * 7168;
  EXPECT_NEAR(parameters(model, Plan{}) - trunk, module, 1);
}

}  // namespace
}  // namespace traincast
