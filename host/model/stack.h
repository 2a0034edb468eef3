// A software stack: the few physical parameters that all runs of one framework and era share.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "host/base/origin.h"
#include "host/base/units.h"

namespace traincast {

enum class AttentionKernel { unfused, flash2, flash3, cudnn };
inline constexpr std::string_view kAttentionKernelNames[] = {"unfused", "flash2", "flash3", "cudnn"};
constexpr std::string_view name(AttentionKernel k) {
  return kAttentionKernelNames[static_cast<int>(k)];
}

// How context-parallel ranks bring queries and keys together: heads against tokens by all-to-all (Ulysses),
// keys and values around a ring, or all keys and values gathered.
enum class ContextExchange { all_to_all, ring, all_gather };
inline constexpr std::string_view kContextExchangeNames[] = {"all-to-all", "ring", "all-gather"};
constexpr std::string_view name(ContextExchange c) {
  return kContextExchangeNames[static_cast<int>(c)];
}

// "Exposed" is the share of a communication's time that no computation hides: 1 = none is hidden.
struct Stack {
  std::string name;
  AttentionKernel attention = AttentionKernel::flash2;
  double time_factor = 1;         // multiplies all computation; the one fitted number of a stack
  double elementwise_passes = 1;  // memory-bound traffic over that of fully fused kernels
  double tensor_exposed = 1;
  double data_exposed = 1;  // gradient reduce-scatter and parameter all-gather
  double expert_exposed = 1;
  double pipeline_exposed = 1;
  double gradient_bytes = 4;    // per parameter, as reduced between data-parallel ranks
  double accumulate_bytes = 6;  // HBM traffic per parameter and micro-batch to accumulate gradients
  // What the framework keeps in memory; the defaults are Megatron-core with Transformer Engine 2.
  double moment_bytes = 8;  // Adam's two moments, per parameter
  bool separate_master =
      true;  // an FP32 master copy beside the weights; FSDP on FP32 shards has none beside them
  bool fp8_weights = true;      // FP8 training holds linear weights in FP8 alone (with their transpose)
  bool dummy_gradients = true;  // one BF16 buffer a weight shape stands in for gradients fused into the GEMM
  double loss_bytes = 2;        // per logit at the loss: 2 fused in place, 6 with an FP32 softmax beside BF16
  bool selective_elementwise =
      false;             // selective recomputation also drops what norms and activations put out
  bool dropout = false;  // attention and hidden dropout keep their masks
  ContextExchange context_exchange = ContextExchange::all_to_all;
  Seconds layer_overhead;  // launch gaps per layer and micro-batch, forward plus backward
  Seconds moe_overhead;    // routing, permutation and synchronisation per MoE layer and micro-batch
  Seconds step_overhead;   // per step
  Provenance from;
};

}  // namespace traincast
