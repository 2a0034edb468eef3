#include "host/model/parameters.h"

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

// A linear layer, with its bias where the model has biases.
double linear(const Transformer& model, double in, double out) {
  return in * out + (model.bias ? out : 0);
}

// RMSNorm has a scale per element; LayerNorm (models with biases) an offset, too.
double norm(const Transformer& model) {
  return d(model.hidden) * (model.bias ? 2 : 1);
}

double feed_forward(const Transformer& model, double width) {
  const double hidden = d(model.hidden);
  return (model.gated_ffn ? 2 : 1) * linear(model, hidden, width) + linear(model, width, hidden);
}

// DeepSeek-V2, arXiv 2405.04434, section 2.1 and appendix C; both compressed vectors are normalised.
double latent_attention(const Transformer& model, const LatentAttention& mla) {
  const double hidden = d(model.hidden);
  const double heads = d(model.heads);
  const double query_width = heads * d(mla.nope_dim + mla.rope_dim);
  const double queries = mla.q_rank > 0
                             ? d(mla.q_rank) * (hidden + 1) + linear(model, d(mla.q_rank), query_width)
                             : linear(model, hidden, query_width);
  const double compressed = hidden * d(mla.kv_rank + mla.rope_dim) + d(mla.kv_rank);
  const double expanded = linear(model, d(mla.kv_rank), heads * d(mla.nope_dim + mla.value_dim));
  return queries + compressed + expanded + linear(model, heads * d(mla.value_dim), hidden);
}

double layer_parameters(const Transformer& model, std::int64_t layer, bool active) {
  return attention_parameters(model) + feed_forward_parameters(model, layer, active) + 2 * norm(model);
}

double layers_and_head(const Transformer& model, bool active) {
  double sum = norm(model) + d(model.vocab) * d(model.hidden);
  for (std::int64_t layer = 0; layer < model.layers; ++layer) sum += layer_parameters(model, layer, active);
  return sum;
}

}  // namespace

double attention_parameters(const Transformer& model) {
  if (model.mla) return latent_attention(model, *model.mla);
  const double hidden = d(model.hidden);
  const double queries = d(model.heads * model.head_dim);
  const double keys = d(model.kv_heads * model.head_dim);
  return linear(model, hidden, queries) + 2 * linear(model, hidden, keys) + linear(model, queries, hidden);
}

double feed_forward_parameters(const Transformer& model, std::int64_t layer, bool active) {
  if (!model.is_moe_layer(layer)) return feed_forward(model, d(model.ffn_hidden));
  const MixtureOfExperts& moe = *model.moe;
  const double routed = d(active ? moe.top_k : moe.experts) * feed_forward(model, d(moe.ffn_hidden));
  const double shared = moe.shared_experts > 0 ? feed_forward(model, d(moe.shared_ffn_hidden)) : 0;
  return routed + shared + d(model.hidden) * d(moe.experts);
}

double parameters(const Transformer& model) {
  const double table = d(model.vocab) * d(model.hidden);
  const double positions = model.learned_positions ? d(model.sequence) * d(model.hidden) : 0;
  return layers_and_head(model, false) + (model.tied_embeddings ? 0 : table) + positions;
}

double active_parameters(const Transformer& model) {
  return layers_and_head(model, true);
}

double mtp_parameters(const Transformer& model) {
  const double hidden = d(model.hidden);
  const double one = 2 * hidden * hidden + 3 * norm(model) + layer_parameters(model, model.layers - 1, false);
  return d(model.mtp_layers) * one;
}

}  // namespace traincast
