#include "host/model/roofline.h"

#include <algorithm>

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

struct TimeOf {
  const SustainedRates& rates;
  const AttentionRate& attention;

  Seconds bounded(const Op& op, FlopRate rate) const {
    const Work w = work(op);
    return rates.launch + std::max(w.flops / rate, w.bytes / rates.stream);
  }
  FlopRate gemm_rate(double m, double n, double k, DataType dtype) const {
    const GemmRate& r = rates.gemm[static_cast<std::size_t>(dtype)];
    return r.plateau / ((1 + r.half_m / m) * (1 + r.half_n / n) * (1 + r.half_k / k));
  }
  Seconds operator()(const Gemm& g) const { return bounded(g, gemm_rate(d(g.m), d(g.n), d(g.k), g.dtype)); }
  Seconds operator()(const GroupedGemm& g) const {
    return bounded(g, gemm_rate(d(g.m), d(g.n), d(g.k), g.dtype));
  }
  Seconds operator()(const Attention& a) const {
    const FlopRate plateau = a.pass == Pass::forward ? attention.forward : attention.backward;
    // Narrow heads leave the tensor cores waiting for the softmax: fitted to published forward rates at head
    // dimensions 64, 128, 192 and 256 on H100 and B200 (NVIDIA aiconfigurator tables), 1 at 128.
    constexpr double kHalfHead = 54;
    const double dim = 0.5 * d(a.head_dim + a.value_dim);
    const double head = dim / (dim + kHalfHead) * (128 + kHalfHead) / 128;
    return bounded(a, plateau * head / (1 + attention.half_length / d(a.query_length)));
  }
  Seconds operator()(const MemoryBound& op) const { return rates.launch + work(op).bytes / rates.stream; }
};

const AttentionRate& nearest(const SustainedRates& rates, AttentionKernel kernel) {
  const auto wanted = static_cast<std::size_t>(kernel);
  for (std::size_t i = wanted; i < rates.attention.size(); ++i) {
    if (rates.attention[i].forward.value() > 0) return rates.attention[i];
  }
  for (std::size_t i = wanted; i-- > 0;) {
    if (rates.attention[i].forward.value() > 0) return rates.attention[i];
  }
  return rates.attention[wanted];
}

}  // namespace

RooflineTimes::RooflineTimes(const SustainedRates& rates, AttentionKernel kernel)
    : rates_(rates), attention_(nearest(rates, kernel)) {}

Seconds RooflineTimes::time(const Op& op) const {
  return std::visit(TimeOf{rates_, attention_}, op);
}

}  // namespace traincast
