#include "host/model/flops.h"

#include <algorithm>

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

}  // namespace

double attention_parameters(const Transformer& model) {
  const double h = d(model.hidden);
  if (!model.mla) {
    return h * d((2 * model.heads + 2 * model.kv_heads) * model.head_dim);
  }
  const LatentAttention& mla = *model.mla;
  const double qk = d(model.heads * (mla.nope_dim + mla.rope_dim));
  const double query = mla.q_rank > 0 ? h * d(mla.q_rank) + d(mla.q_rank) * qk : h * qk;
  return query + h * d(mla.kv_rank + mla.rope_dim) +
         d(mla.kv_rank) * d(model.heads * (mla.nope_dim + mla.value_dim)) +
         d(model.heads * mla.value_dim) * h;
}

double ffn_matrix_parameters(const Transformer& model, std::int64_t width) {
  return (model.gated_ffn ? 3 : 2) * d(model.hidden) * d(width);
}

namespace {

double active_ffn_parameters(const Transformer& model, std::int64_t layer) {
  if (!model.is_moe_layer(layer)) return ffn_matrix_parameters(model, model.ffn_hidden);
  const MixtureOfExperts& moe = *model.moe;
  return ffn_matrix_parameters(model, moe.top_k * moe.ffn_hidden + moe.shared_ffn_hidden) +
         d(model.hidden * moe.experts);
}

// Mean number of keys that a query of this layer meets, over the full square.
double mean_window(const Transformer& model, std::int64_t layer) {
  const double s = d(model.sequence);
  if (!model.is_sliding_layer(layer)) return s;
  return std::min(s, 2 * d(model.sliding_window));  // halved again with the causal half, like s
}

}  // namespace

double active_matmul_parameters(const Transformer& model) {
  double sum = d(model.hidden) * d(model.vocab);
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    sum += attention_parameters(model) + active_ffn_parameters(model, layer);
  }
  return sum;
}

Flops flops_per_token(const Transformer& model, AttentionCount attention) {
  const bool halve = attention == AttentionCount::causal_half && model.causal;
  const double qk = model.mla ? d(model.mla->nope_dim + model.mla->rope_dim) : d(model.head_dim);
  const double pv = model.mla ? d(model.mla->value_dim) : d(model.head_dim);
  double scores = 0;  // per token and head, over all layers
  for (std::int64_t layer = 0; layer < model.layers; ++layer) scores += mean_window(model, layer);
  // Forward 2 FLOP per score and dimension for each of QK^T and PV; backward twice the forward.
  const double attention_flops = 6 * scores * d(model.heads) * (qk + pv) * (halve ? 0.5 : 1.0);
  return Flops(6 * active_matmul_parameters(model) + attention_flops);
}

}  // namespace traincast
