#include "host/calibrate/rank_spread.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace traincast {
namespace {

constexpr std::size_t kLeastSamples = 8;

// Relative to the mean; n - 1 in the denominator.
double relative_variance(const std::vector<double>& values) {
  double mean = 0;
  for (const double value : values) mean += value;
  mean /= static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value / mean - 1) * (value / mean - 1);
  return squares / static_cast<double>(values.size() - 1);
}

bool counts(const OpRow& row) {
  return row.timing.skipped.empty() && !std::holds_alternative<MemoryBound>(row.op) &&
         row.timing.rank_medians_s.size() >= static_cast<std::size_t>(kLeastRanks);
}

}  // namespace

std::optional<RankSpread> rank_spread(const Profile& profile) {
  const bool sustained = std::any_of(profile.ops.begin(), profile.ops.end(),
                                     [](const OpRow& row) { return counts(row) && row.sustained; });
  RankSpread out;
  double fixed = 0;
  double jitter = 0;
  int jitter_rows = 0;
  for (const OpRow& row : profile.ops) {
    if (!counts(row) || (sustained && !row.sustained)) continue;
    double between = relative_variance(row.timing.rank_medians_s);
    const std::vector<double>& samples = row.timing.samples_s;
    if (samples.size() >= kLeastSamples) {
      const double within = relative_variance(samples);
      constexpr double kHalfPi = 1.57079632679489662;
      between -= kHalfPi * within / static_cast<double>(samples.size());
      jitter += within;
      ++jitter_rows;
    }
    fixed += between;
    out.ranks = std::max(out.ranks, static_cast<int>(row.timing.rank_medians_s.size()));
    ++out.rows;
  }
  if (out.rows == 0) return std::nullopt;
  out.fixed = std::sqrt(std::max(0.0, fixed / out.rows));
  out.jitter = jitter_rows > 0 ? std::sqrt(jitter / jitter_rows) : 0;
  return out;
}

}  // namespace traincast
