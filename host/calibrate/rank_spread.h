// How much the ranks of a measured profile differ, the fixed and the random part apart.
#pragma once

#include <optional>

#include "host/config/profile.h"

namespace traincast {

struct RankSpread {
  double fixed = 0;   // relative deviation of ranks' medians: a slow GPU stays slow
  double jitter = 0;  // relative deviation of single samples of one rank
  int ranks = 0;
  int rows = 0;
};

// Fewer say too little of a deviation: its own relative error is 1 / sqrt(2 (ranks - 1)).
inline constexpr int kLeastRanks = 4;

// Over GEMM and attention rows with a median of each of kLeastRanks ranks or more, pooled; sustained rows
// alone where there are any. The noise that jitter leaves in a median (pi/2 jitter^2 / samples) is taken off
// the fixed part. None where no row will do.
std::optional<RankSpread> rank_spread(const Profile& profile);

}  // namespace traincast
