#include "host/claims/verdict.h"

#include <limits>

namespace traincast {

static_assert(kRounding == 0.10 && kContradiction == 2.0, "the words below say so");

std::string_view verdict_rule() {
  return "The rule: the claimed figure, widened by 10 % for rounding (\"at most\": from 0 up to it; \"at "
         "least\": "
         "from it upwards), against our interval. They overlap: supported. The claim lies above: overstated; "
         "below: understated. The nearest ends are a factor of 2 or more apart: contradicted. Over and under "
         "are "
         "those of the number, whether a large one flatters or not.";
}

Verdict judge(const ClaimedRange& claimed, Sense sense, double low, double high) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double from = sense == Sense::at_most ? -kInfinity : claimed.low;
  const double to = sense == Sense::at_least ? kInfinity : claimed.high;
  if (from * (1 - kRounding) <= high && to * (1 + kRounding) >= low) return Verdict::supported;
  if (from > high) return from >= kContradiction * high ? Verdict::contradicted : Verdict::overstated;
  return low >= kContradiction * to ? Verdict::contradicted : Verdict::understated;
}

}  // namespace traincast
