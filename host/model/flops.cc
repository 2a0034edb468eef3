#include "host/model/flops.h"

#include <algorithm>

#include "host/model/parameters.h"

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

// Keys that a query of this layer meets: all of them or those of its window; under a causal mask on average
// half of them, or the window's.
double keys_per_query(const Transformer& model, std::int64_t layer, bool halve) {
  const double window = model.is_sliding_layer(layer) ? std::min(d(model.sequence), d(model.sliding_window))
                                                      : d(model.sequence);
  return halve ? causal_window_keys(d(model.sequence), window) : window;
}

}  // namespace

double causal_window_keys(double sequence, double window) {
  return window * (1 - window / (2 * sequence));
}

double active_matmul_parameters(const Transformer& model) {
  double sum = d(model.hidden) * d(model.vocab);
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    sum += attention_parameters(model) + feed_forward_parameters(model, layer, true);
    if (model.is_moe_layer(layer)) sum -= d(model.hidden * model.moe->experts);  // the router
  }
  return sum;
}

Flops flops_per_token(const Transformer& model, AttentionCount attention) {
  const bool halve = attention == AttentionCount::causal_half && model.causal;
  const double qk = model.mla ? d(model.mla->nope_dim + model.mla->rope_dim) : d(model.head_dim);
  const double pv = model.mla ? d(model.mla->value_dim) : d(model.head_dim);
  double scores = 0;  // per token and head, over all layers
  for (std::int64_t layer = 0; layer < model.layers; ++layer) scores += keys_per_query(model, layer, halve);
  // Forward 2 FLOP per score and dimension for each of QK^T and PV; backward twice the forward.
  const double attention_flops = 6 * scores * d(model.heads) * (qk + pv);
  return Flops(6 * active_matmul_parameters(model) + attention_flops);
}

}  // namespace traincast
