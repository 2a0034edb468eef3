#include "host/base/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace traincast {
namespace {

double n(std::span<const double> values) {
  return static_cast<double>(values.size());
}

double percentile_of_sorted(std::span<const double> sorted, double fraction) {
  if (sorted.empty()) return 0;
  const double position = std::clamp(fraction, 0.0, 1.0) * (n(sorted) - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], position - static_cast<double>(below));
}

std::vector<double> sorted_copy(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

double mean(std::span<const double> values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / n(values);
}

double median(std::span<const double> values) {
  return percentile(values, 0.5);
}

double percentile(std::span<const double> values, double fraction) {
  return percentile_of_sorted(sorted_copy(values), fraction);
}

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double center = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - center) * (value - center);
  return std::sqrt(squares / (n(values) - 1));
}

double relative_spread(std::span<const double> values) {
  const std::vector<double> sorted = sorted_copy(values);
  const double middle = percentile_of_sorted(sorted, 0.5);
  if (middle == 0) return 0;
  return (percentile_of_sorted(sorted, 0.75) - percentile_of_sorted(sorted, 0.25)) / middle;
}

}  // namespace traincast
