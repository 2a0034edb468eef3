// The operations that a training step is made of, and the work each one is: one formula for benchmark and
// model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "host/base/data_type.h"
#include "host/base/units.h"

namespace traincast {

// The three GEMMs of a linear layer Y[tokens, out] = X[tokens, in] W^T, W[out, in] row-major as frameworks
// store it:
//   forward          Y  = X W^T     m = tokens, n = out, k = in       (cuBLAS "TN")
//   data_gradient    dX = dY W      m = tokens, n = in,  k = out      (cuBLAS "NN")
//   weight_gradient  dW = dY^T X    m = out,    n = in,  k = tokens   (cuBLAS "NT"), accumulated in FP32
enum class GemmLayout { forward, data_gradient, weight_gradient };
inline constexpr int kGemmLayouts = 3;

// C[m, n] = A[m, k] B[k, n], `batch` times. Inputs in dtype, FP32 accumulation; output in BF16 (dtype where
// 16 bits or more).
struct Gemm {
  std::int64_t m = 0, n = 0, k = 0;
  DataType dtype = DataType::bf16;
  GemmLayout layout = GemmLayout::forward;
  std::int64_t batch = 1;
  friend bool operator==(const Gemm&, const Gemm&) = default;
};

// The routed experts of one GPU: `groups` GEMMs with m rows each.
struct GroupedGemm {
  std::int64_t groups = 0, m = 0, n = 0, k = 0;
  DataType dtype = DataType::bf16;
  GemmLayout layout = GemmLayout::forward;
  friend bool operator==(const GroupedGemm&, const GroupedGemm&) = default;
};

enum class Pass { forward, backward };

// Fused scaled-dot-product attention. Work counts half of the square when causal.
struct Attention {
  std::int64_t batch = 0, query_length = 0, kv_length = 0, heads = 0, kv_heads = 0;
  std::int64_t head_dim = 0;   // of queries and keys
  std::int64_t value_dim = 0;  // of values (differs under multi-head latent attention)
  bool causal = true;
  Pass pass = Pass::forward;
  DataType dtype = DataType::bf16;
  friend bool operator==(const Attention&, const Attention&) = default;
};

// Kernels that only stream memory. Shapes are rows x columns elements; kinds and bytes are the rows of a
// table in op.cc.
enum class MemoryKind {
  copy,
  rms_norm,
  rms_norm_backward,
  residual_add,
  swiglu,  // columns = width of the output; reads 2 x columns
  swiglu_backward,
  rope,
  cast,           // BF16 -> 8 bits
  cross_entropy,  // forward and backward over logits
  permute,
  adam,  // fused update with FP32 master weights and moments, BF16 copy out
};
inline constexpr int kMemoryKinds = 11;

struct MemoryBound {
  MemoryKind kind = MemoryKind::copy;
  std::int64_t rows = 0, columns = 0;
  DataType dtype = DataType::bf16;
  friend bool operator==(const MemoryBound&, const MemoryBound&) = default;
};

using Op = std::variant<Gemm, GroupedGemm, Attention, MemoryBound>;

struct Work {
  Flops flops;
  Bytes bytes;  // compulsory traffic: each input read once, each output written once
};
Work work(const Op& op);

std::string_view name(GemmLayout layout);
std::string_view name(MemoryKind kind);
std::string_view name(Pass pass);

// "gemm", "grouped_gemm", "attention" or "memory": the class by which tables group.
std::string_view op_class(const Op& op);
// For people: "gemm forward bf16 4096x8192x2048".
std::string to_string(const Op& op);

}  // namespace traincast
