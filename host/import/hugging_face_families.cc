#include "host/import/hugging_face_families.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "host/import/hugging_face.h"
#include "host/import/limits.h"

namespace traincast {
namespace {

using Notes = std::vector<std::string>;

std::int64_t layer_count(const ForeignObject& config) {
  const std::int64_t layers = config.count({"num_hidden_layers", "n_layer", "n_layers"});
  if (layers > kMaxImportedLayers) {
    config.fail("num_hidden_layers", std::to_string(layers) + "; accepted: a whole number from 1 to " +
                                         std::to_string(kMaxImportedLayers));
  }
  return layers;
}

// What nearly all decoder configs share.
Transformer common(const ForeignObject& config) {
  Transformer model;
  model.layers = layer_count(config);
  model.hidden = config.count({"hidden_size", "n_embd", "d_model"});
  model.heads = config.count({"num_attention_heads", "n_head", "n_heads"});
  model.kv_heads = config.count_or({"num_key_value_heads"}, model.heads);
  if (model.kv_heads == 0 || model.heads % model.kv_heads != 0) {
    config.fail("num_key_value_heads", std::to_string(model.kv_heads) + " does not divide the " +
                                           std::to_string(model.heads) + " attention heads");
  }
  const std::int64_t head_dim = config.count_or({"head_dim"}, 0);
  if (head_dim == 0 && model.hidden % model.heads != 0) {
    config.fail("head_dim", "missing, and " + std::to_string(model.heads) +
                                " heads do not divide hidden_size " + std::to_string(model.hidden));
  }
  model.head_dim = head_dim > 0 ? head_dim : model.hidden / model.heads;
  model.vocab = config.count({"vocab_size"});
  model.sequence = config.count_or({"max_position_embeddings", "n_positions", "n_ctx"}, kImportedSequence);
  return model;
}

Transformer gated(const ForeignObject& config, bool tied) {
  Transformer model = common(config);
  model.ffn_hidden = config.count({"intermediate_size"});
  model.tied_embeddings = config.flag_or("tie_word_embeddings", tied);
  return model;
}

// "layer_types" of newer configs, else one full layer in `every` (0: as the config's own pattern says).
void add_sliding(Transformer& model, const ForeignObject& config, std::int64_t every) {
  const std::int64_t window = config.count_or({"sliding_window"}, 0);
  if (window == 0) return;
  const std::vector<std::string> types = config.texts("layer_types");
  if (!types.empty()) {
    const auto full = std::count(types.begin(), types.end(), "full_attention");
    if (full == static_cast<std::ptrdiff_t>(types.size())) return;
    every = full == 0 ? 0 : static_cast<std::int64_t>(types.size()) / full;
    for (std::size_t i = 0; i < types.size() && every > 0; ++i) {
      const bool last = i % static_cast<std::size_t>(every) == static_cast<std::size_t>(every) - 1;
      if (last != (types[i] == "full_attention")) {
        config.fail("layer_types", "layer " + std::to_string(i) + " is " + types[i] +
                                       "; accepted: one full_attention layer at the end of each group");
      }
    }
  }
  model.sliding_window = window;
  model.global_every = every;
}

void note_qkv_bias(const Transformer& model, Notes& notes, bool output = false) {
  // Widths of foreign files may be so large that the product needs more than 64 bits.
  const double count =
      (static_cast<double>(model.heads + 2 * model.kv_heads) * static_cast<double>(model.head_dim) +
       (output ? static_cast<double>(model.hidden) : 0)) *
      static_cast<double>(model.layers);
  std::array<char, 64> digits{};
  std::snprintf(digits.data(), digits.size(), "%.0f", count);
  notes.push_back(std::string("The biases of queries, keys") +
                  (output ? ", values and output (" : " and values (") + std::string(digits.data()) +
                  " parameters) are not counted.");
}

// "attention_bias" of configs whose family has none as a rule, "mlp_bias" likewise.
void note_biases(const Transformer& model, const ForeignObject& config, Notes& notes) {
  if (config.flag_or("attention_bias", false)) note_qkv_bias(model, notes, true);
  if (config.flag_or("mlp_bias", false))
    notes.emplace_back("The biases of the feed-forward layers are not counted.");
}

Transformer llama(const ForeignObject& config, Notes& notes) {
  Transformer model = gated(config, false);
  note_biases(model, config, notes);
  return model;
}

// Layers from "max_window_layers" on have the window (Qwen2, Qwen3): here all of them or none can.
void add_late_sliding(Transformer& model, const ForeignObject& config) {
  if (!config.flag_or("use_sliding_window", false)) return;
  const std::int64_t first = config.count_or({"max_window_layers"}, 0);
  if (config.texts("layer_types").empty() && first > 0) {
    if (first >= model.layers) return;
    config.fail("max_window_layers",
                std::to_string(first) + ": " + std::to_string(first) +
                    " layers of full attention before those with a window; accepted: 0, or the " +
                    std::to_string(model.layers) + " layers or more");
  }
  add_sliding(model, config, 0);
}

Transformer mistral(const ForeignObject& config, Notes&) {
  Transformer model = gated(config, false);
  add_sliding(model, config, 0);
  return model;
}

Transformer mixtral(const ForeignObject& config, Notes&) {
  Transformer model = gated(config, false);
  add_sliding(model, config, 0);
  model.moe = MixtureOfExperts{.experts = config.count({"num_local_experts"}),
                               .top_k = config.count({"num_experts_per_tok"}),
                               .ffn_hidden = model.ffn_hidden};
  return model;
}

Transformer qwen2(const ForeignObject& config, Notes& notes) {
  Transformer model = gated(config, false);
  add_late_sliding(model, config);
  note_qkv_bias(model, notes);
  return model;
}

Transformer qwen3(const ForeignObject& config, Notes& notes) {
  Transformer model = gated(config, false);
  add_late_sliding(model, config);
  note_biases(model, config, notes);
  return model;
}

// "mlp_only_layers" may only name the first ones.
std::int64_t dense_layers(const ForeignObject& config) {
  const std::vector<std::int64_t> layers = config.counts("mlp_only_layers");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (layers[i] != static_cast<std::int64_t>(i)) {
      config.fail("mlp_only_layers", "names layer " + std::to_string(layers[i]) +
                                         "; accepted: the first layers, in their order");
    }
  }
  return static_cast<std::int64_t>(layers.size());
}

// Transformers puts the experts into the last layer of each `every`, a Transformer into the first.
std::int64_t sparse_step(const ForeignObject& config, const Transformer& model) {
  const std::int64_t every = std::max<std::int64_t>(1, config.count_or({"decoder_sparse_step"}, 1));
  if (every > 1 && (dense_layers(config) > 0 || model.layers % every != 0)) {
    config.fail("decoder_sparse_step",
                std::to_string(every) + " with " + std::to_string(model.layers) +
                    " layers; accepted: 1, or a divisor of the layers without mlp_only_layers");
  }
  return every;
}

Transformer qwen_moe(const ForeignObject& config, Notes& notes, bool shared) {
  Transformer model = shared ? qwen2(config, notes) : qwen3(config, notes);
  model.moe = MixtureOfExperts{.experts = config.count({"num_experts"}),
                               .top_k = config.count({"num_experts_per_tok"}),
                               .ffn_hidden = config.count({"moe_intermediate_size"}),
                               .first_dense_layers = dense_layers(config),
                               .every = sparse_step(config, model)};
  const std::int64_t width = config.count_or({"shared_expert_intermediate_size"}, 0);
  if (width > 0) {
    model.moe->shared_experts = 1;
    model.moe->shared_ffn_hidden = width;
  }
  return model;
}
Transformer qwen2_moe(const ForeignObject& config, Notes& notes) {
  return qwen_moe(config, notes, true);
}
Transformer qwen3_moe(const ForeignObject& config, Notes& notes) {
  return qwen_moe(config, notes, false);
}

// DeepSeek-V2 and V3, and Kimi K2, which has the same layers.
Transformer deepseek(const ForeignObject& config, Notes& notes) {
  Transformer model;
  model.layers = layer_count(config);
  model.hidden = config.count({"hidden_size"});
  model.heads = config.count({"num_attention_heads"});
  model.kv_heads = model.heads;  // latent attention expands keys and values to every head
  model.ffn_hidden = config.count({"intermediate_size"});
  model.vocab = config.count({"vocab_size"});
  model.sequence = config.count_or({"max_position_embeddings"}, kImportedSequence);
  model.tied_embeddings = config.flag_or("tie_word_embeddings", false);
  model.mla = LatentAttention{.q_rank = config.count_or({"q_lora_rank"}, 0),
                              .kv_rank = config.count({"kv_lora_rank"}),
                              .nope_dim = config.count({"qk_nope_head_dim"}),
                              .rope_dim = config.count({"qk_rope_head_dim"}),
                              .value_dim = config.count({"v_head_dim"})};
  model.head_dim = model.mla->nope_dim + model.mla->rope_dim;
  model.mtp_layers = config.count_or({"num_nextn_predict_layers"}, 0);
  const std::int64_t width = config.count({"moe_intermediate_size"});
  const std::int64_t shared = config.count_or({"n_shared_experts"}, 0);
  model.moe = MixtureOfExperts{.experts = config.count({"n_routed_experts"}),
                               .top_k = config.count({"num_experts_per_tok"}),
                               .ffn_hidden = width,
                               .shared_experts = shared,
                               .shared_ffn_hidden = shared * width,
                               .first_dense_layers = config.count_or({"first_k_dense_replace"}, 0),
                               .every = std::max<std::int64_t>(1, config.count_or({"moe_layer_freq"}, 1))};
  if (model.moe->first_dense_layers % model.moe->every != 0) {
    config.fail("moe_layer_freq", std::to_string(model.moe->every) + " after " +
                                      std::to_string(model.moe->first_dense_layers) +
                                      " dense layers; accepted: 1, or a divisor of first_k_dense_replace");
  }
  if (config.flag_or("attention_bias", false)) {
    notes.emplace_back("The biases of the attention's projections are not counted.");
  }
  return model;
}

Transformer gemma(const ForeignObject& config, Notes&) {
  return gated(config, true);
}
Transformer gemma2(const ForeignObject& config, Notes&) {
  Transformer model = gated(config, true);
  add_sliding(model, config, 2);
  return model;
}
Transformer gemma3(const ForeignObject& config, Notes& notes) {
  Transformer model = gated(config, true);
  add_sliding(model, config, config.count_or({"sliding_window_pattern", "_sliding_window_pattern"}, 6));
  note_biases(model, config, notes);
  return model;
}

// The text inside a model that also sees states only what differs from the library's Gemma3TextConfig.
Transformer gemma3_with_vision(const ForeignObject& config, Notes& notes) {
  const ForeignObject text = config.with_defaults({{"vocab_size", 262208},
                                                   {"hidden_size", 2304},
                                                   {"intermediate_size", 9216},
                                                   {"num_hidden_layers", 26},
                                                   {"num_attention_heads", 8},
                                                   {"num_key_value_heads", 4},
                                                   {"head_dim", 256},
                                                   {"max_position_embeddings", 131072},
                                                   {"sliding_window", 4096}});
  notes.emplace_back("The vision tower and its projector are not part of the model.");
  return gemma3(text, notes);
}

Transformer gpt2(const ForeignObject& config, Notes&) {
  Transformer model = common(config);
  const std::int64_t inner = config.count_or({"n_inner"}, 0);
  model.ffn_hidden = inner > 0 ? inner : 4 * model.hidden;
  model.gated_ffn = false;
  model.tied_embeddings = config.flag_or("tie_word_embeddings", true);
  model.learned_positions = true;
  model.bias = true;
  return model;
}

Transformer gpt_neox(const ForeignObject& config, Notes&) {
  Transformer model = gated(config, false);
  model.gated_ffn = false;
  model.bias = true;
  model.parallel_block = config.flag_or("use_parallel_residual", true);
  return model;
}

// Grok-1; Grok-2 uses the name of its successor class, experts narrower than its dense path, and that path in
// every layer.
Transformer grok(const ForeignObject& config, Notes& notes) {
  Transformer model = gated(config, config.has("moe_intermediate_size") ? false : true);
  model.moe = MixtureOfExperts{.experts = config.count({"num_experts", "num_local_experts"}),
                               .top_k = config.count({"num_experts_per_tok", "num_selected_experts"}),
                               .ffn_hidden = config.count_or({"moe_intermediate_size"}, model.ffn_hidden)};
  if (config.flag_or("residual_moe", false)) {
    model.moe->shared_experts = 1;
    model.moe->shared_ffn_hidden = model.ffn_hidden;
    notes.emplace_back("The dense path beside the experts is written as one shared expert of its width.");
  }
  return model;
}

Transformer gpt_oss(const ForeignObject& config, Notes& notes) {
  Transformer model = gated(config, false);
  add_sliding(model, config, 2);
  model.moe = MixtureOfExperts{.experts = config.count({"num_local_experts", "num_experts"}),
                               .top_k = config.count({"num_experts_per_tok", "experts_per_token"}),
                               .ffn_hidden = model.ffn_hidden};
  notes.emplace_back("Biases of attention and experts and the attention sinks are not counted.");
  return model;
}

constexpr std::array<HuggingFaceArchitecture, 20> kArchitectures = {{
    {"LlamaForCausalLM", llama},         {"MistralForCausalLM", mistral},
    {"MixtralForCausalLM", mixtral},     {"Qwen2ForCausalLM", qwen2},
    {"Qwen2MoeForCausalLM", qwen2_moe},  {"Qwen3ForCausalLM", qwen3},
    {"Qwen3MoeForCausalLM", qwen3_moe},  {"DeepseekV2ForCausalLM", deepseek},
    {"DeepseekV3ForCausalLM", deepseek}, {"KimiK2ForCausalLM", deepseek},
    {"GemmaForCausalLM", gemma},         {"Gemma2ForCausalLM", gemma2},
    {"Gemma3ForCausalLM", gemma3},       {"Gemma3ForConditionalGeneration", gemma3_with_vision},
    {"GPT2LMHeadModel", gpt2},           {"GPTNeoXForCausalLM", gpt_neox},
    {"Grok1ModelForCausalLM", grok},     {"Grok1ForCausalLM", grok},
    {"GptOssForCausalLM", gpt_oss},      {"GPT2Model", gpt2},
}};

}  // namespace

std::span<const HuggingFaceArchitecture> hugging_face_families() {
  return kArchitectures;
}

}  // namespace traincast
