#include "host/import/hugging_face.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/config/load.h"
#include "host/import/model_json.h"
#include "host/model/parameters.h"

namespace traincast {
namespace {

struct Published {
  const char* name;
  const char* config;  // the keys that decide the shape, as the model's config.json has them
  double parameters;   // as the model's card states them
};

// Null where a config has null, and a key that no loader knows, because real files have both.
const Published kPublished[] = {
    {"Llama31_8B",
     R"({"architectures":["LlamaForCausalLM"],"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,
         "num_attention_heads":32,"num_key_value_heads":8,"vocab_size":128256,"max_position_embeddings":131072,
         "rope_theta":500000.0,"tie_word_embeddings":false,"attention_bias":false})",
     8.03e9},
    {"Mistral7B",
     R"({"architectures":["MistralForCausalLM"],"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,
         "num_attention_heads":32,"num_key_value_heads":8,"vocab_size":32000,"sliding_window":4096,
         "max_position_embeddings":32768,"tie_word_embeddings":false})",
     7.24e9},
    {"Mixtral8x7B",
     R"({"architectures":["MixtralForCausalLM"],"hidden_size":4096,"intermediate_size":14336,"num_hidden_layers":32,
         "num_attention_heads":32,"num_key_value_heads":8,"vocab_size":32000,"sliding_window":null,
         "num_local_experts":8,"num_experts_per_tok":2,"max_position_embeddings":32768})",
     46.7e9},
    {"Qwen25_14B",
     R"({"architectures":["Qwen2ForCausalLM"],"hidden_size":5120,"intermediate_size":13824,"num_hidden_layers":48,
         "num_attention_heads":40,"num_key_value_heads":8,"vocab_size":152064,"sliding_window":131072,
         "use_sliding_window":false,"max_position_embeddings":131072,"tie_word_embeddings":false})",
     14.77e9},
    {"Qwen15_MoE_A27B",
     R"({"architectures":["Qwen2MoeForCausalLM"],"hidden_size":2048,"intermediate_size":5632,"num_hidden_layers":24,
         "num_attention_heads":16,"num_key_value_heads":16,"vocab_size":151936,"moe_intermediate_size":1408,
         "shared_expert_intermediate_size":5632,"num_experts":60,"num_experts_per_tok":4,"decoder_sparse_step":1,
         "max_position_embeddings":8192,"tie_word_embeddings":false})",
     14.3e9},
    {"Qwen3_235B",
     R"({"architectures":["Qwen3MoeForCausalLM"],"hidden_size":4096,"intermediate_size":12288,"num_hidden_layers":94,
         "num_attention_heads":64,"num_key_value_heads":4,"head_dim":128,"vocab_size":151936,"num_experts":128,
         "num_experts_per_tok":8,"moe_intermediate_size":1536,"mlp_only_layers":[],"max_position_embeddings":40960})",
     235e9},
    {"Qwen3_8B",
     R"({"architectures":["Qwen3ForCausalLM"],"hidden_size":4096,"intermediate_size":12288,"num_hidden_layers":36,
         "num_attention_heads":32,"num_key_value_heads":8,"head_dim":128,"vocab_size":151936,
         "max_position_embeddings":40960,"tie_word_embeddings":false})",
     8.19e9},
    {"DeepSeekV2",
     R"({"architectures":["DeepseekV2ForCausalLM"],"hidden_size":5120,"intermediate_size":12288,"num_hidden_layers":60,
         "num_attention_heads":128,"num_key_value_heads":128,"vocab_size":102400,"q_lora_rank":1536,"kv_lora_rank":512,
         "qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,"n_routed_experts":160,"n_shared_experts":2,
         "num_experts_per_tok":6,"moe_intermediate_size":1536,"first_k_dense_replace":1,"moe_layer_freq":1})",
     236e9},
    {"DeepSeekV3",
     R"({"architectures":["DeepseekV3ForCausalLM"],"hidden_size":7168,"intermediate_size":18432,"num_hidden_layers":61,
         "num_attention_heads":128,"vocab_size":129280,"q_lora_rank":1536,"kv_lora_rank":512,"qk_nope_head_dim":128,
         "qk_rope_head_dim":64,"v_head_dim":128,"n_routed_experts":256,"n_shared_experts":1,"num_experts_per_tok":8,
         "moe_intermediate_size":2048,"first_k_dense_replace":3,"num_nextn_predict_layers":1,"n_group":8,
         "topk_group":4,"topk_method":"noaux_tc"})",
     671e9},
    {"KimiK2",
     R"({"architectures":["DeepseekV3ForCausalLM"],"model_type":"kimi_k2","hidden_size":7168,"intermediate_size":18432,
         "num_hidden_layers":61,"num_attention_heads":64,"vocab_size":163840,"q_lora_rank":1536,"kv_lora_rank":512,
         "qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,"n_routed_experts":384,"n_shared_experts":1,
         "num_experts_per_tok":8,"moe_intermediate_size":2048,"first_k_dense_replace":1,"n_group":1,
         "topk_group":1})",
     1.026e12},
    {"Gemma7B",
     R"({"architectures":["GemmaForCausalLM"],"hidden_size":3072,"intermediate_size":24576,"num_hidden_layers":28,
         "num_attention_heads":16,"num_key_value_heads":16,"head_dim":256,"vocab_size":256000,
         "max_position_embeddings":8192})",
     8.54e9},
    {"Gemma2_9B",
     R"({"architectures":["Gemma2ForCausalLM"],"hidden_size":3584,"intermediate_size":14336,"num_hidden_layers":42,
         "num_attention_heads":16,"num_key_value_heads":8,"head_dim":256,"vocab_size":256000,"sliding_window":4096,
         "max_position_embeddings":8192})",
     9.24e9},
    {"Llama2_70B",
     R"({"architectures":["LlamaForCausalLM"],"hidden_size":8192,"intermediate_size":28672,"num_hidden_layers":80,
         "num_attention_heads":64,"num_key_value_heads":8,"vocab_size":32000,"max_position_embeddings":4096,
         "rope_scaling":null})",
     68.98e9},
    {"Llama32_1B",
     R"({"architectures":["LlamaForCausalLM"],"hidden_size":2048,"intermediate_size":8192,"num_hidden_layers":16,
         "num_attention_heads":32,"num_key_value_heads":8,"head_dim":64,"vocab_size":128256,"mlp_bias":false,
         "max_position_embeddings":131072,"tie_word_embeddings":true})",
     1.236e9},
    {"DeepSeekV2Lite",
     R"({"architectures":["DeepseekV2ForCausalLM"],"hidden_size":2048,"intermediate_size":10944,"num_hidden_layers":27,
         "num_attention_heads":16,"num_key_value_heads":16,"vocab_size":102400,"q_lora_rank":null,"kv_lora_rank":512,
         "qk_nope_head_dim":128,"qk_rope_head_dim":64,"v_head_dim":128,"n_routed_experts":64,"n_shared_experts":2,
         "num_experts_per_tok":6,"moe_intermediate_size":1408,"first_k_dense_replace":1,"moe_layer_freq":1})",
     15.7e9},
    {"Gemma3_1B",
     R"({"architectures":["Gemma3ForCausalLM"],"hidden_size":1152,"intermediate_size":6912,"num_hidden_layers":26,
         "num_attention_heads":4,"num_key_value_heads":1,"head_dim":256,"vocab_size":262144,"sliding_window":512,
         "sliding_window_pattern":6,"max_position_embeddings":32768})",
     1.0e9},
    {"Gemma3_4B",  // the text inside states only what differs from the library's defaults
     R"({"architectures":["Gemma3ForConditionalGeneration"],"model_type":"gemma3","text_config":{"hidden_size":2560,
         "intermediate_size":10240,"num_hidden_layers":34,"sliding_window":1024},"vision_config":{"hidden_size":1152}})",
     3.88e9},
    {"Pythia12B",
     R"({"architectures":["GPTNeoXForCausalLM"],"hidden_size":5120,"intermediate_size":20480,"num_hidden_layers":36,
         "num_attention_heads":40,"vocab_size":50688,"max_position_embeddings":2048,"tie_word_embeddings":false,
         "use_parallel_residual":true})",
     11.85e9},
    {"Gemma3_27B",  // 1.416 B of embeddings and 25.6 B others, arXiv 2503.19786, table 1
     R"({"architectures":["Gemma3ForConditionalGeneration"],"text_config":{"hidden_size":5376,
         "intermediate_size":21504,"num_hidden_layers":62,"num_attention_heads":32,"num_key_value_heads":16,
         "head_dim":128,"vocab_size":262208,"sliding_window":1024,"sliding_window_pattern":6,
         "max_position_embeddings":131072}})",
     27.016e9},
    {"GPT2",
     R"({"architectures":["GPT2LMHeadModel"],"n_embd":768,"n_layer":12,"n_head":12,"n_positions":1024,"n_ctx":1024,
         "vocab_size":50257,"n_inner":null})",
     124.4e6},
    {"GPTNeoX20B",
     R"({"architectures":["GPTNeoXForCausalLM"],"hidden_size":6144,"intermediate_size":24576,"num_hidden_layers":44,
         "num_attention_heads":64,"vocab_size":50432,"max_position_embeddings":2048,"tie_word_embeddings":false})",
     20.55e9},
    {"Grok1",
     R"({"architectures":["Grok1ModelForCausalLM"],"hidden_size":6144,"intermediate_size":32768,"num_hidden_layers":64,
         "num_attention_heads":48,"num_key_value_heads":8,"vocab_size":131072,"num_experts":8,"num_experts_per_tok":2,
         "max_position_embeddings":8192,"tie_word_embeddings":true})",
     314e9},
    {"Grok2",
     R"({"architectures":["Grok1ForCausalLM"],"hidden_size":8192,"intermediate_size":32768,
         "moe_intermediate_size":16384,"num_hidden_layers":64,"num_attention_heads":64,"num_key_value_heads":8,
         "head_dim":128,"vocab_size":131072,"num_local_experts":8,"num_experts_per_tok":2,"residual_moe":true,
         "max_position_embeddings":131072,"tie_word_embeddings":false})",
     270e9},
    {"GptOss120B",
     R"({"architectures":["GptOssForCausalLM"],"hidden_size":2880,"intermediate_size":2880,"num_hidden_layers":36,
         "num_attention_heads":64,"num_key_value_heads":8,"head_dim":64,"vocab_size":201088,"num_local_experts":128,
         "num_experts_per_tok":4,"sliding_window":128,"max_position_embeddings":131072,"tie_word_embeddings":false})",
     116.8e9},
};

class PublishedConfig : public testing::TestWithParam<Published> {};

TEST_P(PublishedConfig, HasTheParametersOfItsCard) {
  const Published& one = GetParam();
  const ImportedModel imported =
      import_hugging_face(one.config, "config.json", {.parameters = one.parameters});
  EXPECT_NEAR(parameters(imported.model) / one.parameters, 1, 0.01);
}

TEST_P(PublishedConfig, ReadsBackFromItsConfigFile) {
  ImportedModel imported = import_hugging_face(GetParam().config, "config.json", {.sequence = 2048});
  imported.model.from = {Origin::published, "a test"};
  const std::filesystem::path file =
      std::filesystem::path(testing::TempDir()) / (std::string(GetParam().name) + ".json");
  write_file_atomically(file, model_json(imported.model, imported.notes));
  const Transformer back = load_transformer(ConfigStore(TRAINCAST_TEST_CONFIGS), file.string());
  EXPECT_EQ(parameters(back), parameters(imported.model));
  EXPECT_EQ(active_parameters(back), active_parameters(imported.model));
  EXPECT_EQ(back.sequence, 2048);
  EXPECT_EQ(back.parallel_block, imported.model.parallel_block);
  EXPECT_EQ(back.sliding_window, imported.model.sliding_window);
  EXPECT_EQ(back.global_every, imported.model.global_every);
  EXPECT_EQ(back.mtp_layers, imported.model.mtp_layers);
  EXPECT_EQ(back.moe.has_value(), imported.model.moe.has_value());
  if (back.moe) {
    EXPECT_EQ(back.moe->router_groups, imported.model.moe->router_groups);
    EXPECT_EQ(back.moe->router_group_top_k, imported.model.moe->router_group_top_k);
  }
  std::filesystem::remove(file);
}

INSTANTIATE_TEST_SUITE_P(Cards, PublishedConfig, testing::ValuesIn(kPublished),
                         [](const auto& one) { return one.param.name; });

// DeepSeek-V3 draws 4 of 8 groups first; Kimi K2 has one group, and a greedy router looks at none.
TEST(HuggingFace, RoutersMayDrawGroupsFirst) {
  const auto groups = [](const std::string& config) {
    const MixtureOfExperts moe = *import_hugging_face(config, "config.json", {}).model.moe;
    return std::pair(moe.router_groups, moe.router_group_top_k);
  };
  const auto config_of = [](std::string_view name) {
    for (const Published& one : kPublished) {
      if (one.name == name) return std::string(one.config);
    }
    return std::string();
  };
  std::string config = config_of("DeepSeekV3");
  EXPECT_EQ(groups(config), std::pair(std::int64_t{8}, std::int64_t{4}));
  EXPECT_EQ(groups(config_of("KimiK2")), std::pair(std::int64_t{0}, std::int64_t{0}));
  config.replace(config.find("noaux_tc"), 8, "greedy");
  EXPECT_EQ(groups(config), std::pair(std::int64_t{0}, std::int64_t{0}));
}

std::string refusal(std::string_view config, const HuggingFaceOptions& options = {}) {
  try {
    import_hugging_face(config, "config.json", options);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(HuggingFace, RefusesWhatItDoesNotKnowByName) {
  EXPECT_NE(
      refusal(R"({"architectures":["MambaForCausalLM"],"model_type":"mamba"})")
          .find(
              "config.json#/architectures: unknown architecture \"MambaForCausalLM\" (model_type \"mamba\")"),
      std::string::npos);
  EXPECT_NE(refusal("{}").find("names no architecture"), std::string::npos);
  EXPECT_NE(refusal("[1]").find("accepted: an object"), std::string::npos);
}

TEST(HuggingFace, SaysWhatIsMissing) {
  const auto missing = [](const char* keys) {
    return refusal(std::string("{\"architectures\":[") + keys + "}");
  };
  EXPECT_NE(missing(R"("MambaForCausalLM"])").find("missing here: state-space"), std::string::npos);
  EXPECT_NE(missing(R"("T5ForConditionalGeneration"])").find("missing here: an encoder"), std::string::npos);
  EXPECT_NE(missing(R"("BertForMaskedLM"])").find("loss on masked tokens"), std::string::npos);
  EXPECT_NE(missing(R"("PhimoeForCausalLM"])").find("experts and their routing"), std::string::npos);
  EXPECT_NE(missing(R"("MllamaForConditionalGeneration"])").find("read images"), std::string::npos);
  EXPECT_NE(missing(R"("DeepseekV32ForCausalLM"])").find("an indexer selects"), std::string::npos);
  // Of a name that nobody here has heard, the keys tell.
  EXPECT_NE(missing(R"("NewLM"],"ssm_state_size":128)").find("state-space"), std::string::npos);
  EXPECT_NE(missing(R"("NewLM"],"is_encoder_decoder":true)").find("an encoder"), std::string::npos);
  EXPECT_NE(missing(R"("NewLM"])").find("written by hand"), std::string::npos);
}

constexpr const char* kQwen3Moe =
    R"({"architectures":["Qwen3MoeForCausalLM"],"hidden_size":2048,"intermediate_size":6144,"num_hidden_layers":48,
        "num_attention_heads":32,"num_key_value_heads":4,"head_dim":128,"vocab_size":151936,"num_experts":128,
        "num_experts_per_tok":8,"moe_intermediate_size":768,"max_position_embeddings":40960)";

// 3.3 B of Qwen's card are with the input's embedding, 151,936 x 2,048; 37 B of DeepSeek-V3's without.
TEST(HuggingFace, ChecksActiveParametersByEitherCount) {
  const std::string config = std::string(kQwen3Moe) + "}";
  const ImportedModel with = import_hugging_face(config, "c.json", {.active_parameters = 3.35e9});
  EXPECT_EQ(with.model.stated_active_parameters, 0);
  EXPECT_NEAR(active_parameters_with_table(with.model) - active_parameters(with.model), 151936.0 * 2048, 1);
  const ImportedModel without = import_hugging_face(config, "c.json", {.active_parameters = 3.04e9});
  EXPECT_EQ(without.model.stated_active_parameters, 3.04e9);
  EXPECT_NE(refusal(config, {.active_parameters = 3.2e9}).find("a token meets"), std::string::npos);
}

TEST(HuggingFace, RefusesLayersInAnOrderThatItCannotExpress) {
  const auto with = [](const char* more) { return refusal(std::string(kQwen3Moe) + more + "}"); };
  EXPECT_EQ(with(R"(,"mlp_only_layers":[0,1])"), "accepted");
  EXPECT_NE(with(R"(,"mlp_only_layers":[1])").find("#/mlp_only_layers: layer 1 in place 0"),
            std::string::npos);
  EXPECT_EQ(with(R"(,"decoder_sparse_step":2)"), "accepted");
  EXPECT_EQ(with(R"(,"decoder_sparse_step":5)"), "accepted");
  // Layers from max_window_layers on slide; with 48 of 48 none does.
  EXPECT_EQ(with(R"(,"use_sliding_window":true,"sliding_window":4096,"max_window_layers":48)"), "accepted");
  EXPECT_NE(with(R"(,"use_sliding_window":true,"sliding_window":4096,"max_window_layers":40)")
                .find("#/max_window_layers: 40"),
            std::string::npos);
  EXPECT_NE(with(R"(,"use_sliding_window":true,"sliding_window":4096)").find("#/max_window_layers: 28"),
            std::string::npos)
      << "what the class takes where none is stated";
}

TEST(HuggingFace, WindowOfQwenIsThereOnlyWhereALayerHasIt) {
  const std::string base = std::string(kQwen3Moe) + R"(,"use_sliding_window":true,"sliding_window":4096)";
  EXPECT_EQ(import_hugging_face(base + R"(,"max_window_layers":48})", "c", {}).model.sliding_window, 0);
  EXPECT_EQ(import_hugging_face(base + R"(,"max_window_layers":0})", "c", {}).model.sliding_window, 4096);
}

// Of Llama's attention_bias: (32 + 2 x 8) x 128 + 4,096 a layer.
TEST(HuggingFace, SaysHowManyBiasesItLeavesOut) {
  std::string config = kPublished[0].config;
  config.replace(config.find("\"attention_bias\":false"), 22, "\"attention_bias\":true");
  const ImportedModel imported = import_hugging_face(config, "c", {.sequence = 4096});
  ASSERT_EQ(imported.notes.size(), 1U);
  EXPECT_NE(imported.notes[0].find("(327680 parameters)"), std::string::npos);
}

TEST(HuggingFace, NamesTheKeyThatIsWrong) {
  EXPECT_NE(refusal(R"({"architectures":["LlamaForCausalLM"],"num_hidden_layers":2})")
                .find("#/hidden_size: missing"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"architectures":["LlamaForCausalLM"],"num_hidden_layers":"two"})")
                .find("#/num_hidden_layers: the text \"two\""),
            std::string::npos);
  EXPECT_NE(refusal(kPublished[0].config, {.parameters = 7e9}).find("accepted: a difference up to 1 %"),
            std::string::npos);
}

TEST(HuggingFace, CutsALongContextAndSaysSo) {
  const ImportedModel imported = import_hugging_face(kPublished[0].config, "config.json", {});
  EXPECT_EQ(imported.model.sequence, kImportedSequence);
  ASSERT_FALSE(imported.notes.empty());
  EXPECT_NE(imported.notes.back().find("131072"), std::string::npos);
}

TEST(HuggingFace, AlternatesWindows) {
  const ImportedModel oss = import_hugging_face(std::end(kPublished)[-1].config, "config.json", {});
  EXPECT_TRUE(oss.model.is_sliding_layer(0));
  EXPECT_FALSE(oss.model.is_sliding_layer(1));
  // Five sliding layers, then one that sees all, where Gemma 3 states no pattern.
  const auto* gemma = std::find_if(std::begin(kPublished), std::end(kPublished), [](const Published& one) {
    return one.name == std::string_view("Gemma3_4B");
  });
  const ImportedModel read = import_hugging_face(gemma->config, "config.json", {});
  EXPECT_EQ(read.model.sliding_window, 1024);
  EXPECT_EQ(read.model.heads, 8);
  EXPECT_EQ(read.model.kv_heads, 4);
  EXPECT_TRUE(read.model.tied_embeddings);
  EXPECT_TRUE(read.model.is_sliding_layer(4));
  EXPECT_FALSE(read.model.is_sliding_layer(5));
}

}  // namespace
}  // namespace traincast
