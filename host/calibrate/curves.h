// Profile -> KernelCurves: which rows make which curve, and what stands in where there are none.
#pragma once

#include <span>
#include <vector>

#include "host/base/op.h"
#include "host/base/units.h"
#include "host/config/profile.h"
#include "host/model/gpu.h"
#include "host/model/kernel_curves.h"

namespace traincast {

// What kernels reach of a datasheet, for kinds of kernel without a single point.
struct KernelPlateaus {
  struct Rate {
    double efficiency = 1;                // of the datasheet's rate, at infinite extent
    std::array<double, 3> half{0, 0, 0};  // KernelRoofline::half
    Seconds fixed;
  };
  Rate gemm;        // 16 bits and more
  Rate gemm_8_bit;  // and less
  Rate attention;
  Rate memory;                    // efficiency is of the bandwidth; GEMM and attention traffic too
  double attention_backward = 1;  // FLOP rate over that of the forward pass
  double grouped_over_dense = 1;  // FLOP rate of a grouped GEMM over that of one with all its rows
  Provenance from;
};
// Plateaus seen on Hopper-class GPUs; sources in curves_plateaus.cc.
KernelPlateaus published_plateaus();

struct KernelPoint {
  Op op;
  Seconds time;
};

// One curve per kind of kernel that has points. A kind without any uses, in this order: another GEMM layout
// of its format; the other attention mask; for backward attention the forward pass and for grouped GEMMs
// the dense ones, at the plateaus' relative rates; the nearest format, at the ratio of the datasheet's
// rates; a roofline of plateaus and datasheet. KernelCurves::use says which. Points without a positive,
// finite time are left out. Throws ConfigError where neither points nor datasheet give a rate.
KernelCurves build_curves(std::span<const KernelPoint> points, const Provenance& from, const Gpu& gpu,
                          const KernelPlateaus& plateaus = published_plateaus());

// Rows with figures only. Sustained rows count where a kind has both: they replace burst rows of the same
// op, and its other compute-bound burst rows are slowed by their median ratio.
KernelCurves build_curves(const Profile& profile, const Gpu& gpu,
                          const KernelPlateaus& plateaus = published_plateaus());

// Datasheet and plateaus alone.
KernelCurves roofline_curves(const Gpu& gpu, const KernelPlateaus& plateaus = published_plateaus());

// The points of a profile's rows, with sustained rows settled as build_curves says.
std::vector<KernelPoint> kernel_points(const Profile& profile, const Gpu& gpu);

}  // namespace traincast
