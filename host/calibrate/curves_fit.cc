#include "host/calibrate/curves_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace traincast {
namespace {

constexpr std::size_t kRows = 1000;  // a fit of 7 numbers gains nothing from more
constexpr std::size_t kParameters = 7;
enum Parameter : std::size_t { kRate, kBandwidth, kFixed, kHalf, kConversion = 6 };
using Vector = std::array<double, kParameters>;

constexpr double kSoft = 0.01;   // below this |ln error| the loss turns from absolute to quadratic
constexpr double kPrior = 0.02;  // weight of one squared e-fold away from the start, against summed errors
constexpr int kIterations = 60;

struct Problem {
  std::vector<FitRow> rows;
  Vector start{}, low{}, high{};  // logarithms
  std::array<bool, kParameters> moves{};
};

KernelRoofline roofline_of(const Problem& problem, const Vector& p) {
  KernelRoofline r{
      .fixed = std::exp(p[kFixed]), .rate = std::exp(p[kRate]), .bandwidth = std::exp(p[kBandwidth])};
  for (std::size_t i = 0; i < 3; ++i) {
    if (problem.moves[kHalf + i]) r.half[i] = std::exp(p[kHalf + i]);
  }
  if (problem.moves[kConversion]) r.conversion = std::exp(p[kConversion]);
  return r;
}

double prior(const Problem& problem, const Vector& p) {
  double sum = 0;
  for (std::size_t i = 0; i < kParameters; ++i) {
    if (problem.moves[i]) sum += kPrior * (p[i] - problem.start[i]) * (p[i] - problem.start[i]);
  }
  return sum;
}

double loss(const Problem& problem, const Vector& p) {
  const KernelRoofline roofline = roofline_of(problem, p);
  double sum = prior(problem, p);
  for (const FitRow& row : problem.rows) {
    const double error = std::log(roofline.seconds(row.shape) / row.seconds);
    sum += std::sqrt(error * error + kSoft * kSoft);
  }
  return sum;
}

// d ln(roofline) / d parameter for one row.
Vector slope(const KernelRoofline& r, const FitRow& row, double seconds) {
  Vector s{};
  double compute = row.shape.flops / r.rate;
  for (std::size_t i = 0; i < 3; ++i) compute *= 1 + r.half[i] / row.shape.extent[i];
  const double memory = row.shape.bytes / r.bandwidth;
  if (compute > memory) {
    s[kRate] = -compute / seconds;
    for (std::size_t i = 0; i < 3; ++i) {
      s[kHalf + i] = compute / seconds * r.half[i] / (row.shape.extent[i] + r.half[i]);
    }
  } else {
    s[kBandwidth] = -memory / seconds;
  }
  s[kFixed] = r.fixed / seconds;
  s[kConversion] = -row.shape.converted / r.conversion / seconds;
  return s;
}

// Solves a x = b for a symmetric positive definite matrix by Cholesky; fixed parameters hold a unit row.
Vector solve(std::array<Vector, kParameters> a, Vector b) {
  for (std::size_t i = 0; i < kParameters; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i][k] * a[j][k];
      a[i][j] = i == j ? std::sqrt(std::max(sum, 1e-30)) : sum / a[j][j];
    }
  }
  for (std::size_t i = 0; i < kParameters; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i][k] * b[k];
    b[i] /= a[i][i];
  }
  for (std::size_t i = kParameters; i-- > 0;) {
    for (std::size_t k = i + 1; k < kParameters; ++k) b[i] -= a[k][i] * b[k];
    b[i] /= a[i][i];
  }
  return b;
}

// One reweighted step: the normal equations at p, damped.
Vector step(const Problem& problem, const Vector& p, double damping) {
  const KernelRoofline roofline = roofline_of(problem, p);
  std::array<Vector, kParameters> a{};
  Vector b{};
  for (const FitRow& row : problem.rows) {
    const double seconds = roofline.seconds(row.shape);
    const double error = std::log(seconds / row.seconds);
    const double weight = 1 / std::sqrt(error * error + kSoft * kSoft);
    const Vector s = slope(roofline, row, seconds);
    for (std::size_t i = 0; i < kParameters; ++i) {
      b[i] -= weight * s[i] * error;
      for (std::size_t j = 0; j <= i; ++j) a[i][j] += weight * s[i] * s[j];
    }
  }
  for (std::size_t i = 0; i < kParameters; ++i) {
    if (problem.moves[i]) {
      b[i] -= 2 * kPrior * (p[i] - problem.start[i]);
      a[i][i] = (a[i][i] + 2 * kPrior) * (1 + damping);
      continue;
    }
    b[i] = 0;
    a[i].fill(0);
    for (std::size_t j = i; j < kParameters; ++j) a[j][i] = 0;
    a[i][i] = 1;
  }
  return solve(a, b);
}

std::pair<double, Vector> descend(const Problem& problem, Vector p) {
  double best = loss(problem, p);
  double damping = 1e-2;
  for (int i = 0; i < kIterations && damping < 1e6; ++i) {
    const Vector change = step(problem, p, damping);
    Vector next = p;
    for (std::size_t j = 0; j < kParameters; ++j) {
      next[j] = std::clamp(p[j] + std::clamp(change[j], -1.5, 1.5), problem.low[j], problem.high[j]);
    }
    const double now = loss(problem, next);
    if (now < best) {
      const bool settled = best - now < 1e-9 * best;
      best = now;
      p = next;
      damping = std::max(damping / 4, 1e-9);
      if (settled) break;
    } else {
      damping *= 4;
    }
  }
  return {best, p};
}

std::vector<FitRow> selection(std::span<const FitRow> rows) {
  std::vector<FitRow> sorted(rows.begin(), rows.end());
  std::sort(sorted.begin(), sorted.end(), [](const FitRow& a, const FitRow& b) {
    return a.shape.at != b.shape.at ? a.shape.at < b.shape.at : a.seconds < b.seconds;
  });
  if (sorted.size() <= kRows) return sorted;
  std::vector<FitRow> some;
  for (std::size_t i = 0; i < kRows; ++i) some.push_back(sorted[i * sorted.size() / kRows]);
  return some;
}

Problem problem_of(std::span<const FitRow> rows, const FitFrame& frame) {
  Problem problem{.rows = selection(rows)};
  bool any_flops = false;
  for (const FitRow& row : problem.rows) any_flops = any_flops || row.shape.flops > 0;
  const KernelRoofline& s = frame.start;
  const auto ln = [](double x) { return std::log(std::clamp(x, 1e-30, 1e30)); };
  problem.start = {ln(s.rate), ln(s.bandwidth), ln(std::max(s.fixed, 1e-7)), 0, 0, 0, 0};
  problem.moves = {any_flops, true, true, false, false, false, frame.converts};
  constexpr double kFar = 12;  // e-folds: no limit in effect
  for (std::size_t i = 0; i < kHalf; ++i) {
    problem.low[i] = problem.start[i] - kFar;
    problem.high[i] = problem.start[i] + kFar;
  }
  if (frame.max_rate > 0) problem.high[kRate] = ln(frame.max_rate);
  if (frame.max_bandwidth > 0) problem.high[kBandwidth] = ln(frame.max_bandwidth);
  for (std::size_t i = 0; i < 3; ++i) {
    problem.moves[kHalf + i] = frame.max_half > 0 && any_flops;
    problem.start[kHalf + i] = ln(std::max(s.half[i], 10.0));
    problem.low[kHalf + i] = ln(0.1);
    problem.high[kHalf + i] = ln(std::max(frame.max_half, 1.0));
  }
  // An operand read in 16 bits and written in 8: three bytes an element.
  problem.start[kConversion] = problem.start[kBandwidth] - std::log(3.0);
  problem.low[kConversion] = problem.start[kConversion] - 3;
  problem.high[kConversion] = problem.start[kConversion] + kFar;
  return problem;
}

// Where descents begin, as e-folds from the frame's start: the loss has several valleys (slow to saturate, or
// slowed by a conversion, or by a lower plateau).
std::vector<Vector> starts(const Problem& problem) {
  std::vector<Vector> list;
  for (const double half : {0.0, 2.5}) {
    if (half > 0 && !problem.moves[kHalf]) continue;
    for (const double rate : {0.0, -0.7}) {
      for (const double conversion : {-0.7, 6.0}) {
        if (conversion < 0 && !problem.moves[kConversion]) continue;
        list.push_back({rate, 0, 0, half, half, half, problem.moves[kConversion] ? conversion : 0});
      }
    }
  }
  return list;
}

}  // namespace

KernelRoofline fit_roofline(std::span<const FitRow> rows, const FitFrame& frame) {
  if (rows.empty()) return frame.start;
  const Problem problem = problem_of(rows, frame);
  std::pair<double, Vector> best{0, problem.start};
  bool first = true;
  for (const Vector& away : starts(problem)) {
    Vector from = problem.start;
    for (std::size_t i = 0; i < kParameters; ++i) {
      from[i] = std::clamp(from[i] + away[i], problem.low[i], problem.high[i]);
    }
    const std::pair<double, Vector> found = descend(problem, from);
    if (first || found.first < best.first) best = found;
    first = false;
  }
  KernelRoofline roofline = roofline_of(problem, best.second);
  if (!problem.moves[kRate]) roofline.rate = frame.start.rate;
  return roofline;
}

}  // namespace traincast
