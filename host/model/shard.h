// What one rank of one pipeline stage holds: which layers, which matrices, how many parameters.
#pragma once

#include <array>
#include <cstdint>

#include "host/model/plan.h"
#include "host/model/transformer.h"

namespace traincast {

// A weight matrix as one rank holds it. A routed expert's matrix stands `copies` times, once a local expert.
struct Matrix {
  std::int64_t rows = 0, columns = 0;
  std::int64_t copies = 1;
  bool expert = false, router = false;

  double elements() const { return static_cast<double>(rows) * static_cast<double>(columns); }
};

class LayerMatrices {
 public:
  void add(Matrix matrix) { matrices_[static_cast<std::size_t>(count_++)] = matrix; }
  const Matrix* begin() const { return matrices_.data(); }
  const Matrix* end() const { return matrices_.data() + count_; }

 private:
  std::array<Matrix, 10> matrices_{};
  int count_ = 0;
};

// The matrices of one layer, dense or mixture-of-experts, on one rank. Megatron-LM's sharding (arXiv
// 1909.08053, section 3): columns of the first matrix and rows of the second of attention and FFN over
// tensor-parallel ranks; the down-projections of latent attention and the router on every rank; whole experts
// over expert-parallel ranks.
LayerMatrices layer_matrices(const Transformer& model, const Plan& plan, bool moe_layer);

struct LayerRange {
  std::int64_t first = 0, count = 0;
};

// The layers of chunk `chunk` of pipeline_parallel x virtual_stages; stage s holds chunks s, s + p, s + 2p,
// ... Where layers do not divide evenly, every chunk takes the most but the last, which also computes the
// loss and holds prediction modules (the layouts of NeMo's and Megatron Bridge's DeepSeek-V3, Kimi K2 and
// Moonlight recipes: 61 layers on 16 chunks are 15 of 4 and one of 1). Two short: the first, which embeds,
// and the last have one less (Llama 3, arXiv 2407.21783, section 3.3.2). More short than a chunk holds: the
// middle ones take one more.
LayerRange chunk_layers(const Transformer& model, const Plan& plan, std::int64_t chunk);

// Parameters that one rank of a pipeline stage holds before any data-parallel sharding.
struct StageParameters {
  double dense = 0;      // attention, dense FFN, shared experts, router, norms
  double experts = 0;    // routed
  double embedding = 0;  // token and position tables; only the first stage
  double head = 0;       // only the last stage; 0 where tied to an embedding on the same stage

  double total() const { return dense + experts + embedding + head; }
};
StageParameters stage_parameters(const Transformer& model, const Plan& plan, std::int64_t stage);
StageParameters layer_parameters(const Transformer& model, const Plan& plan, bool moe_layer);

// Rows of the embedding table on one tensor-parallel rank: Megatron pads the vocabulary to a multiple of 128
// ranks' shares.
std::int64_t vocabulary_shard(const Transformer& model, const Plan& plan);

// The part of its gradients that a rank holds whole, the rest being shared as ZeRO-2 and 3 do: none where
// they are scattered after each micro-batch. Pipelines under ZeRO-2 scatter a chunk's gradients after the
// last of its micro-batches (MegaScale, arXiv 2402.15627, section 3.2; Llama 3, arXiv 2407.21783,
// section 3.3.2): interleaved ones of no more micro-batches than ranks take them chunk by chunk and hold one
// chunk's, others hold all.
double whole_gradients(const Plan& plan);
// How often in a step gradients are reduced between data-parallel ranks.
std::int64_t gradient_reductions(const Plan& plan);

// Ranks over which ZeRO or the distributed optimiser spreads one copy of the dense or of the expert
// parameters.
std::int64_t dense_shard_ranks(const Plan& plan);
std::int64_t expert_shard_ranks(const Plan& plan);

}  // namespace traincast
