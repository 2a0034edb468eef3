#include "host/claims/check.h"

#include <algorithm>

#include "host/base/errors.h"
#include "host/config/near.h"

namespace traincast {

CheckedClaim check_claim(const Claim& claim, Evidence& evidence) {
  CheckedClaim checked{.claim = claim};
  if (claim.computation) checked.ours = evaluate(*claim.computation, evidence);
  if (claim.not_testable.empty() && checked.ours) {
    const ClaimedRange& limits = *claim.limits();
    checked.verdict = judge(limits, claim.sense, checked.ours->low, checked.ours->high);
    checked.of_value = judge(limits, claim.sense, checked.ours->value, checked.ours->value);
  }
  for (const SideFigure& side : claim.also) {
    CheckedSide out{.what = side.what,
                    .computation = side.computation,
                    .figure = evaluate(side.computation, evidence),
                    .verdict = {}};
    if (side.judged) out.verdict = judge(*claim.limits(), claim.sense, out.figure.low, out.figure.high);
    checked.also.push_back(std::move(out));
  }
  return checked;
}

std::vector<CheckedClaim> check_claims(const std::vector<Claim>& claims, const std::vector<std::string>& only,
                                       Evidence& evidence) {
  std::vector<CheckedClaim> checked;
  if (only.empty()) {
    for (const Claim& claim : claims) checked.push_back(check_claim(claim, evidence));
    return checked;
  }
  for (const std::string& id : only) {
    const auto found =
        std::find_if(claims.begin(), claims.end(), [&](const Claim& claim) { return claim.id == id; });
    if (found == claims.end()) {
      std::vector<std::string> ids;
      for (const Claim& claim : claims) ids.push_back(claim.id);
      throw UsageError("unknown claim \"" + id + "\"; accepted: " + join(ids, " "));
    }
    checked.push_back(check_claim(*found, evidence));
  }
  return checked;
}

}  // namespace traincast
