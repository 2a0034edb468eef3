#include "host/model/shard.h"

#include <algorithm>

namespace traincast {
namespace {

constexpr std::int64_t kVocabularyMultiple = 128;  // Megatron's --make-vocab-size-divisible-by

std::int64_t share(std::int64_t whole, std::int64_t ranks) {
  return (whole + ranks - 1) / ranks;
}

Matrix dense(std::int64_t rows, std::int64_t columns) {
  return {rows, columns, 1, false, false};
}

void add_attention(const Transformer& model, std::int64_t tensor, LayerMatrices& out) {
  const std::int64_t h = model.hidden;
  if (model.mla) {
    const LatentAttention& mla = *model.mla;
    const std::int64_t queries = share(model.heads, tensor) * (mla.nope_dim + mla.rope_dim);
    if (mla.q_rank > 0) {
      out.add(dense(mla.q_rank, h));
      out.add(dense(queries, mla.q_rank));
    } else {
      out.add(dense(queries, h));
    }
    out.add(dense(mla.kv_rank + mla.rope_dim, h));
    out.add(dense(share(model.heads, tensor) * (mla.nope_dim + mla.value_dim), mla.kv_rank));
    out.add(dense(h, share(model.heads, tensor) * mla.value_dim));
    return;
  }
  const std::int64_t queries = share(model.heads, tensor) * model.head_dim;
  const std::int64_t keys = share(model.kv_heads, tensor) * model.head_dim;
  out.add(dense(queries + 2 * keys, h));
  out.add(dense(h, queries));
}

void add_ffn(const Transformer& model, std::int64_t width, std::int64_t copies, bool expert,
             LayerMatrices& out) {
  out.add({(model.gated_ffn ? 2 : 1) * width, model.hidden, copies, expert, false});
  out.add({model.hidden, width, copies, expert, false});
}

// Norm weights, and biases where the model has them, of one layer on one rank.
double vectors(const Transformer& model, std::int64_t tensor, bool moe_layer) {
  const auto h = static_cast<double>(model.hidden);
  double sum = 2 * h;
  if (model.mla) sum += static_cast<double>(model.mla->q_rank + model.mla->kv_rank);
  if (!model.bias) return sum;
  sum += 2 * h;  // biases of the two norms
  const auto shards = static_cast<double>(tensor);
  sum += static_cast<double>((model.heads + 2 * model.kv_heads) * model.head_dim) / shards + h;
  if (!moe_layer) sum += static_cast<double>((model.gated_ffn ? 2 : 1) * model.ffn_hidden) / shards + h;
  return sum;
}

std::int64_t sharded(std::int64_t replicas, std::int64_t limit) {
  return std::max<std::int64_t>(1, limit > 0 ? std::min(limit, replicas) : replicas);
}

}  // namespace

LayerMatrices layer_matrices(const Transformer& model, const Plan& plan, bool moe_layer) {
  LayerMatrices out;
  add_attention(model, plan.tensor_parallel, out);
  if (!moe_layer || !model.moe) {
    add_ffn(model, share(model.ffn_hidden, plan.tensor_parallel), 1, false, out);
    return out;
  }
  const MixtureOfExperts& moe = *model.moe;
  out.add({moe.experts, model.hidden, 1, false, true});
  if (moe.shared_ffn_hidden > 0) {
    add_ffn(model, share(moe.shared_ffn_hidden, plan.tensor_parallel), 1, false, out);
  }
  add_ffn(model, share(moe.ffn_hidden, plan.expert_tensor_parallel), share(moe.experts, plan.expert_parallel),
          true, out);
  return out;
}

LayerRange chunk_layers(const Transformer& model, const Plan& plan, std::int64_t chunk) {
  const std::int64_t chunks = plan.pipeline_parallel * plan.virtual_stages;
  const std::int64_t most = share(model.layers, chunks);
  const std::int64_t lacking = most * chunks - model.layers;
  if (lacking != 2 && lacking < most) {
    return {chunk * most, chunk + 1 == chunks ? most - lacking : most};
  }
  const std::int64_t base = model.layers / chunks;
  const std::int64_t extra = model.layers % chunks;  // chunks 1 to `extra` take one more
  const std::int64_t before = std::clamp<std::int64_t>(chunk - 1, 0, extra);
  return {chunk * base + before, base + (chunk >= 1 && chunk <= extra ? 1 : 0)};
}

StageParameters layer_parameters(const Transformer& model, const Plan& plan, bool moe_layer) {
  StageParameters sum;
  for (const Matrix& matrix : layer_matrices(model, plan, moe_layer)) {
    (matrix.expert ? sum.experts : sum.dense) += matrix.elements() * static_cast<double>(matrix.copies);
  }
  sum.dense += vectors(model, plan.tensor_parallel, moe_layer);
  return sum;
}

StageParameters stage_parameters(const Transformer& model, const Plan& plan, std::int64_t stage) {
  const StageParameters dense = layer_parameters(model, plan, false);
  const StageParameters sparse = layer_parameters(model, plan, true);
  const auto h = static_cast<double>(model.hidden);
  StageParameters sum;
  const auto add = [&sum](const StageParameters& layer) {
    sum.dense += layer.dense;
    sum.experts += layer.experts;
  };
  for (std::int64_t v = 0; v < plan.virtual_stages; ++v) {
    const LayerRange range = chunk_layers(model, plan, stage + v * plan.pipeline_parallel);
    for (std::int64_t i = range.first; i < range.first + range.count; ++i) {
      add(model.is_moe_layer(i) ? sparse : dense);
    }
  }
  const bool first = stage == 0;
  const bool last = stage == plan.pipeline_parallel - 1;
  const double table = static_cast<double>(vocabulary_shard(model, plan)) * h;
  if (first) sum.embedding = table + (model.learned_positions ? static_cast<double>(model.sequence) * h : 0);
  if (last) {
    sum.dense += model.bias ? 2 * h : h;  // final norm
    if (!model.tied_embeddings || !first) sum.head = table;
    // A prediction module: two norms, the projection of [hidden, embedding] and one layer (DeepSeek-V3,
    // arXiv 2412.19437, section 2.2); it shares embedding and head, so a last stage without one gets a copy.
    for (std::int64_t i = 0; i < model.mtp_layers; ++i) {
      add(model.moe ? sparse : dense);
      sum.dense += 2 * h * h / static_cast<double>(plan.tensor_parallel) + 3 * h;
    }
    if (model.mtp_layers > 0 && !first) sum.embedding = table;
  }
  return sum;
}

std::int64_t vocabulary_shard(const Transformer& model, const Plan& plan) {
  return share(model.vocab, kVocabularyMultiple * plan.tensor_parallel) * kVocabularyMultiple;
}

double whole_gradients(const Plan& plan) {
  if (plan.zero_stage < 2) return 1;
  if (plan.zero_stage == 3 || plan.pipeline_parallel == 1) return 0;
  const std::int64_t micro_batches = plan.global_batch / (plan.micro_batch * plan.data_parallel);
  const bool by_chunk = micro_batches > 0 && micro_batches <= plan.pipeline_parallel;
  return by_chunk ? 1.0 / static_cast<double>(plan.virtual_stages) : 1;
}

std::int64_t gradient_reductions(const Plan& plan) {
  return whole_gradients(plan) > 0 ? 1 : plan.global_batch / (plan.micro_batch * plan.data_parallel);
}

std::int64_t dense_shard_ranks(const Plan& plan) {
  return sharded(plan.data_parallel * plan.context_parallel, plan.shard_ranks);
}

std::int64_t expert_shard_ranks(const Plan& plan) {
  return sharded(plan.data_parallel * plan.context_parallel * plan.tensor_parallel /
                     (plan.expert_parallel * plan.expert_tensor_parallel),
                 plan.shard_ranks);
}

}  // namespace traincast
