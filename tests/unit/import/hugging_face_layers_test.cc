// Which layers of a Hugging Face config have windows and which experts, and values of the wrong kind.
#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "host/import/hugging_face.h"

namespace traincast {
namespace {

std::string refusal(std::string_view config) {
  try {
    import_hugging_face(config, "config.json", {});
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

// A config of six layers with the keys given.
std::string small(const std::string& architecture, const std::string& keys) {
  return R"({"architectures":[")" + architecture + R"("],"hidden_size":64,"intermediate_size":128,
    "num_hidden_layers":6,"num_attention_heads":4,"vocab_size":100,)" +
         keys + "}";
}

TEST(HuggingFaceLayers, TakesWindowsFromTheListOfLayerTypes) {
  const auto read = [](const std::string& types) {
    return import_hugging_face(
               small("Gemma3ForCausalLM", R"("sliding_window":32,"layer_types":[)" + types + "]"),
               "config.json", {})
        .model;
  };
  const std::string slides = R"("sliding_attention",)", full = R"("full_attention")";
  const Transformer thirds = read(slides + slides + full + "," + slides + slides + full);
  for (int layer = 0; layer < 6; ++layer) EXPECT_EQ(thirds.is_sliding_layer(layer), layer % 3 != 2) << layer;
  const Transformer none = read(full + "," + full + "," + full + "," + full + "," + full + "," + full);
  EXPECT_EQ(none.sliding_window, 0) << "the window of a config whose layers are all full is not used";
  EXPECT_NE(
      refusal(small("Gemma3ForCausalLM", R"("sliding_window":32,"layer_types":["full_attention",)" + slides +
                                             slides + full + "," + slides + slides.substr(0, 19) + "]"))
          .find("#/layer_types: layer 0 is full_attention; accepted: one full_attention layer at the end"),
      std::string::npos);
}

constexpr const char* kQwenExperts =
    R"("num_experts":4,"num_experts_per_tok":2,"moe_intermediate_size":32,"decoder_sparse_step":)";

TEST(HuggingFaceLayers, LayersWithExpertsAreThoseThatTheOtherProgramMakes) {
  const auto layers = [](const std::string& architecture, const std::string& keys) {
    const Transformer model = import_hugging_face(small(architecture, keys), "config.json", {}).model;
    std::string found;
    for (int layer = 0; layer < 6; ++layer) found += model.is_moe_layer(layer) ? 'x' : '-';
    return found;
  };
  const std::string qwen = kQwenExperts;
  // Qwen: layer i (from 0) where i + 1 is a multiple of the step, but for the dense ones named.
  EXPECT_EQ(layers("Qwen3MoeForCausalLM", qwen + "1"), "xxxxxx");
  EXPECT_EQ(layers("Qwen3MoeForCausalLM", qwen + "2"), "-x-x-x");
  EXPECT_EQ(layers("Qwen3MoeForCausalLM", qwen + R"(1,"mlp_only_layers":[0,1])"), "--xxxx");
  EXPECT_EQ(layers("Qwen3MoeForCausalLM", qwen + R"(2,"mlp_only_layers":[0,1])"), "---x-x");
  // DeepSeek: layer i where i is a multiple of the step, from the first that is not dense.
  const std::string deepseek = R"("kv_lora_rank":8,"qk_nope_head_dim":8,"qk_rope_head_dim":8,"v_head_dim":8,
    "moe_intermediate_size":32,"n_routed_experts":4,"num_experts_per_tok":2,"first_k_dense_replace":1,"moe_layer_freq":)";
  EXPECT_EQ(layers("DeepseekV2ForCausalLM", deepseek + "1"), "-xxxxx");
  EXPECT_EQ(layers("DeepseekV2ForCausalLM", deepseek + "2"), "--x-x-");
}

TEST(HuggingFaceLayers, RefusesDenseLayersInTheMiddleAndValuesOfTheWrongKind) {
  const auto qwen = [](const std::string& list) {
    return refusal(small("Qwen3MoeForCausalLM", kQwenExperts + std::string("1,\"mlp_only_layers\":") + list));
  };
  EXPECT_NE(qwen("[0,3]").find("#/mlp_only_layers: layer 3 in place 1; accepted: the first layers, in order"),
            std::string::npos);
  EXPECT_NE(qwen("5").find("accepted: a list of whole numbers"), std::string::npos);
  EXPECT_NE(qwen("[0.5]").find("accepted: a whole number"), std::string::npos);
  const auto llama = [](const std::string& keys) { return refusal(small("LlamaForCausalLM", keys)); };
  EXPECT_NE(llama(R"("attention_bias":1)").find("#/attention_bias: "), std::string::npos);
  EXPECT_NE(llama(R"("num_key_value_heads":3)").find("3 does not divide the 4 attention heads"),
            std::string::npos);
  EXPECT_NE(refusal(small("MistralForCausalLM", R"("sliding_window":4,"layer_types":"all")"))
                .find("#/layer_types: the text \"all\"; accepted: a list of texts"),
            std::string::npos);
  EXPECT_NE(
      refusal(small("MistralForCausalLM", R"("sliding_window":4,"layer_types":[1])")).find("in it; accepted"),
      std::string::npos);
  EXPECT_NE(refusal(R"({"architectures":["LlamaForCausalLM"],"num_hidden_layers":100001})")
                .find("from 1 to 100000"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"architectures":["LlamaForCausalLM"],"num_hidden_layers":2,"hidden_size":10,
                        "num_attention_heads":3})")
                .find("#/head_dim: missing, and 3 heads do not divide hidden_size 10"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"architectures":["X"],"model_type":7})").find("#/model_type: "), std::string::npos);
}

}  // namespace
}  // namespace traincast
