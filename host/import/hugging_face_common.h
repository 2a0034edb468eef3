// What the configs of several architectures share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/import/foreign_json.h"
#include "host/model/transformer.h"

namespace traincast {

using Notes = std::vector<std::string>;

// "num_hidden_layers", up to what an import accepts.
std::int64_t layer_count(const ForeignObject& config);

// Layers, widths, heads, words and context, under the names that nearly all decoder configs use.
Transformer common(const ForeignObject& config);

// With a gated feed-forward width; `tied` where the config does not say whether input and output share a
// table.
Transformer gated(const ForeignObject& config, bool tied);

// "layer_types" of newer configs, else one full layer in `every` (0: none).
void add_sliding(Transformer& model, const ForeignObject& config, std::int64_t every);

// Biases that a Transformer without biases everywhere cannot have, as a note with their number.
void note_qkv_bias(const Transformer& model, Notes& notes, bool output = false);

// "attention_bias" of configs whose family has none as a rule, "mlp_bias" likewise.
void note_biases(const Transformer& model, const ForeignObject& config, Notes& notes);

}  // namespace traincast
