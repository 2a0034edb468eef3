// A decoder-only transformer: what a model config says, and the parameters that follow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/base/origin.h"

namespace traincast {

struct MixtureOfExperts {
  std::int64_t experts = 0;  // routed
  std::int64_t top_k = 0;
  std::int64_t ffn_hidden = 0;  // of one routed expert
  std::int64_t shared_experts = 0;
  std::int64_t shared_ffn_hidden = 0;  // of all shared experts together
  std::int64_t first_dense_layers = 0;
  std::int64_t every = 1;  // one MoE layer in `every`, from the first after the dense ones
  // A router that first draws `router_group_top_k` of `router_groups` equal groups of experts, so that a
  // token reaches few nodes (DeepSeek-V3, arXiv 2412.19437, section 2.1.2). 0: no groups.
  std::int64_t router_groups = 0, router_group_top_k = 0;
};

// Multi-head latent attention, DeepSeek-V2 (arXiv 2405.04434) section 2.1.
struct LatentAttention {
  std::int64_t q_rank = 0;  // 0: queries are not compressed
  std::int64_t kv_rank = 0;
  std::int64_t nope_dim = 0;   // per head, of queries and keys, without rotary embedding
  std::int64_t rope_dim = 0;   // per head, rotary
  std::int64_t value_dim = 0;  // per head
};

struct Transformer {
  std::string name;
  std::int64_t layers = 0, hidden = 0, ffn_hidden = 0, heads = 0, kv_heads = 0, head_dim = 0, vocab = 0;
  std::int64_t sequence = 0;  // tokens of one training sequence
  bool gated_ffn = true;      // SwiGLU or GeGLU: three matrices; else two
  bool tied_embeddings = false;
  bool learned_positions = false;  // a position-embedding table of `sequence` rows
  bool bias = false;               // linear layers and norms have biases (GPT-2, GPT-3)
  bool causal = true;
  bool parallel_block = false;      // attention and FFN side by side on one input (GPT-J, NeoX, MegaScale)
  std::int64_t sliding_window = 0;  // 0: full attention
  std::int64_t global_every = 0;    // one full-attention layer in `global_every` beside sliding ones; 0: none
  std::int64_t mtp_layers = 0;      // multi-token-prediction layers trained beside the trunk
  std::optional<MixtureOfExperts> moe;
  std::optional<LatentAttention> mla;
  double stated_parameters = 0;  // as published; 0: none. The loader refuses a difference above 1 %.
  double stated_active_parameters = 0;
  Provenance from;

  // Sliding layers see the last `sliding_window` positions; one in `global_every`, the last of each group,
  // sees all.
  bool is_sliding_layer(std::int64_t layer) const {
    return sliding_window > 0 && (global_every == 0 || layer % global_every != global_every - 1);
  }
  bool is_moe_layer(std::int64_t layer) const {
    return moe && layer >= moe->first_dense_layers && (layer - moe->first_dense_layers) % moe->every == 0;
  }
};

}  // namespace traincast
