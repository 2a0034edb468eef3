#include "host/model/kernel_curves_roofline.h"

#include <algorithm>
#include <cmath>

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(std::max<std::int64_t>(count, 1));
}

// Weights of the coordinates against those of ln(shape), chosen on published GEMM and attention times with
// points and whole columns left out (median error of left-out H100 FP8 GEMMs: 8.5 % with ln(shape) alone,
// 2.9 % with these).
constexpr double kPadding = 2;
constexpr double kWave = 2;
constexpr double kHeadDim = 2;
constexpr double kColumns = 0.5;

double padding(double length, double tile) {
  return std::log(std::ceil(length / tile) * tile / length);
}
double padding(double length) {
  return kPadding * (padding(length, 128) + padding(length, 256));
}

struct ShapeOf {
  int multiprocessors;

  KernelShape operator()(const Gemm& g) const {
    const double m = d(g.m);
    const double n = d(g.n);
    const double k = d(g.k);
    const double rows = d(g.batch) * m;
    const Work w = work(g);
    KernelShape shape{.flops = w.flops.value(),
                      .bytes = w.bytes.value(),
                      .converted = rows * k,
                      .extent = {rows, n, k},
                      .at = {std::log(rows), std::log(n), std::log(k), padding(m), padding(n), 0}};
    if (multiprocessors > 0) {
      const double tiles = d(g.batch) * std::ceil(m / 128) * std::ceil(n / 256);
      const double width = multiprocessors;
      shape.at[5] = kWave * std::log(std::ceil(tiles / width) * width / tiles);
    }
    return shape;
  }
  KernelShape operator()(const GroupedGemm& g) const {
    return (*this)(
        Gemm{.m = g.m, .n = g.n, .k = g.k, .dtype = g.dtype, .layout = g.layout, .batch = g.groups});
  }
  KernelShape operator()(const Attention& a) const {
    const double heads = d(a.batch) * d(a.heads);
    const double dimension = (d(a.head_dim) + d(a.value_dim)) / 2;
    const Work w = work(a);
    // Query and key length share one unit of distance: equal lengths are one coordinate of weight 1.
    return {.flops = w.flops.value(),
            .bytes = w.bytes.value(),
            .extent = {d(a.kv_length), heads * d(a.query_length), dimension},
            .at = {std::log(d(a.query_length)) * std::sqrt(0.5), std::log(d(a.kv_length)) * std::sqrt(0.5),
                   std::log(heads), kHeadDim * std::log(dimension), std::log(d(a.heads) / d(a.kv_heads)), 0}};
  }
  KernelShape operator()(const MemoryBound& op) const {
    const Work w = work(op);
    return {.flops = 0,  // hidden under the traffic
            .bytes = w.bytes.value(),
            .at = {std::log(std::max(w.bytes.value(), 1.0)), kColumns * std::log(d(op.columns)), 0, 0, 0, 0}};
  }
};

}  // namespace

KernelShape kernel_shape(const Op& op, int multiprocessors) {
  return std::visit(ShapeOf{multiprocessors}, op);
}

}  // namespace traincast
