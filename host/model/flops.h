// FLOPs of training, in the two conventions that published figures use. Never mix them.
#pragma once

#include "host/base/units.h"
#include "host/model/transformer.h"

namespace traincast {

enum class AttentionCount { full_square, causal_half };

// Model FLOPs per token, forward and backward, without recomputation: 6 per active matmul parameter (output
// head included, input embedding not) plus attention 12 L s h over the full square (Chowdhery 2022, appendix
// B) or half of it.
Flops flops_per_token(const Transformer& model, AttentionCount attention);

// Keys that a token meets on average under a causal mask, where it sees the last `window` of `sequence`
// tokens (window <= sequence): the first tokens have fewer before them.
double causal_window_keys(double sequence, double window);

// Parameters that a token meets in matrix products: attention, active FFN and experts, output head. Routers
// are left out, as frameworks' FLOP counts do (Megatron-core, DeepSeek-V3: 2.498e11 FLOP a token at 4,096).
double active_matmul_parameters(const Transformer& model);

}  // namespace traincast
