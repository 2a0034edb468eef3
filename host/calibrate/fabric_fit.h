// Least-absolute-error fit of one collective class's scalars.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

#include "host/model/collectives.h"

namespace traincast {

// A measured time and the parts that the formula makes it of, all in seconds with scalars of 1.
struct FitSample {
  AlgorithmFamily family = AlgorithmFamily::ring;
  Protocol protocol = Protocol::simple;
  double base = 0;      // fixed
  double intra = 0;     // times intra_latency
  double inter = 0;     // times inter_latency
  double transfer = 0;  // over bandwidth
  double overlap = 1;   // as LinkScalars has it; kept
  bool lone_rank = false;
  double measured = 0;
};

// A scalar is expected within a factor e^spread of where it starts.
struct FitSpread {
  double bandwidth = 0.5, intra_latency = 0.5, inter_latency = 0.3, offset = 1, lone_rank = 0.3;
};
struct FitResult {
  ClassScalars scalars;
  double loss = 0;
};
// Minimises the sum over samples of a smoothed |ln(predicted / measured)| plus prior / 2 times the squared
// distances of the scalars' logarithms from their start in units of the spread. start.offset must be above 0.
// Gauss-Newton with damping on logarithms of the scalars, reweighted at each step; deterministic.
FitResult fit_scalars(const std::vector<FitSample>& samples, const ClassScalars& start,
                      const FitSpread& spread, double prior);

}  // namespace traincast
