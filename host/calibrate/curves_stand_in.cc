#include "host/calibrate/curves_stand_in.h"

#include <string>

namespace traincast {
namespace {

Op in_format(Op op, DataType dtype) {
  std::visit([dtype](auto& o) { o.dtype = dtype; }, op);
  return op;
}

// Ops whose curve may answer for `op`, in order of preference, within one format.
struct StandIn {
  Op op;
  double rate = 0;  // over that of its own points
  Origin origin = Origin::fitted;
  std::string note;
};
std::vector<StandIn> stand_ins(const Op& op, const KernelPlateaus& plateaus) {
  std::vector<StandIn> list{{op, 1, Origin::measured, ""}};
  const auto other_layouts = [&list](auto gemm, double rate, const std::string& what) {
    for (int l = 0; l < kGemmLayouts; ++l) {
      gemm.layout = static_cast<GemmLayout>(l);
      list.push_back({gemm, rate, Origin::fitted, what + std::string(name(gemm.layout)) + " layout"});
    }
  };
  if (const auto* gemm = std::get_if<Gemm>(&op)) other_layouts(*gemm, 1, "points of the ");
  if (const auto* grouped = std::get_if<GroupedGemm>(&op)) {
    other_layouts(*grouped, 1, "points of the ");
    const Gemm dense{.m = 1, .n = 1, .k = 1, .dtype = grouped->dtype, .layout = grouped->layout};
    list.push_back({dense, plateaus.grouped_over_dense, Origin::fitted, "dense GEMM points"});
    other_layouts(dense, plateaus.grouped_over_dense, "dense GEMM points of the ");
  }
  if (const auto* attention = std::get_if<Attention>(&op)) {
    Attention other = *attention;
    other.causal = !attention->causal;
    const std::string mask = other.causal ? "causal" : "full";
    list.push_back({other, 1, Origin::fitted, "points of the " + mask + " mask"});
    if (attention->pass == Pass::backward) {
      const std::string forward = "points of the forward pass";
      other.pass = Pass::forward;
      other.causal = attention->causal;
      list.push_back({other, plateaus.attention_backward, Origin::fitted, forward});
      other.causal = !attention->causal;
      list.push_back({other, plateaus.attention_backward, Origin::fitted, forward + ", " + mask + " mask"});
    }
  }
  return list;
}

// The memory-bound kind that stands in for those without points: the plainest first.
std::optional<std::size_t> any_memory_curve(const std::vector<std::optional<std::size_t>>& curve_of_kind) {
  for (int k = 0; k < kMemoryKinds; ++k) {
    const std::size_t kind = kernel_kind(MemoryBound{.kind = static_cast<MemoryKind>(k)});
    if (curve_of_kind[kind]) return curve_of_kind[kind];
  }
  return std::nullopt;
}

}  // namespace

std::optional<KernelCurveUse> use_of(const Op& op, const std::vector<std::optional<std::size_t>>& curves,
                                     const Provenance& from, const Gpu& gpu, const KernelPlateaus& plateaus) {
  if (std::holds_alternative<MemoryBound>(op)) {
    if (const auto own = curves[kernel_kind(op)]) return KernelCurveUse{*own, 1, from.origin, ""};
    const auto any = any_memory_curve(curves);
    if (!any) return std::nullopt;
    return KernelCurveUse{*any, 1, weakest(from.origin, Origin::fitted), "another memory-bound kind"};
  }
  const double peak = gpu.peak(kernel_format(op)).value();
  for (const DataType dtype : nearest_formats(kernel_format(op))) {
    for (const StandIn& candidate : stand_ins(in_format(op, dtype), plateaus)) {
      const auto curve = curves[kernel_kind(candidate.op)];
      if (!curve) continue;
      KernelCurveUse use{*curve, candidate.rate, weakest(from.origin, candidate.origin), candidate.note};
      if (dtype == kernel_format(op)) return use;
      const double other = gpu.peak(dtype).value();
      if (peak > 0 && other > 0) use.rate *= peak / other;
      use.origin = weakest(use.origin, Origin::assumed);
      use.note += (use.note.empty() ? "" : ", ") + std::string("efficiency of ") + std::string(name(dtype));
      return use;
    }
  }
  return std::nullopt;
}

DataType kernel_format(const Op& op) {
  return std::visit([](const auto& o) { return o.dtype; }, op);
}

std::array<DataType, kDataTypes> nearest_formats(DataType dtype) {
  constexpr std::array<std::array<DataType, traincast::kDataTypes>, kDataTypes> kNearestFormats{{
      {DataType::fp32, DataType::bf16, DataType::fp16, DataType::fp8_e4m3, DataType::fp4},
      {DataType::bf16, DataType::fp16, DataType::fp8_e4m3, DataType::fp4, DataType::fp32},
      {DataType::fp16, DataType::bf16, DataType::fp8_e4m3, DataType::fp4, DataType::fp32},
      {DataType::fp8_e4m3, DataType::bf16, DataType::fp16, DataType::fp4, DataType::fp32},
      {DataType::fp4, DataType::fp8_e4m3, DataType::bf16, DataType::fp16, DataType::fp32},
  }};
  return kNearestFormats[static_cast<std::size_t>(dtype)];
}

}  // namespace traincast
