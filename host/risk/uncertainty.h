// A run under all its uncertain inputs at once: how likely which days, energy and cost are, and which inputs
// matter.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "host/risk/uncertainty_run.h"

namespace traincast {

struct UncertaintyOptions {
  std::uint64_t seed = 1;
  std::uint64_t draws = 4096;  // even
  unsigned threads = 0;        // 0: as many as cores
  bool histories = true;  // each draw with a history of failures of its own; else with its mean and deviation
};
inline constexpr std::uint64_t kLeastDraws = 64;
inline constexpr std::uint64_t kMostDraws = 1'000'000;

// Shares of the draws below a value. Infinite where the run does not finish that often.
struct Percentiles {
  double p10 = 0, p50 = 0, p90 = 0;
};

// What one input does to the figures.
struct InputEffect {
  double p10 = 0, p50 = 0, p90 = 0;  // of the input, SI
  // With it at its 10th and 90th percentile and every other input at its median; not finished: infinite.
  std::array<double, kRiskFigures> at_p10{}, at_p90{};
  // Shares of the variance of the figure's logarithm (sensitivity.h).
  std::array<double, kRiskFigures> first{}, total{};
};

struct Uncertainty {
  std::uint64_t seed = 0, draws = 0, evaluations = 0;
  double finishing = 1;                         // share of the draws that finish
  std::array<double, kRiskFigures> estimate{};  // with the inputs that the estimate takes
  std::array<Percentiles, kRiskFigures> figures;
  std::vector<BoundInput> inputs;    // the last is chance (UncertainInput::failures)
  std::vector<InputEffect> effects;  // one an input
  // Every draw's time, seconds, in the order of the draws; infinite where it does not finish.
  std::vector<double> times;
};

// The same for the same seed and draws, whatever the threads.
Uncertainty estimate_uncertainty(const UncertainRun& run, const UncertaintyOptions& options);

// The times alone, of the same draws.
std::vector<double> draw_times(const UncertainRun& run, const UncertaintyOptions& options);

// Of at least one value, some of which may be infinite; type 7 (see host/base/statistics.h).
double percentile_with_infinite(std::vector<double> values, double share);

}  // namespace traincast
