// The ops in plain FP32 arithmetic. `tensors` are the operands of kernels/operands.h, in its order.
#pragma once

#include <cstdint>
#include <vector>

#include "host/base/op.h"

namespace traincast {

using Tensors = std::vector<std::vector<float>>;

void run_gemm(const Gemm& op, Tensors& tensors);

// o[batch, query, heads, value_dim] and the log-sum-exp of each row of scores [batch, heads, query]
// (-infinity where the mask leaves no key, and then o = 0). Exact softmax.
struct AttentionState {
  std::vector<float> o, log_sum_exp;
};
AttentionState attention_forward(const Attention& op, const std::vector<float>& q,
                                 const std::vector<float>& k, const std::vector<float>& v);
// Writes dq, dk and dv into tensors 4, 5 and 6; `state` is what the forward pass saved, o in the op's format.
void attention_backward(const Attention& op, const AttentionState& state, Tensors& tensors);

// `indices` and `angles` as row_indices() and rope_angles() make them.
void run_memory(const MemoryBound& op, Tensors& tensors, const std::vector<std::int32_t>& indices,
                const std::vector<float>& angles);

}  // namespace traincast
