#include "host/calibrate/validate_kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>

#include "host/calibrate/curves_fit.h"

namespace traincast {
namespace {

constexpr std::size_t kFolds = 5;
constexpr std::size_t kFewest = 10;
constexpr std::array<std::string_view, 3> kPredictors{"curves", "roofline", "constant"};

// What is left out together, as numbers to hash.
using Key = std::vector<std::int64_t>;
struct KeyOf {
  bool column;
  Key operator()(const Gemm& g) const { return column ? Key{g.n, g.k} : Key{g.batch, g.m, g.n, g.k}; }
  Key operator()(const GroupedGemm& g) const { return column ? Key{g.n, g.k} : Key{g.groups, g.m, g.n, g.k}; }
  Key operator()(const Attention& a) const {
    Key key{a.heads, a.kv_heads, a.head_dim, a.value_dim};
    if (!column) key.insert(key.end(), {a.batch, a.query_length, a.kv_length});
    return key;
  }
  Key operator()(const MemoryBound& op) const { return column ? Key{op.columns} : Key{op.rows, op.columns}; }
};

// FNV-1a with a final mix (the 64-bit finaliser of MurmurHash3), for an order that follows no shape.
std::uint64_t hash(const Key& key) {
  std::uint64_t h = 1469598103934665603ULL;
  for (const std::int64_t number : key) {
    for (int byte = 0; byte < 8; ++byte) {
      h ^= static_cast<std::uint64_t>(number >> (8 * byte)) & 0xffU;
      h *= 1099511628211ULL;
    }
  }
  h ^= h >> 33U;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33U;
  return h;
}

std::string kernels_of(const Op& op) {
  struct Name {
    std::string operator()(const Gemm& g) const {
      return (g.layout == GemmLayout::forward ? "" : std::string(name(g.layout)) + " ") +
             std::string(name(g.dtype));
    }
    std::string operator()(const GroupedGemm& g) const {
      return (*this)(Gemm{.dtype = g.dtype, .layout = g.layout});
    }
    std::string operator()(const Attention& a) const {
      return std::string(name(a.pass)) + (a.causal ? " causal " : " full ") + std::string(name(a.dtype));
    }
    std::string operator()(const MemoryBound& m) const { return std::string(name(m.kind)); }
  };
  return std::string(op_class(op)) + " " + std::visit(Name{}, op);
}

struct SizeClass {
  std::string_view name;
  double low, high;  // FLOPs
};
constexpr std::array<SizeClass, 5> kSizes{{{"< 1 GFLOP", 0, 1e9},
                                           {"1-16 GFLOP", 1e9, 16e9},
                                           {"16-128 GFLOP", 16e9, 128e9},
                                           {"128-1000 GFLOP", 128e9, 1e12},
                                           {">= 1 TFLOP", 1e12, 1e300}}};

double quantile(std::vector<double> sorted, double q) {
  std::sort(sorted.begin(), sorted.end());
  const double at = q * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(at);
  const std::size_t high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (at - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

double median_rate(std::span<const KernelPoint> points) {
  std::vector<double> rates;
  for (const KernelPoint& p : points) {
    // Memory-bound kernels have no rate but bytes.
    const Work w = work(p.op);
    const bool memory = std::holds_alternative<MemoryBound>(p.op);
    rates.push_back((memory ? w.bytes.value() : w.flops.value()) / p.time.value());
  }
  return quantile(rates, 0.5);
}

KernelRoofline plain_roofline(std::span<const KernelPoint> points, const Gpu& gpu,
                              const KernelCurves& curves) {
  std::vector<FitRow> rows;
  for (const KernelPoint& p : points) {
    rows.push_back({kernel_shape(p.op, gpu.compute.multiprocessors), p.time.value()});
  }
  FitFrame frame{.start = curves.curve(points.front().op).roofline};
  frame.start.half = {0, 0, 0};
  return fit_roofline(rows, frame);
}

using Errors = std::array<std::vector<double>, kPredictors.size()>;  // by predictor, then by point

// ln(predicted / measured) of every point, each predicted from the folds that it is not in.
Errors left_out_errors(std::span<const KernelPoint> points, const std::vector<std::size_t>& fold,
                       const Gpu& gpu) {
  Errors errors;
  for (auto& list : errors) list.resize(points.size());
  for (std::size_t f = 0; f < kFolds; ++f) {
    std::vector<KernelPoint> seen;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (fold[i] != f) seen.push_back(points[i]);
    }
    const KernelCurves curves = build_curves(seen, {}, gpu);
    const KernelRoofline roofline = plain_roofline(seen, gpu, curves);
    const double rate = median_rate(seen);
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (fold[i] != f) continue;
      const KernelShape shape = kernel_shape(points[i].op, gpu.compute.multiprocessors);
      const double amount = shape.flops > 0 ? shape.flops : shape.bytes;
      const double measured = points[i].time.value();
      errors[0][i] = std::log(curves.time(points[i].op).value() / measured);
      errors[1][i] = std::log(roofline.seconds(shape) / measured);
      errors[2][i] = std::log(amount / rate / measured);
    }
  }
  return errors;
}

// Folds of equal size over the distinct keys; none where there are too few.
std::vector<std::size_t> folds(std::span<const KernelPoint> points, bool column) {
  std::map<std::pair<std::uint64_t, Key>, std::size_t> fold_of;
  const auto key_of = [column](const KernelPoint& p) {
    Key key = std::visit(KeyOf{column}, p.op);
    const std::uint64_t h = hash(key);
    return std::pair{h, std::move(key)};
  };
  for (const KernelPoint& p : points) fold_of[key_of(p)] = 0;
  if (fold_of.size() < kFewest) return {};
  std::size_t next = 0;
  for (auto& [key, fold] : fold_of) fold = next++ % kFolds;
  std::vector<std::size_t> result;
  for (const KernelPoint& p : points) result.push_back(fold_of[key_of(p)]);
  return result;
}

void add_rows(std::vector<KernelErrors>& rows, const KernelErrors& head, const Errors& errors,
              const std::vector<bool>& chosen) {
  for (std::size_t predictor = 0; predictor < kPredictors.size(); ++predictor) {
    std::vector<double> sizes;
    double sum = 0;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (!chosen[i]) continue;
      sizes.push_back(std::abs(errors[predictor][i]));
      sum += errors[predictor][i];
    }
    if (sizes.empty()) return;
    KernelErrors row = head;
    row.predictor = kPredictors[predictor];
    row.points = sizes.size();
    row.median = quantile(sizes, 0.5);
    row.p90 = quantile(sizes, 0.9);
    row.bias = sum / static_cast<double>(sizes.size());
    rows.push_back(std::move(row));
  }
}

void validate_kind(std::vector<KernelErrors>& rows, std::span<const KernelPoint> points, const Gpu& gpu) {
  for (const bool column : {false, true}) {
    const std::vector<std::size_t> fold = folds(points, column);
    if (fold.empty()) continue;
    const Errors errors = left_out_errors(points, fold, gpu);
    const auto choose = [&](std::string_view sizes, const auto& accept) {
      std::vector<bool> chosen;
      for (const KernelPoint& p : points) chosen.push_back(accept(p.op));
      add_rows(rows,
               {.kernels = kernels_of(points.front().op),
                .split = column ? "columns" : "points",
                .sizes = std::string(sizes),
                .predictor = ""},
               errors, chosen);
    };
    choose("all", [](const Op&) { return true; });
    choose("m >= 128", [](const Op& op) {
      const auto* gemm = std::get_if<Gemm>(&op);
      return gemm != nullptr && gemm->m >= 128;
    });
    for (const SizeClass& size : kSizes) {
      choose(size.name, [&size](const Op& op) {
        const double flops = work(op).flops.value();
        return flops >= size.low && flops < size.high;
      });
    }
  }
}

}  // namespace

std::vector<KernelErrors> validate_kernels(std::span<const KernelPoint> points, const Gpu& gpu) {
  std::map<std::size_t, std::vector<KernelPoint>> kinds;
  for (const KernelPoint& p : points) kinds[kernel_kind(p.op)].push_back(p);
  std::vector<KernelErrors> rows;
  for (const auto& [kind, list] : kinds) validate_kind(rows, list, gpu);
  return rows;
}

}  // namespace traincast
