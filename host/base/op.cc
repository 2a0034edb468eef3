#include "host/base/op.h"

#include <algorithm>
#include <array>

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

// Bytes of the output element of a GEMM: weight gradients accumulate in FP32, 8-bit inputs give BF16.
double output_bytes(DataType dtype, GemmLayout layout) {
  return layout == GemmLayout::weight_gradient ? 4.0 : std::max(2.0, bytes_per_element(dtype));
}

// Per element of rows x columns: elements moved in the tensor's format, fixed bytes beside them, and
// arithmetic.
struct MemoryRow {
  std::string_view name;
  double elements_moved;
  double fixed_bytes;
  double flops;
};
constexpr std::array<MemoryRow, kMemoryKinds> kMemoryRows{{
    {"copy", 2, 0, 0},               // read, write
    {"rms_norm", 2, 0, 4},           // read x, write y
    {"rms_norm_backward", 3, 0, 8},  // read x and dy, write dx
    {"residual_add", 3, 0, 1},       // read two, write one
    {"swiglu", 3, 0, 6},             // read gate and up, write product
    {"swiglu_backward", 5, 0, 12},   // read gate, up and dy, write both gradients
    {"rope", 2, 0, 3},               // read, write; the angles stay in cache
    {"cast", 1, 1, 1},               // read, write 8 bits
    {"cross_entropy", 3, 0, 8},      // read for the sum, read again, write the gradient in place
    {"permute", 2, 0, 0},            // read, write
    {"adam", 0, 30, 14},             // read g, w, m, v and write w, m, v in FP32; write BF16 weights
}};

struct WorkOf {
  Work operator()(const Gemm& g) const {
    const double in = bytes_per_element(g.dtype);
    return {Flops(2 * d(g.batch) * d(g.m) * d(g.n) * d(g.k)),
            Bytes(d(g.batch) * (in * (d(g.m) * d(g.k) + d(g.k) * d(g.n)) +
                                output_bytes(g.dtype, g.layout) * d(g.m) * d(g.n)))};
  }
  Work operator()(const GroupedGemm& g) const {
    return (*this)(
        Gemm{.m = g.m, .n = g.n, .k = g.k, .dtype = g.dtype, .layout = g.layout, .batch = g.groups});
  }
  // Forward: QK^T and PV. Backward: recomputed QK^T, dV, dP, dQ, dK: 2.5 times the forward at equal
  // dimensions (Dao 2022, arXiv 2205.14135; three products over head_dim, two over value_dim).
  Work operator()(const Attention& a) const {
    const double scores =
        d(a.batch) * d(a.heads) * d(a.query_length) * d(a.kv_length) * (a.causal ? 0.5 : 1.0);
    const double qk = 2 * scores * d(a.head_dim);
    const double pv = 2 * scores * d(a.value_dim);
    const double element = bytes_per_element(a.dtype);
    const double query = d(a.batch) * d(a.heads) * d(a.query_length);
    const double key = d(a.batch) * d(a.kv_heads) * d(a.kv_length);
    const double inputs = element * (query * d(a.head_dim) + key * d(a.head_dim + a.value_dim));
    const double output = element * query * d(a.value_dim);
    if (a.pass == Pass::forward) return {Flops(qk + pv), Bytes(inputs + output)};
    return {Flops(3 * qk + 2 * pv), Bytes(2 * inputs + 2 * output)};
  }
  Work operator()(const MemoryBound& op) const {
    const MemoryRow& row = kMemoryRows[static_cast<std::size_t>(op.kind)];
    const double elements = d(op.rows) * d(op.columns);
    return {Flops(row.flops * elements),
            Bytes(elements * (row.elements_moved * bytes_per_element(op.dtype) + row.fixed_bytes))};
  }
};

constexpr std::array<std::string_view, kGemmLayouts> kLayoutNames{"forward", "data_gradient",
                                                                  "weight_gradient"};

std::string shape(std::int64_t m, std::int64_t n, std::int64_t k) {
  return std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k);
}

struct TextOf {
  std::string operator()(const Gemm& g) const {
    return "gemm " + std::string(name(g.layout)) + " " + std::string(name(g.dtype)) + " " +
           shape(g.m, g.n, g.k) + (g.batch > 1 ? " x" + std::to_string(g.batch) : "");
  }
  std::string operator()(const GroupedGemm& g) const {
    return "grouped_gemm " + std::string(name(g.layout)) + " " + std::string(name(g.dtype)) + " " +
           std::to_string(g.groups) + " of " + shape(g.m, g.n, g.k);
  }
  std::string operator()(const Attention& a) const {
    return "attention " + std::string(name(a.pass)) + " " + std::string(name(a.dtype)) +
           (a.causal ? " causal" : " full") + " batch " + std::to_string(a.batch) + " length " +
           std::to_string(a.query_length) + " heads " + std::to_string(a.heads) + "/" +
           std::to_string(a.kv_heads) + " dim " + std::to_string(a.head_dim);
  }
  std::string operator()(const MemoryBound& op) const {
    return std::string(name(op.kind)) + " " + std::string(name(op.dtype)) + " " + std::to_string(op.rows) +
           "x" + std::to_string(op.columns);
  }
};

}  // namespace

Work work(const Op& op) {
  return std::visit(WorkOf{}, op);
}
std::string to_string(const Op& op) {
  return std::visit(TextOf{}, op);
}

std::string_view op_class(const Op& op) {
  constexpr std::array<std::string_view, std::variant_size_v<Op>> kClasses{"gemm", "grouped_gemm",
                                                                           "attention", "memory"};
  return kClasses[op.index()];
}

std::string_view name(GemmLayout layout) {
  return kLayoutNames[static_cast<std::size_t>(layout)];
}
std::string_view name(MemoryKind kind) {
  return kMemoryRows[static_cast<std::size_t>(kind)].name;
}
std::string_view name(Pass pass) {
  return pass == Pass::forward ? "forward" : "backward";
}

}  // namespace traincast
