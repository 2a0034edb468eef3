// The tensors of an op, the same for every backend, so that one backend can be the oracle of another.
//
// Storage (row-major; "W[out, in]" as in host/base/op.h), in this order:
//   Gemm, GroupedGemm (each with a leading batch or group dimension)
//     forward          x[m, k],  w[n, k]  -> y[m, n]
//     data_gradient    dy[m, k], w[k, n]  -> dx[m, n]
//     weight_gradient  dy[k, m], x[k, n]  -> dw[m, n] in FP32, dw += dy^T x
//   Attention: q[batch, query, heads, head_dim], k[batch, kv, kv_heads, head_dim], v[.., value_dim] ->
//     o[batch, query, heads, value_dim]; backward also takes do and gives dq, dk, dv. Scores are scaled by
//     head_dim^-1/2; causal masks align the last query with the last key.
//   MemoryBound (x[rows, columns] unless noted)
//     copy x -> y                       residual_add a, b -> y
//     rms_norm x, w[columns] -> y       rms_norm_backward x, w, dy -> dx, dw[columns] in FP32
//     swiglu gate|up [rows, 2 columns] -> y = silu(gate) up     swiglu_backward gate|up, dy -> dgate|dup
//     rope x -> y, halves of each head rotated by the row's angles
//     cast x -> y = fp8_e4m3(kCastScale x)
//     cross_entropy logits, a label a row -> gradient softmax - one_hot, loss[rows] in FP32
//     permute x -> y[r] = x[permutation(r)]
//     adam g, w, m, v in FP32 -> w, m, v and a BF16 copy of w
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/op.h"

namespace traincast {

enum class Role { input, accumulated, output };  // accumulated: read and written in place
enum class Fill { normal, squared_normal };      // second moments are squares

struct Operand {
  std::int64_t elements = 0;
  DataType format = DataType::fp32;
  Role role = Role::input;
  Fill fill = Fill::normal;
};

// In the order above; an operand's index is its tensor number for the random generator.
std::vector<Operand> operands(const Op& op);

// "" or why no backend can run it: "columns must be at least 1".
std::string invalid_shape(const Op& op);

// Bytes of all operands in their own formats.
Bytes operand_bytes(const Op& op);

// Element `element` of tensor number `tensor`, rounded to the operand's format.
float operand_value(const Operand& operand, std::uint64_t seed, std::size_t tensor, std::uint64_t element);

// Labels of cross_entropy (below columns) or the permutation of permute; one a row, empty for other ops.
std::vector<std::int32_t> row_indices(const Op& op, std::uint64_t seed);

// Constants of the memory-bound ops.
inline constexpr float kRmsNormEpsilon = 1e-5f;
inline constexpr float kCastScale = 64.0f;  // a power of two, and 6 x 64 stays below E4M3's 448
inline constexpr std::int64_t kRopeHeadDim = 128;
inline constexpr std::int64_t kRopePositions = 8192;  // positions repeat, as those of packed sequences do
inline constexpr double kRopeBase = 10000.0;          // Su et al. 2021, arXiv 2104.09864

// One head where columns is no multiple of kRopeHeadDim.
std::int64_t rope_head_dim(const MemoryBound& op);
// [min(rows, kRopePositions), head_dim / 2] pairs of cosine and sine; empty for other ops.
std::vector<float> rope_angles(const Op& op);

// AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101) at its tenth step, with common training constants.
struct AdamConstants {
  float learning_rate = 1e-4f, beta1 = 0.9f, beta2 = 0.95f, epsilon = 1e-8f, weight_decay = 0.1f;
  float correction1 = 0.6513215599f;   // 1 - beta1^10
  float correction2 = 0.40126306076f;  // 1 - beta2^10
};

}  // namespace traincast
