#include "kernels/operands.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "host/base/counter_random.h"
#include "kernels/number_format.h"

namespace traincast {
namespace {

constexpr std::uint64_t kIndexTensor = 1000;  // a stream that no operand uses

Operand output(std::int64_t elements, DataType format) {
  return {elements, format, Role::output};
}
Operand accumulated(std::int64_t elements, Fill fill = Fill::normal) {
  return {elements, DataType::fp32, Role::accumulated, fill};
}

std::vector<Operand> memory_operands(const MemoryBound& op) {
  const std::int64_t n = op.rows * op.columns;
  const Operand in{n, op.dtype};
  const Operand out = output(n, op.dtype);
  const Operand weight{op.columns, op.dtype};
  const Operand wide{2 * n, op.dtype};
  const Operand state{n, DataType::fp32};
  switch (op.kind) {
    case MemoryKind::copy:
    case MemoryKind::rope:
    case MemoryKind::permute:
      return {in, out};
    case MemoryKind::rms_norm:
      return {in, weight, out};
    case MemoryKind::rms_norm_backward:
      return {in, weight, in, out, output(op.columns, DataType::fp32)};
    case MemoryKind::residual_add:
      return {in, in, out};
    case MemoryKind::swiglu:
      return {wide, out};
    case MemoryKind::swiglu_backward:
      return {wide, in, output(2 * n, op.dtype)};
    case MemoryKind::cast:
      return {in, output(n, DataType::fp8_e4m3)};
    case MemoryKind::cross_entropy:
      return {in, out, output(op.rows, DataType::fp32)};
    case MemoryKind::adam:
      return {state, accumulated(n), accumulated(n), accumulated(n, Fill::squared_normal),
              output(n, DataType::bf16)};
  }
  throw std::logic_error("unknown memory kind");
}

struct OperandsOf {
  std::vector<Operand> operator()(const Gemm& g) const {
    const Operand a{g.batch * g.m * g.k, g.dtype};
    const Operand b{g.batch * g.k * g.n, g.dtype};
    const std::int64_t c = g.batch * g.m * g.n;
    if (g.layout == GemmLayout::weight_gradient) return {a, b, accumulated(c)};
    return {a, b, output(c, bytes_per_element(g.dtype) < 2 ? DataType::bf16 : g.dtype)};
  }
  std::vector<Operand> operator()(const GroupedGemm& g) const {
    return (*this)(
        Gemm{.m = g.m, .n = g.n, .k = g.k, .dtype = g.dtype, .layout = g.layout, .batch = g.groups});
  }
  std::vector<Operand> operator()(const Attention& a) const {
    const std::int64_t query = a.batch * a.query_length * a.heads;
    const std::int64_t key = a.batch * a.kv_length * a.kv_heads;
    const Operand q{query * a.head_dim, a.dtype};
    const Operand k{key * a.head_dim, a.dtype};
    const Operand v{key * a.value_dim, a.dtype};
    const std::int64_t o = query * a.value_dim;
    if (a.pass == Pass::forward) return {q, k, v, output(o, a.dtype)};
    return {q,
            k,
            v,
            Operand{o, a.dtype},
            output(q.elements, a.dtype),
            output(k.elements, a.dtype),
            output(v.elements, a.dtype)};
  }
  std::vector<Operand> operator()(const MemoryBound& op) const { return memory_operands(op); }
};

std::string at_least_one(std::initializer_list<std::pair<const char*, std::int64_t>> sizes) {
  for (const auto& [name, size] : sizes) {
    if (size < 1) return std::string(name) + " must be at least 1";
  }
  return "";
}

struct InvalidShape {
  std::string operator()(const Gemm& g) const {
    return at_least_one({{"m", g.m}, {"n", g.n}, {"k", g.k}, {"batch", g.batch}});
  }
  std::string operator()(const GroupedGemm& g) const {
    return at_least_one({{"m", g.m}, {"n", g.n}, {"k", g.k}, {"groups", g.groups}});
  }
  std::string operator()(const Attention& a) const {
    std::string why = at_least_one({{"batch", a.batch},
                                    {"query_length", a.query_length},
                                    {"kv_length", a.kv_length},
                                    {"heads", a.heads},
                                    {"kv_heads", a.kv_heads},
                                    {"head_dim", a.head_dim},
                                    {"value_dim", a.value_dim}});
    if (why.empty() && a.heads % a.kv_heads != 0) why = "heads must be a multiple of kv_heads";
    return why;
  }
  std::string operator()(const MemoryBound& op) const {
    std::string why = at_least_one({{"rows", op.rows}, {"columns", op.columns}});
    if (why.empty() && op.kind == MemoryKind::rope && op.columns % 2 != 0) why = "rope needs even columns";
    return why;
  }
};

// Fisher-Yates over the counter generator; the bias of the modulus is below 2^-32.
std::vector<std::int32_t> permutation(std::int64_t rows, std::uint64_t key) {
  std::vector<std::int32_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[counter_bits(key, i) % i]);
  return order;
}

}  // namespace

std::vector<Operand> operands(const Op& op) {
  return std::visit(OperandsOf{}, op);
}

std::string invalid_shape(const Op& op) {
  return std::visit(InvalidShape{}, op);
}

Bytes operand_bytes(const Op& op) {
  double bytes = 0;
  for (const Operand& operand : operands(op)) {
    bytes += static_cast<double>(operand.elements) * bytes_per_element(operand.format);
  }
  return Bytes(bytes);
}

float operand_value(const Operand& operand, std::uint64_t seed, std::size_t tensor, std::uint64_t element) {
  const float normal = counter_normal(counter_key(seed, tensor), element);
  return round_to(operand.format, operand.fill == Fill::squared_normal ? normal * normal : normal);
}

std::vector<std::int32_t> row_indices(const Op& op, std::uint64_t seed) {
  const auto* memory = std::get_if<MemoryBound>(&op);
  if (memory == nullptr) return {};
  const std::uint64_t key = counter_key(seed, kIndexTensor);
  if (memory->kind == MemoryKind::permute) return permutation(memory->rows, key);
  if (memory->kind != MemoryKind::cross_entropy) return {};
  std::vector<std::int32_t> labels(static_cast<std::size_t>(memory->rows));
  for (std::size_t i = 0; i < labels.size(); ++i) {
    labels[i] = static_cast<std::int32_t>(counter_bits(key, i) % static_cast<std::uint64_t>(memory->columns));
  }
  return labels;
}

std::int64_t rope_head_dim(const MemoryBound& op) {
  return op.columns % kRopeHeadDim == 0 ? kRopeHeadDim : op.columns;
}

std::vector<float> rope_angles(const Op& op) {
  const auto* memory = std::get_if<MemoryBound>(&op);
  if (memory == nullptr || memory->kind != MemoryKind::rope) return {};
  const std::int64_t head = rope_head_dim(*memory);
  const std::int64_t positions = std::min(memory->rows, kRopePositions);
  std::vector<float> angles;
  angles.reserve(static_cast<std::size_t>(positions * head));
  for (std::int64_t position = 0; position < positions; ++position) {
    for (std::int64_t i = 0; i < head / 2; ++i) {
      const double frequency = std::pow(kRopeBase, -2.0 * static_cast<double>(i) / static_cast<double>(head));
      const double angle = static_cast<double>(position) * frequency;
      angles.push_back(static_cast<float>(std::cos(angle)));
      angles.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return angles;
}

}  // namespace traincast
