#include "host/import/hugging_face_common.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "host/import/hugging_face.h"
#include "host/import/limits.h"

namespace traincast {

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

void note_qkv_bias(const Transformer& model, Notes& notes, bool output) {
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

}  // namespace traincast
