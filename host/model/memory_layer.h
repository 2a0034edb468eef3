// The bytes that one transformer layer leaves in memory for one micro-batch on one rank: what each autograd
// node saves, and what lives only while the layer runs.
//
// Korthikanti et al. 2022 (arXiv 2205.05198), equations 1 to 6, generalised tensor by tensor: grouped
// queries, latent attention, gated FFN, experts, fused attention, FP8 inputs, context parallelism.
#pragma once

#include "host/model/plan.h"
#include "host/model/stack.h"
#include "host/model/transformer.h"

namespace traincast {

// All in bytes.
struct LayerMemory {
  double saved = 0;      // kept from forward to backward, nothing recomputed
  double selective = 0;  // of that, what selective recomputation drops: attention scores, and by stack more
  double input = 0;      // the layer's input: all that full recomputation keeps
  double forward = 0;    // at the worst moment of the forward pass, beyond what is saved
  double backward = 0;   // at the worst moment of the backward pass, beyond what was saved (may be 0)
};

// Sizes that every part of the memory model counts in.
struct TokenBytes {
  double tokens = 0;    // of one micro-batch on one rank: sequences x sequence / context_parallel
  double hidden = 0;    // a hidden state of all of them in 16 bits
  double residual = 0;  // the same between tensor-parallel regions: a share of it under sequence parallelism
  double gemm_input_bytes = 2;  // an element of a saved GEMM input: FP8 training keeps the quantised one

  TokenBytes(const Transformer& model, const Plan& plan);
};

// Whether the plan's GEMMs read quantised inputs (FP8 and narrower).
bool quantises(const Plan& plan);

LayerMemory layer_memory(const Transformer& model, const Plan& plan, const Stack& stack, bool moe_layer);

}  // namespace traincast
