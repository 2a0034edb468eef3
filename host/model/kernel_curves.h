// How long a kernel takes: measured points, interpolated as what they take over a fitted roofline, and that
// roofline where nothing was measured. Built by host/calibrate/curves.h; pure and immutable here.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "host/base/data_type.h"
#include "host/base/op.h"
#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/model/kernel_curves_field.h"
#include "host/model/kernel_curves_roofline.h"

namespace traincast {

// One kind of kernel: GEMM or grouped GEMM by format and layout, attention by format, pass and mask,
// memory-bound by kind.
inline constexpr std::size_t kKernelKinds =
    std::size_t{2} * kDataTypes * kGemmLayouts + std::size_t{2} * 2 * kDataTypes + std::size_t{kMemoryKinds};
std::size_t kernel_kind(const Op& op);

// time = roofline(shape) * exp(residual(shape))
struct KernelCurve {
  KernelRoofline roofline;
  ResidualField residual;
};

// Which curve answers for a kind of kernel, its own or the nearest that has points, and how far to trust it.
struct KernelCurveUse {
  std::size_t curve = 0;
  double rate = 1;  // FLOP rate over that of the kernels the curve was fitted on
  Origin origin = Origin::assumed;
  std::string note;  // "" where the curve is the kind's own
};

// What no kernel can beat; 0 where unknown.
struct KernelLimits {
  std::array<FlopRate, kDataTypes> peak{};  // by DataType
  Bandwidth bandwidth;
  int multiprocessors = 0;
};

struct KernelEstimate {
  Seconds time;
  Origin origin = Origin::assumed;  // at best `fitted` beyond the reach of the points
  double distance = 0;              // to the nearest point, in units of ln(shape); infinite without points
};

class KernelCurves {
 public:
  KernelCurves() = default;  // a place to assign to; says 0 s of everything
  // Every use must name one of the curves.
  KernelCurves(std::vector<KernelCurve> curves, std::array<KernelCurveUse, kKernelKinds> uses,
               KernelLimits limits);

  // Exact at measured shapes, between points interpolated, far from all of them the fitted roofline;
  // continuous wherever tiles and waves are. Never less than work() over the peak rates of the limits.
  Seconds time(const Op& op) const { return estimate(op).time; }
  KernelEstimate estimate(const Op& op) const;

  // The fitted roofline alone, for searches: some tens of nanoseconds.
  Seconds roofline_time(const Op& op) const;

  // The part of time(op) that the fit puts down to converting the left operand to 8 bits, because the
  // points were timed with the conversion; 0 for curves without that term. Who counts casts apart subtracts
  // it.
  Seconds conversion_time(const Op& op) const;

  const KernelCurveUse& use(const Op& op) const { return uses_[kernel_kind(op)]; }
  const KernelCurve& curve(const Op& op) const { return curves_[use(op).curve]; }
  const KernelLimits& limits() const { return limits_; }

 private:
  double bounded(const Op& op, double seconds) const;

  std::vector<KernelCurve> curves_{1};
  std::array<KernelCurveUse, kKernelKinds> uses_{};
  KernelLimits limits_;
};

}  // namespace traincast
