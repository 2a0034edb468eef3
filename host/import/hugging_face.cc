#include "host/import/hugging_face.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "host/base/errors.h"
#include "host/config/near.h"
#include "host/import/foreign_json.h"
#include "host/import/limits.h"
#include "host/model/parameters.h"

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

void note_qkv_bias(const Transformer& model, Notes& notes) {
  // Widths of foreign files may be so large that the product needs more than 64 bits.
  const double count = static_cast<double>(model.heads + 2 * model.kv_heads) *
                       static_cast<double>(model.head_dim) * static_cast<double>(model.layers);
  std::array<char, 64> digits{};
  std::snprintf(digits.data(), digits.size(), "%.0f", count);
  notes.push_back("The biases of queries, keys and values (" + std::string(digits.data()) +
                  " parameters) are not counted.");
}

Transformer llama(const ForeignObject& config, Notes& notes) {
  Transformer model = gated(config, false);
  if (config.flag_or("attention_bias", false)) note_qkv_bias(model, notes);
  return model;
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
  if (config.flag_or("use_sliding_window", false)) add_sliding(model, config, 0);
  note_qkv_bias(model, notes);
  return model;
}

Transformer qwen3(const ForeignObject& config, Notes&) {
  Transformer model = gated(config, false);
  if (config.flag_or("use_sliding_window", false)) add_sliding(model, config, 0);
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
Transformer deepseek(const ForeignObject& config, Notes&) {
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
Transformer gemma3(const ForeignObject& config, Notes&) {
  Transformer model = gated(config, true);
  add_sliding(model, config, config.count_or({"sliding_window_pattern", "_sliding_window_pattern"}, 6));
  return model;
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

struct Architecture {
  std::string_view name;
  Transformer (*read)(const ForeignObject&, Notes&);
};
constexpr std::array<Architecture, 20> kArchitectures = {{
    {"LlamaForCausalLM", llama},         {"MistralForCausalLM", mistral},
    {"MixtralForCausalLM", mixtral},     {"Qwen2ForCausalLM", qwen2},
    {"Qwen2MoeForCausalLM", qwen2_moe},  {"Qwen3ForCausalLM", qwen3},
    {"Qwen3MoeForCausalLM", qwen3_moe},  {"DeepseekV2ForCausalLM", deepseek},
    {"DeepseekV3ForCausalLM", deepseek}, {"KimiK2ForCausalLM", deepseek},
    {"GemmaForCausalLM", gemma},         {"Gemma2ForCausalLM", gemma2},
    {"Gemma3ForCausalLM", gemma3},       {"Gemma3ForConditionalGeneration", gemma3},
    {"GPT2LMHeadModel", gpt2},           {"GPTNeoXForCausalLM", gpt_neox},
    {"Grok1ModelForCausalLM", grok},     {"Grok1ForCausalLM", grok},
    {"GptOssForCausalLM", gpt_oss},      {"GPT2Model", gpt2},
}};

const Architecture& find_architecture(const ForeignObject& config) {
  const std::vector<std::string> stated = config.texts("architectures");
  const std::string kind = stated.empty() ? "" : stated.front();
  const auto* found = std::find_if(kArchitectures.begin(), kArchitectures.end(),
                                   [&](const Architecture& one) { return one.name == kind; });
  if (found != kArchitectures.end()) return *found;
  const std::string type = config.text_or("model_type", "");
  config.fail(
      "architectures",
      (kind.empty() ? "names no architecture" : "unknown architecture \"" + kind + "\"") +
          (type.empty() ? "" : " (model_type \"" + type + "\")") +
          ": its layers are not described here; accepted: " + join(hugging_face_architectures(), " "));
}

// Texts of a model that also sees have the language model inside.
ForeignObject language_model(const ForeignObject& config) {
  const std::optional<ForeignObject> inner = config.object_if("text_config");
  return inner ? *inner : config;
}

void check_parameters(const Transformer& model, const ForeignObject& config, double stated) {
  const double computed = parameters(model);
  if (stated == 0 || std::abs(computed - stated) <= 0.01 * stated) return;
  config.fail("", "the shape has " + shortest(std::round(computed)) + " parameters, " + shortest(stated) +
                      " are stated; accepted: a difference up to 1 %");
}

}  // namespace

std::vector<std::string> hugging_face_architectures() {
  std::vector<std::string> names;
  for (const Architecture& one : kArchitectures) names.emplace_back(one.name);
  return names;
}

ImportedModel import_hugging_face(std::string_view text, const std::string& file,
                                  const HuggingFaceOptions& options) {
  const JsonValue root = parse_json(text, file);
  const ForeignObject config(root, file, "");
  const Architecture& architecture = find_architecture(config);
  ImportedModel out{.architecture = std::string(architecture.name)};
  out.model = architecture.read(language_model(config), out.notes);
  const std::int64_t context = out.model.sequence;
  // A table of learned positions is as long as the context, whatever the training used.
  if (options.sequence > 0) {
    out.model.sequence = options.sequence;
  } else if (!out.model.learned_positions && context > kImportedSequence) {
    out.model.sequence = kImportedSequence;
    out.notes.push_back("The config's context of " + std::to_string(context) +
                        " tokens was cut to a training sequence of " + std::to_string(kImportedSequence) +
                        "; --sequence says otherwise.");
  }
  check_parameters(out.model, config, options.parameters);
  out.model.stated_parameters = options.parameters;
  return out;
}

}  // namespace traincast
