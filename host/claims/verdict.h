// The one rule by which every claim is judged.
//
// The claimed figure c (a range c1 to c2 where one is claimed; from 0 to c where the claim means "at most",
// from c upwards where it means "at least") is widened by kRounding on either side, because news round. Our
// interval is compared with it:
//   supported     they overlap;
//   overstated    the claim lies above our interval, by less than kContradiction between the nearest ends;
//   understated   it lies below, by less than that;
//   contradicted  the nearest ends are kContradiction or more apart.
// Over and under are those of the number, whether a large one flatters or not: "ready in at most 10 days"
// is understated where we need 15.
#pragma once

#include <string_view>

#include "host/claims/claim.h"
#include "host/claims/evaluate.h"

namespace traincast {

inline constexpr double kRounding = 0.10;
inline constexpr double kContradiction = 2.0;

enum class Verdict { supported, overstated, understated, contradicted, not_testable };
inline constexpr int kVerdicts = 5;
constexpr std::string_view name(Verdict verdict) {
  constexpr std::string_view kNames[] = {"supported", "overstated", "understated", "contradicted",
                                         "not testable"};
  return kNames[static_cast<int>(verdict)];
}

// The rule in one paragraph, as reports print it.
std::string_view verdict_rule();

// low <= high, of ours, in the claim's unit.
Verdict judge(const ClaimedRange& claimed, Sense sense, double low, double high);

}  // namespace traincast
