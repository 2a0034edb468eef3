// Fits the roofline of one kind of kernel to measured times.
#pragma once

#include <span>

#include "host/model/kernel_curves_roofline.h"

namespace traincast {

struct FitRow {
  KernelShape shape;
  double seconds = 0;
};

// Which parameters move, and how far rate and bandwidth may go.
struct FitFrame {
  KernelRoofline start;
  double max_rate = 0;       // FLOP/s; 0: not limited
  double max_bandwidth = 0;  // B/s; 0: not limited
  double max_half = 0;       // of the half extents; 0: they stay as they are
  bool converts = false;     // fit the conversion rate
};

// Minimises the sum of |ln(roofline / measured)| by reweighted Levenberg-Marquardt from a few fixed starts
// around frame.start; where few rows tell little, parameters stay near the start. Deterministic, and
// independent of the order of rows. Of many rows an even selection is used.
KernelRoofline fit_roofline(std::span<const FitRow> rows, const FitFrame& frame);

}  // namespace traincast
