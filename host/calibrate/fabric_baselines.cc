// The two predictors that people use instead of a model of NCCL.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "host/calibrate/fabric.h"

namespace traincast {
namespace {

double transfer(const CollectivePoint& p) {
  return bus_factor(p.op, p.gpus) * p.bytes.value();
}

double mean_error(const std::vector<CollectivePoint>& points, double alpha, double beta) {
  double sum = 0;
  for (const CollectivePoint& p : points) {
    sum += std::abs(std::log((alpha + transfer(p) / beta) / p.measured.value()));
  }
  return sum / static_cast<double>(points.size());
}

// Pattern search on the logarithms of alpha and beta with halving steps.
AlphaBeta fit_line(const std::vector<CollectivePoint>& points) {
  AlphaBeta line;
  double alpha = std::numeric_limits<double>::infinity(), peak = 0;
  for (const CollectivePoint& p : points) {
    alpha = std::min(alpha, p.measured.value());
    peak = std::max(peak, transfer(p) / p.measured.value());
  }
  double beta = peak;
  double least = mean_error(points, alpha, beta);
  for (int halvings = 0; halvings < 30; ++halvings) {
    const double step = std::ldexp(1.0, -halvings);
    for (bool better = true; better;) {
      better = false;
      for (const auto& [a, b] : {std::pair{step, 0.0}, {-step, 0.0}, {0.0, step}, {0.0, -step}}) {
        const double error = mean_error(points, alpha * std::exp(a), beta * std::exp(b));
        if (error < least * (1 - 1e-12)) {
          least = error, alpha *= std::exp(a), beta *= std::exp(b);
          better = true;
        }
      }
    }
  }
  line.alpha = Seconds(alpha);
  line.beta = Bandwidth(beta);
  line.peak = Bandwidth(peak);
  return line;
}

}  // namespace

Seconds AlphaBeta::alpha_beta(const CollectivePoint& point) const {
  return alpha + Bytes(transfer(point)) / beta;
}
Seconds AlphaBeta::constant_busbw(const CollectivePoint& point) const {
  return Bytes(transfer(point)) / peak;
}

std::vector<AlphaBeta> fit_alpha_beta(const std::vector<CollectivePoint>& points) {
  std::map<std::pair<Collective, int>, std::vector<CollectivePoint>> groups;
  for (const CollectivePoint& p : points)
    groups[{p.op, static_cast<int>(group_of(p).ranks_per_node)}].push_back(p);
  std::vector<AlphaBeta> lines;
  for (const auto& [key, members] : groups) {
    AlphaBeta line = fit_line(members);
    line.op = key.first;
    line.per_node = key.second;
    lines.push_back(line);
  }
  return lines;
}

}  // namespace traincast
