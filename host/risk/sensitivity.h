// Which inputs a result depends on: variance-based indices.
#pragma once

#include <span>
#include <vector>

namespace traincast {

struct SobolIndices {
  std::vector<double> first;  // share of the variance that knowing this input alone would remove
  std::vector<double> total;  // share that would stay if all others were known: with interactions
};

// From a result at n points A, at n other points B, and for each input at A with that input's values from B.
// First order: Saltelli et al., Computer Physics Communications 181 (2010), table 2 (b), with centred
// results; total: Jansen, Computer Physics Communications 117 (1999), table 2 (f) there. All zero where the
// result does not vary. Estimates: they may lie a little outside 0 to 1. Every list is as long as `a`; all
// values finite.
SobolIndices sobol_indices(std::span<const double> a, std::span<const double> b,
                           std::span<const std::vector<double>> mixed);

}  // namespace traincast
