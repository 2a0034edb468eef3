// Claims become rows of verdicts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/base/table.h"
#include "host/claims/verdict.h"

namespace traincast {

struct CheckedSide {
  std::string what;
  Computation computation;
  Figure figure;
  std::optional<Verdict> verdict;  // where it is judged
};

struct CheckedClaim {
  Claim claim;
  std::optional<Figure> ours;  // always there where the claim is testable
  Verdict verdict = Verdict::not_testable;
  Verdict of_value = Verdict::not_testable;  // of our value alone, without its interval
  std::vector<CheckedSide> also;
};

CheckedClaim check_claim(const Claim& claim, Evidence& evidence);

// `only`: ids in the order wanted, or none for all. Throws UsageError for an id that is not there.
std::vector<CheckedClaim> check_claims(const std::vector<Claim>& claims, const std::vector<std::string>& only,
                                       Evidence& evidence);

// "rows": one a claim; "figures": what else was computed; "formulas": those used, in words.
Report claims_report(const std::vector<CheckedClaim>& checked);

}  // namespace traincast
