#include "host/calibrate/fabric_fit.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace traincast {
namespace {

constexpr std::size_t kPerLink = 3;
constexpr std::size_t kLinks = static_cast<std::size_t>(kAlgorithmFamilies) * kProtocols;
constexpr std::size_t kOffset = kLinks * kPerLink;
constexpr std::size_t kLone = kOffset + 1;
constexpr std::size_t kParameters = kLone + 1;
using Vector = std::array<double, kParameters>;
using Matrix = std::array<Vector, kParameters>;

// Errors below this count as noise: squared below, absolute above.
constexpr double kNoise = 0.03;
// Scale of errors that balances them against the spread of the scalars.
constexpr double kErrorScale = 0.1;

std::size_t link_index(AlgorithmFamily family, Protocol protocol) {
  return kPerLink * (static_cast<std::size_t>(family) * kProtocols + static_cast<std::size_t>(protocol));
}

template <typename Visit>  // visit(index, scalar)
void for_each_link(ClassScalars& scalars, Visit visit) {
  std::size_t i = 0;
  for (auto& by_protocol : scalars.link) {
    for (LinkScalars& link : by_protocol) {
      visit(i, link.bandwidth), visit(i + 1, link.intra_latency), visit(i + 2, link.inter_latency);
      i += kPerLink;
    }
  }
}
Vector logs_of(ClassScalars scalars) {
  Vector x{};
  for_each_link(scalars, [&](std::size_t i, double& value) { x[i] = std::log(value); });
  x[kOffset] = std::log(scalars.offset.value());
  x[kLone] = std::log(scalars.lone_rank_bandwidth);
  return x;
}
ClassScalars scalars_from(const ClassScalars& start, const Vector& x) {
  ClassScalars scalars = start;
  for_each_link(scalars, [&](std::size_t i, double& value) { value = std::exp(x[i]); });
  scalars.offset = Seconds(std::exp(x[kOffset]));
  scalars.lone_rank_bandwidth = std::exp(x[kLone]);
  return scalars;
}

class Problem {
 public:
  Problem(const std::vector<FitSample>& samples, const ClassScalars& start, const FitSpread& spread,
          double prior)
      : samples_(samples), start_(logs_of(start)) {
    for (std::size_t i = 0; i < kOffset; i += kPerLink) {
      weight_[i] = prior / (spread.bandwidth * spread.bandwidth);
      weight_[i + 1] = prior / (spread.intra_latency * spread.intra_latency);
      weight_[i + 2] = prior / (spread.inter_latency * spread.inter_latency);
    }
    weight_[kOffset] = prior / (spread.offset * spread.offset);
    weight_[kLone] = prior / (spread.lone_rank * spread.lone_rank);
  }

  const Vector& start() const { return start_; }

  double loss(const Vector& x) const {
    double sum = 0;
    for (const FitSample& s : samples_) {
      const double error = std::log(split(s, x).total() / s.measured) / kNoise;
      sum += kNoise / kErrorScale * (std::sqrt(1 + error * error) - 1);
    }
    for (std::size_t i = 0; i < kParameters; ++i)
      sum += weight_[i] / 2 * (x[i] - start_[i]) * (x[i] - start_[i]);
    return sum;
  }

  // Gradient and Gauss-Newton matrix of the loss.
  void linearise(const Vector& x, Vector& gradient, Matrix& matrix) const {
    gradient = {};
    matrix = {};
    for (const FitSample& s : samples_) {
      const Parts parts = split(s, x);
      const double total = parts.total();
      const double error = std::log(total / s.measured);
      const double weight = 1 / (kErrorScale * kNoise) / std::sqrt(1 + error * error / (kNoise * kNoise));
      const std::size_t link = link_index(s.family, s.protocol);
      const std::array<std::size_t, 5> index{link, link + 1, link + 2, kOffset, kLone};
      const auto [steps_slope, transfer_slope] = parts.slopes();
      const std::array<double, 5> slope{-transfer_slope * parts.transfer / total,
                                        steps_slope * parts.intra / total, steps_slope * parts.inter / total,
                                        parts.offset / total,
                                        s.lone_rank ? -transfer_slope * parts.transfer / total : 0};
      for (std::size_t a = 0; a < index.size(); ++a) {
        gradient[index[a]] += weight * slope[a] * error;
        for (std::size_t b = 0; b < index.size(); ++b)
          matrix[index[a]][index[b]] += weight * slope[a] * slope[b];
      }
    }
    for (std::size_t i = 0; i < kParameters; ++i) {
      gradient[i] += weight_[i] * (x[i] - start_[i]);
      matrix[i][i] += weight_[i];
    }
  }

 private:
  struct Parts {
    double base, intra, inter, transfer, offset, overlap;
    double combined() const {
      const double large = std::max(intra + inter, transfer), small = std::min(intra + inter, transfer);
      return large > 0 ? large * std::pow(1 + std::pow(small / large, overlap), 1 / overlap) : 0;
    }
    double total() const { return base + offset + combined(); }
    // Of combined() by the steps and by the transfer.
    std::pair<double, double> slopes() const {
      const double sum = combined();
      if (sum <= 0) return {0, 0};
      return {std::pow((intra + inter) / sum, overlap - 1), std::pow(transfer / sum, overlap - 1)};
    }
  };
  static Parts split(const FitSample& s, const Vector& x) {
    const std::size_t link = link_index(s.family, s.protocol);
    return {s.base,
            s.intra * std::exp(x[link + 1]),
            s.inter * std::exp(x[link + 2]),
            s.transfer * std::exp(-x[link] - (s.lone_rank ? x[kLone] : 0)),
            std::exp(x[kOffset]),
            s.overlap};
  }

  const std::vector<FitSample>& samples_;
  Vector start_, weight_{};
};

// Solves matrix step = gradient for a symmetric positive matrix (Cholesky); false where it is not positive.
bool solve(Matrix matrix, const Vector& gradient, Vector& step) {
  for (std::size_t i = 0; i < kParameters; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = matrix[i][j];
      for (std::size_t k = 0; k < j; ++k) sum -= matrix[i][k] * matrix[j][k];
      if (i == j && sum <= 0) return false;
      matrix[i][j] = i == j ? std::sqrt(sum) : sum / matrix[j][j];
    }
  }
  for (std::size_t i = 0; i < kParameters; ++i) {
    double sum = gradient[i];
    for (std::size_t k = 0; k < i; ++k) sum -= matrix[i][k] * step[k];
    step[i] = sum / matrix[i][i];
  }
  for (std::size_t i = kParameters; i-- > 0;) {
    double sum = step[i];
    for (std::size_t k = i + 1; k < kParameters; ++k) sum -= matrix[k][i] * step[k];
    step[i] = sum / matrix[i][i];
  }
  return true;
}

}  // namespace

FitResult fit_scalars(const std::vector<FitSample>& samples, const ClassScalars& start,
                      const FitSpread& spread, double prior) {
  constexpr int kMaxSteps = 300;
  constexpr double kLargestStep = 2;  // e^2 on any scalar
  const Problem problem(samples, start, spread, prior);
  Vector x = problem.start();
  double loss = problem.loss(x);
  double damping = 1e-3;
  for (int iteration = 0; iteration < kMaxSteps && damping < 1e12; ++iteration) {
    Vector gradient, step{};
    Matrix matrix;
    problem.linearise(x, gradient, matrix);
    for (std::size_t i = 0; i < kParameters; ++i) matrix[i][i] += damping * (matrix[i][i] + 1e-9);
    double next_loss = loss;
    Vector next = x;
    if (solve(matrix, gradient, step)) {
      for (std::size_t i = 0; i < kParameters; ++i)
        next[i] -= std::clamp(step[i], -kLargestStep, kLargestStep);
      next_loss = problem.loss(next);
    }
    if (next_loss < loss) {
      const bool converged = loss - next_loss < 1e-13 * (1 + loss);
      x = next, loss = next_loss;
      damping = std::max(damping / 5, 1e-12);
      if (converged) break;
    } else {
      damping *= 8;
    }
  }
  return {scalars_from(start, x), loss};
}

}  // namespace traincast
