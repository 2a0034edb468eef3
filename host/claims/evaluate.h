// A computation becomes a figure with its interval.
#pragma once

#include <string>
#include <vector>

#include "host/base/origin.h"
#include "host/claims/claim.h"
#include "host/claims/evidence.h"

namespace traincast {

// How far one uncertain input alone moves the figure.
struct Swing {
  std::string input;         // the fact or range of runs
  double low = 0, high = 0;  // of the figure, low <= high
};

// In the unit of its computation.
struct Figure {
  double value = 0, low = 0, high = 0;
  std::vector<Swing> swings;  // the largest first
  Origin weakest = Origin::measured;
  std::string weakest_input;
  std::vector<std::string> rests_on;  // "cluster colossus-100k", in the order of the formula's inputs
};

// Inputs are taken to be independent: the interval is the value times or over e^sqrt(sum of squares of the
// logarithmic swings of one input at a time), upwards and downwards apart (linear swings where a figure is
// not above 0). Throws ConfigError, at computation.where, for an input or a unit that does not exist.
Figure evaluate(const Computation& computation, Evidence& evidence);

}  // namespace traincast
