#include "host/risk/sensitivity.h"

#include <cstddef>

namespace traincast {

SobolIndices sobol_indices(std::span<const double> a, std::span<const double> b,
                           std::span<const std::vector<double>> mixed) {
  SobolIndices indices;
  const auto n = static_cast<double>(a.size());
  double mean = 0;
  for (std::size_t j = 0; j < a.size(); ++j) mean += (a[j] + b[j]) / (2 * n);
  double variance = 0;
  for (std::size_t j = 0; j < a.size(); ++j) {
    variance += ((a[j] - mean) * (a[j] - mean) + (b[j] - mean) * (b[j] - mean)) / (2 * n);
  }
  for (const std::vector<double>& ab : mixed) {
    double first = 0;
    double total = 0;
    for (std::size_t j = 0; j < a.size(); ++j) {
      first += (b[j] - mean) * (ab[j] - a[j]) / n;
      total += (a[j] - ab[j]) * (a[j] - ab[j]) / (2 * n);
    }
    // A constant computed in many orders differs from itself by rounding alone.
    const bool varies = variance > 1e-24 * mean * mean;
    indices.first.push_back(varies ? first / variance : 0);
    indices.total.push_back(varies ? total / variance : 0);
  }
  return indices;
}

}  // namespace traincast
