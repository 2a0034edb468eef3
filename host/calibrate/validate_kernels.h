// How well curves predict points that they have not seen: cross-validation on a table of kernel times.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "host/calibrate/curves.h"

namespace traincast {

// Errors e = ln(predicted / measured) of left-out points, as fractions.
struct KernelErrors {
  std::string kernels;    // "gemm bf16", "attention forward bf16"
  std::string split;      // "points": a fifth of the points left out at a time; "columns": a fifth of the
                          // weight shapes (n, k) or head layouts (heads, kv_heads, head_dim), harder
  std::string sizes;      // "all", "m >= 128" (GEMM only), or a range of work such as "16-128 GFLOP"
  std::string predictor;  // "curves", "roofline" (fixed + max(flops/F, bytes/B), fitted), "constant"
                          // (flops over the median rate)
  std::size_t points = 0;
  double median = 0;  // of |e|
  double p90 = 0;     // of |e|
  double bias = 0;    // mean of e: above 0 predicts too slow
};

// Five folds, the same for every predictor and every run: shapes are ordered by a hash of themselves and
// dealt out in turn. Each predictor is built from the other four folds. Rows in the order kernels, split,
// sizes, predictor; sizes without points are left out. Kinds with fewer than 10 shapes to split cannot be
// judged and are left out.
std::vector<KernelErrors> validate_kernels(std::span<const KernelPoint> points, const Gpu& gpu);

}  // namespace traincast
