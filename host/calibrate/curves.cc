#include "host/calibrate/curves.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "host/base/errors.h"
#include "host/calibrate/curves_fit.h"
#include "host/calibrate/curves_stand_in.h"

namespace traincast {
namespace {

// An op that stands for each kind.
std::vector<Op> representatives() {
  std::vector<Op> ops(kKernelKinds);
  const auto add = [&ops](const Op& op) { ops[kernel_kind(op)] = op; };
  for (int t = 0; t < kDataTypes; ++t) {
    const auto dtype = static_cast<DataType>(t);
    for (int l = 0; l < kGemmLayouts; ++l) {
      add(Gemm{.m = 1, .n = 1, .k = 1, .dtype = dtype, .layout = static_cast<GemmLayout>(l)});
      add(GroupedGemm{
          .groups = 1, .m = 1, .n = 1, .k = 1, .dtype = dtype, .layout = static_cast<GemmLayout>(l)});
    }
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      for (const bool causal : {true, false}) add(Attention{.causal = causal, .pass = pass, .dtype = dtype});
    }
  }
  for (int k = 0; k < kMemoryKinds; ++k) add(MemoryBound{.kind = static_cast<MemoryKind>(k)});
  return ops;
}

const KernelPlateaus::Rate& plateau(const Op& op, const KernelPlateaus& plateaus) {
  if (std::holds_alternative<MemoryBound>(op)) return plateaus.memory;
  if (std::holds_alternative<Attention>(op)) return plateaus.attention;
  return bytes_per_element(kernel_format(op)) > 1 ? plateaus.gemm : plateaus.gemm_8_bit;
}

// Plateaus times datasheet: where there are no points, and where a fit starts.
std::optional<KernelRoofline> datasheet_roofline(const Op& op, const Gpu& gpu,
                                                 const KernelPlateaus& plateaus) {
  const KernelPlateaus::Rate& rate = plateau(op, plateaus);
  KernelRoofline roofline{.fixed = rate.fixed.value(), .half = rate.half};
  if (gpu.memory.bandwidth.value() <= 0) return std::nullopt;
  roofline.bandwidth = gpu.memory.bandwidth.value() * plateaus.memory.efficiency;
  if (std::holds_alternative<MemoryBound>(op)) return roofline;
  // A format that the GPU lacks is computed in the nearest one that it has.
  for (const DataType dtype : nearest_formats(kernel_format(op))) {
    if (gpu.peak(dtype).value() <= 0) continue;
    roofline.rate = gpu.peak(dtype).value() * rate.efficiency;
    return roofline;
  }
  return std::nullopt;
}

// A start where the datasheet says nothing: the best rates that the rows themselves show.
KernelRoofline observed_roofline(std::span<const FitRow> rows) {
  KernelRoofline best{.fixed = std::numeric_limits<double>::infinity(), .rate = 0, .bandwidth = 0};
  for (const FitRow& row : rows) {
    best.rate = std::max(best.rate, row.shape.flops / row.seconds);
    best.bandwidth = std::max(best.bandwidth, row.shape.bytes / row.seconds);
    best.fixed = std::min(best.fixed, row.seconds);
  }
  if (best.rate <= 0) best.rate = std::numeric_limits<double>::infinity();
  return best;
}

// A GEMM's rate saturates within a few tiles. The bound also tells n apart from conversion, whose cost grows
// alike (1 / n of the arithmetic). Attention saturates in key length, and in query rows over the whole GPU.
constexpr double kGemmHalf = 512;
constexpr double kAttentionHalf = 1e6;

KernelCurve curve_of(const Op& kind, std::span<const FitRow> rows, const Gpu& gpu,
                     const KernelPlateaus& plateaus) {
  const bool memory = std::holds_alternative<MemoryBound>(kind);
  const bool gemm = std::holds_alternative<Gemm>(kind) || std::holds_alternative<GroupedGemm>(kind);
  const std::optional<KernelRoofline> start = datasheet_roofline(kind, gpu, plateaus);
  const FitFrame frame{.start = start ? *start : observed_roofline(rows),
                       .max_rate = memory ? 0 : gpu.peak(kernel_format(kind)).value(),
                       .max_bandwidth = gpu.memory.bandwidth.value(),
                       .max_half = memory ? 0
                                   : gemm ? kGemmHalf
                                          : kAttentionHalf,
                       .converts = gemm && bytes_per_element(kernel_format(kind)) <= 1};
  KernelCurve curve{.roofline = fit_roofline(rows, frame), .residual = {}};
  std::vector<FieldSample> samples;
  samples.reserve(rows.size());
  for (const FitRow& row : rows) {
    samples.push_back({row.shape.at, std::log(row.seconds / curve.roofline.seconds(row.shape))});
  }
  curve.residual = ResidualField(std::move(samples));
  return curve;
}

}  // namespace

KernelCurves build_curves(std::span<const KernelPoint> points, const Provenance& from, const Gpu& gpu,
                          const KernelPlateaus& plateaus) {
  std::vector<std::vector<FitRow>> rows(kKernelKinds);
  for (const KernelPoint& point : points) {
    const double seconds = point.time.value();
    if (!(seconds > 0) || !std::isfinite(seconds)) continue;
    rows[kernel_kind(point.op)].push_back({kernel_shape(point.op, gpu.compute.multiprocessors), seconds});
  }
  const std::vector<Op> kinds = representatives();
  std::vector<KernelCurve> curves;
  std::vector<std::optional<std::size_t>> curve_of_kind(kKernelKinds);
  for (std::size_t kind = 0; kind < kKernelKinds; ++kind) {
    if (rows[kind].empty()) continue;
    curve_of_kind[kind] = curves.size();
    curves.push_back(curve_of(kinds[kind], rows[kind], gpu, plateaus));
  }
  std::array<KernelCurveUse, kKernelKinds> uses;
  for (std::size_t kind = 0; kind < kKernelKinds; ++kind) {
    if (auto use = use_of(kinds[kind], curve_of_kind, from, gpu, plateaus)) {
      uses[kind] = std::move(*use);
      continue;
    }
    auto roofline = datasheet_roofline(kinds[kind], gpu, plateaus);
    if (!roofline) {
      throw ConfigError("no " + std::string(op_class(kinds[kind])) + " points, and gpu \"" + gpu.name +
                        "\" states no compute rate or memory bandwidth to stand in");
    }
    const auto* attention = std::get_if<Attention>(&kinds[kind]);
    if (attention != nullptr && attention->pass == Pass::backward) {
      roofline->rate *= plateaus.attention_backward;
    }
    if (std::holds_alternative<GroupedGemm>(kinds[kind])) roofline->rate *= plateaus.grouped_over_dense;
    uses[kind] = {curves.size(), 1, weakest(Origin::datasheet, plateaus.from.origin),
                  "no points: datasheet and plateaus"};
    curves.push_back({*roofline, {}});
  }
  return {std::move(curves),
          std::move(uses),
          {gpu.compute.peak, gpu.memory.bandwidth, gpu.compute.multiprocessors}};
}

KernelCurves build_curves(const Profile& profile, const Gpu& gpu, const KernelPlateaus& plateaus) {
  return build_curves(kernel_points(profile, gpu), profile.from, gpu, plateaus);
}

KernelCurves roofline_curves(const Gpu& gpu, const KernelPlateaus& plateaus) {
  return build_curves(std::span<const KernelPoint>{}, plateaus.from, gpu, plateaus);
}

}  // namespace traincast
