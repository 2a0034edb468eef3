// How many parameters a transformer has. Doubles: exact below 2^53, which is more than any model has.
#pragma once

#include <cstdint>

#include "host/model/transformer.h"

namespace traincast {

// Weights (and biases) of one layer's attention, without its norm.
double attention_parameters(const Transformer& model);

// Weights of one layer's feed-forward part, without its norm: of a mixture all experts and the router, or
// (`active`) only those that one token visits, router and shared experts included.
double feed_forward_parameters(const Transformer& model, std::int64_t layer, bool active = false);

// The trunk as checkpoints hold it: embeddings, layers, norms, output head unless tied. Without
// multi-token-prediction layers, as publications count.
double parameters(const Transformer& model);

// What one token multiplies on its way: `parameters` less idle experts and less tables of which it reads one
// row (input embedding unless tied, learned positions). The same convention as the gpt-oss model card (2025),
// section 2.
double active_parameters(const Transformer& model);

// Of all multi-token-prediction layers together, beyond the trunk: each has two input norms, a projection of
// 2 x hidden to hidden, one trunk layer and an output norm; embedding and head are the trunk's (DeepSeek-V3,
// arXiv 2412.19437, section 2.2).
double mtp_parameters(const Transformer& model);

}  // namespace traincast
