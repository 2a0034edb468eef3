#include "host/import/hugging_face_families.h"

#include <algorithm>
#include <array>

#include "host/import/hugging_face.h"
#include "host/import/hugging_face_common.h"

namespace traincast {
namespace {

Transformer llama(const ForeignObject& config, Notes& notes) {
  Transformer model = gated(config, false);
  note_biases(model, config, notes);
  return model;
}

// Layers from "max_window_layers" on have the window (Qwen2, Qwen3): here all of them or none can.
void add_late_sliding(Transformer& model, const ForeignObject& config) {
  if (!config.flag_or("use_sliding_window", false)) return;
  const std::int64_t first = config.count_or({"max_window_layers"}, 28);  // the classes' default
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

// How many layers come before the first with experts: "mlp_only_layers" have none, and of the others only
// every `step`th one does, counted from 1.
std::int64_t dense_layers(const ForeignObject& config, std::int64_t step) {
  const std::vector<std::int64_t> dense = config.counts("mlp_only_layers");
  for (std::size_t i = 0; i < dense.size(); ++i) {
    if (dense[i] != static_cast<std::int64_t>(i)) {
      config.fail("mlp_only_layers", "layer " + std::to_string(dense[i]) + " in place " + std::to_string(i) +
                                         "; accepted: the first layers, in order");
    }
  }
  return (static_cast<std::int64_t>(dense.size()) + step) / step * step - 1;
}

Transformer qwen_moe(const ForeignObject& config, Notes& notes, bool shared) {
  Transformer model = shared ? qwen2(config, notes) : qwen3(config, notes);
  const std::int64_t step = std::max<std::int64_t>(1, config.count_or({"decoder_sparse_step"}, 1));
  model.moe = MixtureOfExperts{.experts = config.count({"num_experts"}),
                               .top_k = config.count({"num_experts_per_tok"}),
                               .ffn_hidden = config.count({"moe_intermediate_size"}),
                               .first_dense_layers = dense_layers(config, step),
                               .every = step};
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
  const std::int64_t step = std::max<std::int64_t>(1, config.count_or({"moe_layer_freq"}, 1));
  const std::int64_t dense = config.count_or({"first_k_dense_replace"}, 0);
  model.moe = MixtureOfExperts{.experts = config.count({"n_routed_experts"}),
                               .top_k = config.count({"num_experts_per_tok"}),
                               .ffn_hidden = width,
                               .shared_experts = shared,
                               .shared_ffn_hidden = shared * width,
                               // Experts are in the layers that the step divides, counted from 0.
                               .first_dense_layers = (dense + step - 1) / step * step,
                               .every = step};
  const std::int64_t groups = config.count_or({"n_group"}, 1);
  if (groups > 1 && config.text_or("topk_method", "") != "greedy") {
    model.moe->router_groups = groups;
    model.moe->router_group_top_k = config.count({"topk_group"});
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
  Transformer model = gated(config, !config.has("moe_intermediate_size"));
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
