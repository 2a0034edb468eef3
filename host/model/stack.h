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
  Seconds layer_overhead;       // launch gaps per layer and micro-batch, forward plus backward
  Seconds moe_overhead;         // routing, permutation and synchronisation per MoE layer and micro-batch
  Seconds step_overhead;        // per step
  Provenance from;
};

}  // namespace traincast
