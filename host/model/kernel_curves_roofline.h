// A kernel's time without its measured residual: the shape of an op as curves see it, and the fitted
// roofline.
#pragma once

#include <array>
#include <limits>

#include "host/base/op.h"
#include "host/base/units.h"
#include "host/model/kernel_curves_field.h"

namespace traincast {

// Beyond work(): the three lengths along which a kernel reaches its full rate, and its coordinates among the
// measured points.
struct KernelShape {
  double flops = 0, bytes = 0;
  double converted = 0;  // elements of the left operand, which 8-bit timings may include converting
  std::array<double, 3> extent{1, 1, 1};
  FieldPoint at{};
};

// GEMMs: extent (batch m, n, k); coordinates ln of these, the share of padding when m and n are cut into
// tiles of 128 and 256, and of idle multiprocessors in the last wave of 128 x 256 tiles (0 multiprocessors:
// unknown, waves not seen). A grouped GEMM is a batch of `groups`.
// Attention: extent (kv_length, batch heads query_length, mean head dimension); coordinates ln of query and
// key length, of batch x heads, head dimension and heads per kv head.
// Memory-bound: coordinates ln of bytes and of columns.
KernelShape kernel_shape(const Op& op, int multiprocessors);

// t = fixed + max(flops / rate * prod (1 + half_i / extent_i), bytes / bandwidth) + converted / conversion
// The saturating factor and the conversion term matter for 8-bit GEMMs; with half = 0 and an infinite
// conversion rate this is the plain roofline with a fixed cost.
struct KernelRoofline {
  double fixed = 0;                                             // s
  double rate = std::numeric_limits<double>::infinity();        // FLOP/s at infinite extent
  double bandwidth = std::numeric_limits<double>::infinity();   // B/s
  std::array<double, 3> half{0, 0, 0};                          // extent at which the rate is half
  double conversion = std::numeric_limits<double>::infinity();  // elements/s

  double seconds(const KernelShape& shape) const {
    double slow = 1;
    for (std::size_t i = 0; i < half.size(); ++i) slow *= 1 + half[i] / shape.extent[i];
    const double compute = shape.flops / rate * slow;
    const double memory = shape.bytes / bandwidth;
    return fixed + (compute > memory ? compute : memory) + shape.converted / conversion;
  }
};

}  // namespace traincast
