// Models whose memory and shards are counted by hand.
#pragma once

#include <cstdint>

#include "host/model/shard.h"
#include "host/model/stack.h"
#include "host/model/transformer.h"

namespace traincast::test {

inline Transformer gpt(std::int64_t layers, std::int64_t hidden, std::int64_t heads) {
  Transformer model;
  model.layers = layers;
  model.hidden = hidden;
  model.ffn_hidden = 4 * hidden;
  model.heads = model.kv_heads = heads;
  model.head_dim = hidden / heads;
  model.vocab = 51200;
  model.sequence = 2048;
  model.gated_ffn = false;
  model.bias = model.learned_positions = model.tied_embeddings = true;
  return model;
}

inline Transformer llama(std::int64_t layers, std::int64_t hidden, std::int64_t ffn, std::int64_t heads,
                         std::int64_t kv_heads) {
  Transformer model;
  model.layers = layers;
  model.hidden = hidden;
  model.ffn_hidden = ffn;
  model.heads = heads;
  model.kv_heads = kv_heads;
  model.head_dim = 128;
  model.vocab = 128256;
  model.sequence = 8192;
  return model;
}

inline Transformer deepseek_v3() {
  Transformer model = llama(61, 7168, 18432, 128, 128);
  model.vocab = 129280;
  model.mla =
      LatentAttention{.q_rank = 1536, .kv_rank = 512, .nope_dim = 128, .rope_dim = 64, .value_dim = 128};
  model.moe = MixtureOfExperts{.experts = 256,
                               .top_k = 8,
                               .ffn_hidden = 2048,
                               .shared_experts = 1,
                               .shared_ffn_hidden = 2048,
                               .first_dense_layers = 3};
  return model;
}

// As Korthikanti's model was trained: plain attention with dropout.
inline Stack plain() {
  Stack stack;
  stack.attention = AttentionKernel::unfused;
  stack.dropout = true;
  return stack;
}

inline double parameters(const Transformer& model, const Plan& plan) {
  double sum = 0;
  for (std::int64_t s = 0; s < plan.pipeline_parallel; ++s) sum += stage_parameters(model, plan, s).total();
  return sum;
}

}  // namespace traincast::test
