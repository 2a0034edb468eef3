#include "host/model/kernel_curves.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace traincast {
namespace {

struct KindOf {
  static constexpr std::size_t kGemms = std::size_t{kDataTypes} * kGemmLayouts;
  static constexpr std::size_t kAttentions = std::size_t{kDataTypes} * 4;

  static std::size_t gemm(DataType dtype, GemmLayout layout) {
    return static_cast<std::size_t>(dtype) * kGemmLayouts + static_cast<std::size_t>(layout);
  }
  std::size_t operator()(const Gemm& g) const { return gemm(g.dtype, g.layout); }
  std::size_t operator()(const GroupedGemm& g) const { return kGemms + gemm(g.dtype, g.layout); }
  std::size_t operator()(const Attention& a) const {
    const std::size_t variant = (a.pass == Pass::backward ? 2U : 0U) + (a.causal ? 1U : 0U);
    return 2 * kGemms + static_cast<std::size_t>(a.dtype) * 4 + variant;
  }
  std::size_t operator()(const MemoryBound& op) const {
    return 2 * kGemms + kAttentions + static_cast<std::size_t>(op.kind);
  }
};

}  // namespace

std::size_t kernel_kind(const Op& op) {
  return std::visit(KindOf{}, op);
}

KernelCurves::KernelCurves(std::vector<KernelCurve> curves, std::array<KernelCurveUse, kKernelKinds> uses,
                           KernelLimits limits)
    : curves_(std::move(curves)), uses_(std::move(uses)), limits_(limits) {}

// Arithmetic at the peak rate of the op's format, its compulsory traffic at the memory's bandwidth. The
// arithmetic of memory-bound kernels does not run on matrix units and is left out.
double KernelCurves::bounded(const Op& op, double seconds) const {
  const Work w = work(op);
  if (!std::holds_alternative<MemoryBound>(op)) {
    const DataType dtype = std::visit([](const auto& o) { return o.dtype; }, op);
    const double peak = limits_.peak[static_cast<std::size_t>(dtype)].value();
    if (peak > 0) seconds = std::max(seconds, w.flops.value() / peak);
  }
  const double bandwidth = limits_.bandwidth.value();
  if (bandwidth > 0) seconds = std::max(seconds, w.bytes.value() / bandwidth);
  return seconds;
}

KernelEstimate KernelCurves::estimate(const Op& op) const {
  const KernelCurveUse& how = use(op);
  const KernelCurve& curve = curves_[how.curve];
  KernelShape shape = kernel_shape(op, limits_.multiprocessors);
  shape.flops /= how.rate;
  const ResidualField::Answer residual = curve.residual.at(shape.at);
  const double seconds = curve.roofline.seconds(shape) * std::exp(residual.value);
  const bool far = residual.nearest > ResidualField::kFade;
  return {Seconds(bounded(op, seconds)), far ? weakest(how.origin, Origin::fitted) : how.origin,
          residual.nearest};
}

Seconds KernelCurves::roofline_time(const Op& op) const {
  const KernelCurveUse& how = use(op);
  KernelShape shape = kernel_shape(op, limits_.multiprocessors);
  shape.flops /= how.rate;
  return Seconds(bounded(op, curves_[how.curve].roofline.seconds(shape)));
}

Seconds KernelCurves::conversion_time(const Op& op) const {
  const KernelCurve& of = curve(op);
  return Seconds(kernel_shape(op, limits_.multiprocessors).converted / of.roofline.conversion);
}

}  // namespace traincast
