#include "host/model/roofline.h"

#include <algorithm>

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

struct TimeOf {
  const SustainedRates& rates;

  Seconds bounded(const Op& op, FlopRate rate) const {
    const Work w = work(op);
    return rates.launch + std::max(w.flops / rate, w.bytes / rates.stream);
  }
  FlopRate gemm_rate(double m, double n, double k, DataType dtype) const {
    const double fill =
        (1 + rates.gemm_half_m / m) * (1 + rates.gemm_half_n / n) * (1 + rates.gemm_half_k / k);
    return rates.gemm[static_cast<std::size_t>(dtype)] / fill;
  }
  Seconds operator()(const Gemm& g) const { return bounded(g, gemm_rate(d(g.m), d(g.n), d(g.k), g.dtype)); }
  Seconds operator()(const GroupedGemm& g) const {
    return bounded(g, gemm_rate(d(g.m), d(g.n), d(g.k), g.dtype));
  }
  Seconds operator()(const Attention& a) const {
    const FlopRate plateau = a.pass == Pass::forward ? rates.attention_forward : rates.attention_backward;
    // Small heads keep the tensor cores waiting for the softmax (FlashAttention-3, section 3.1): 0.78 at 64.
    const double head = d(a.head_dim) / (d(a.head_dim) + 36) * (128.0 + 36) / 128.0;
    const double fill = 1 + rates.attention_half_length / d(a.query_length);
    return bounded(a, plateau * std::min(1.1, head) / fill);
  }
  Seconds operator()(const MemoryBound& op) const { return rates.launch + work(op).bytes / rates.stream; }
};

}  // namespace

Seconds RooflineTimes::time(const Op& op) const {
  return std::visit(TimeOf{rates_}, op);
}

}  // namespace traincast
