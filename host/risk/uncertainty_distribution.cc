#include "host/risk/uncertainty_distribution.h"

#include <cmath>
#include <numeric>
#include <utility>

namespace traincast {
namespace {

constexpr double kNormalP90 = 1.2815515655446004;  // normal_quantile(0.9)

}  // namespace

double normal_share(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

// A rational start (Abramowitz and Stegun 26.2.23, error below 4.5e-4) and two of Halley's steps on the exact
// distribution, each of which triples the digits.
double normal_quantile(double p) {
  if (p == 0.5) return 0;
  const double tail = std::min(p, 1 - p);
  const double t = std::sqrt(-2 * std::log(tail));
  double x =
      t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int step = 0; step < 2; ++step) {
    const double excess = 0.5 * std::erfc(x / std::sqrt(2.0)) - tail;
    const double density = std::exp(-0.5 * x * x) / std::sqrt(2 * 3.14159265358979323846);
    const double newton = excess / density;
    x += newton / (1 - 0.5 * x * newton);
  }
  return p < 0.5 ? -x : x;
}

Distribution Distribution::fixed(double value) {
  Distribution d;
  d.middle_ = value;
  return d;
}

Distribution Distribution::lognormal(double p10, double p50, double p90) {
  Distribution d;
  d.kind_ = DistributionKind::lognormal;
  d.low_ = p10;
  d.middle_ = p50;
  d.high_ = p90;
  return d;
}

Distribution Distribution::normal(double mean, double deviation, double low, double high) {
  Distribution d;
  d.kind_ = DistributionKind::normal;
  d.low_ = low;
  d.middle_ = mean;
  d.high_ = high;
  d.deviation_ = deviation;
  return d;
}

Distribution Distribution::uniform(double low, double high) {
  Distribution d;
  d.kind_ = DistributionKind::uniform;
  d.low_ = low;
  d.high_ = high;
  return d;
}

Distribution Distribution::triangular(double low, double mode, double high) {
  Distribution d;
  d.kind_ = DistributionKind::triangular;
  d.low_ = low;
  d.middle_ = mode;
  d.high_ = high;
  return d;
}

Distribution Distribution::discrete(std::vector<double> values, std::vector<double> weights) {
  Distribution d;
  d.kind_ = DistributionKind::discrete;
  d.values_ = std::move(values);
  d.weights_ = std::move(weights);
  return d;
}

double Distribution::quantile(double u) const {
  switch (kind_) {
    case DistributionKind::fixed:
      break;
    case DistributionKind::lognormal: {
      const double z = normal_quantile(u) / kNormalP90;
      return middle_ * std::exp(z * std::log(z < 0 ? middle_ / low_ : high_ / middle_));
    }
    case DistributionKind::normal: {
      const double below = normal_share((low_ - middle_) / deviation_);
      const double above = normal_share((high_ - middle_) / deviation_);
      const double x = middle_ + deviation_ * normal_quantile(below + u * (above - below));
      return std::min(std::max(x, low_), high_);
    }
    case DistributionKind::uniform:
      return low_ + u * (high_ - low_);
    case DistributionKind::triangular: {
      const double width = high_ - low_;
      const double rising = (middle_ - low_) / width;
      return u < rising ? low_ + std::sqrt(u * rising) * width
                        : high_ - std::sqrt((1 - u) * (1 - rising)) * width;
    }
    case DistributionKind::discrete: {
      double left = u * std::accumulate(weights_.begin(), weights_.end(), 0.0);
      for (std::size_t i = 0; i + 1 < values_.size(); ++i) {
        left -= weights_[i];
        if (left < 0) return values_[i];
      }
      return values_.back();
    }
  }
  return middle_;
}

Distribution Distribution::scaled(double factor) const {
  Distribution d = *this;
  d.low_ *= factor;
  d.middle_ *= factor;
  d.high_ *= factor;
  d.deviation_ *= factor;
  for (double& value : d.values_) value *= factor;
  return d;
}

}  // namespace traincast
