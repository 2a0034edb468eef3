#include "host/model/straggler.h"

#include <cmath>

namespace traincast {
namespace {

// Normal quantile for 0.5 <= p < 1: a rational start (Abramowitz and Stegun 26.2.23, error below 4.5e-4) and
// one Newton step on the exact distribution.
double normal_quantile(double p) {
  const double t = std::sqrt(-2 * std::log(1 - p));
  const double x =
      t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  const double upper_tail = 0.5 * std::erfc(x / std::sqrt(2.0));
  const double density = std::exp(-0.5 * x * x) / std::sqrt(2 * 3.14159265358979323846);
  return x + (upper_tail - (1 - p)) / density;
}

}  // namespace

double expected_maximum(std::int64_t n) {
  if (n <= 1) return 0;
  const auto count = static_cast<double>(n);
  return normal_quantile((count - 0.375) / (count + 0.25));
}

}  // namespace traincast
