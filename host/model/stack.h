// A software stack: the few physical parameters that all runs of one framework and era share. Rows and runs
// have no knobs of their own. "Exposed" is the share of a communication's time that no computation hides: 1 =
// none is hidden.
#pragma once

#include <string>

#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/model/attention_kernel.h"
#include "host/model/plan.h"

namespace traincast {

// How context-parallel ranks bring queries and keys together: heads against tokens by all-to-all (Ulysses),
// keys and values around a ring, or all keys and values gathered.
enum class ContextExchange { all_to_all, ring, all_gather };
inline constexpr std::string_view kContextExchangeNames[] = {"all-to-all", "ring", "all-gather"};
constexpr std::string_view name(ContextExchange c) {
  return kContextExchangeNames[static_cast<int>(c)];
}

struct Stack {
  std::string name;
  double time_factor = 1;  // multiplies all computation: the one number fitted per stack

  AttentionKernel attention = AttentionKernel::flash2;
  double attention_rate = 1;      // rate inside training over the kernel's own
  double elementwise_passes = 1;  // memory-bound traffic over that of fused kernels
  double logit_bytes = 14;        // HBM traffic per logit of softmax and cross-entropy, forward and backward
  double expert_rate = 0.86;      // grouped expert GEMMs over one dense GEMM of the same total size
  double selective_gemms = 0;     // share of the GEMMs that "selective" recomputation repeats
  bool selective_attention = true;  // "selective" recomputation repeats the attention core

  // What hiding costs: NCCL under computation runs this much longer than alone.
  double overlap_slowdown = 1;
  double tensor_exposed = 1;
  double context_exposed = 0.3;
  double expert_exposed = 1;
  double pipeline_exposed = 1;  // of interleaved schedules; plain 1F1B waits for every message
  double data_exposed = 1;      // gradient reduce-scatter, parameter all-gather (ZeRO 0-2)
  double shard_rate = 1;        // share of the fabric's rate that ZeRO-3 gathers reach
  double shard_serial = 0.15;   // ZeRO-3: step = max(compute, communication) + this share of the smaller

  double gradient_bytes = 4;            // per parameter, as reduced between data-parallel ranks
  double accumulate_bytes = 6;          // HBM traffic per parameter and micro-batch to accumulate gradients
  double dispatch_bytes = 2;            // per element sent to experts
  bool dispatch_once_per_node = false;  // however many of a token's experts are there

  Recompute recompute_when_needed = Recompute::full;  // where a plan does not fit without
  bool offload_when_needed = false;    // activations to host memory instead, where the CPU's link is fast
  bool always_recompute = false;       // ... and where it does fit, unless the source says otherwise
  bool interleave_by_default = false;  // virtual stages, where not stated: one layer a chunk; else one chunk
  bool shard_experts_by_default = false;  // over the tensor-parallel ranks, where not stated; else whole
  bool parallel_block = false;            // attention and FFN side by side, whatever the model's own layout

  // What the framework keeps in memory; the defaults are Megatron-core with Transformer Engine 2.
  double moment_bytes = 8;      // Adam's two moments, per parameter
  bool separate_master = true;  // an FP32 master copy beside the weights; FSDP on FP32 shards has none
  bool fp8_weights = true;      // FP8 training holds linear weights in FP8 alone (with their transpose)
  bool dummy_gradients = true;  // one BF16 buffer a weight shape stands in for gradients fused into the GEMM
  double loss_bytes = 2;        // per logit at the loss: 2 fused in place, 6 with an FP32 softmax beside BF16
  bool selective_elementwise = false;  // and what norms, activations and latent up-projections put out
  bool dropout = false;                // attention and hidden dropout keep their masks
  ContextExchange context_exchange = ContextExchange::ring;

  Seconds layer_launch;    // host time to launch one layer's forward pass; the backward takes two. A layer is
                           // no faster than that (0 with CUDA graphs)
  Seconds layer_overhead;  // gaps between kernels per layer and micro-batch, forward plus backward
  Seconds moe_overhead;    // routing, permutation and synchronisation per MoE layer and micro-batch
  Seconds moe_overhead_rack;  // the same where experts share an NVLink domain larger than a node (fused
                              // dispatch, graphs)
  Seconds step_overhead;      // per step: data, clipping, logging, optimiser launch
  Seconds rank_overhead;      // per step and rank that shares optimiser states (parameters broadcast in turn)
  Provenance from;

  // Time that a communication adds to the step over what it takes alone.
  double added_time(double exposed) const { return exposed < 1 ? exposed * overlap_slowdown : exposed; }
};

}  // namespace traincast
