// One sentence of the news, and how it is tested (configs/claims/claims.json).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/origin.h"
#include "host/config/find.h"

namespace traincast {

// How the claimed figure is meant.
enum class Sense { equal, at_least, at_most };
inline constexpr std::string_view kSenseNames[] = {"equal", "at least", "at most"};
constexpr std::string_view name(Sense sense) {
  return kSenseNames[static_cast<int>(sense)];
}

// A formula (formula.h) and what its inputs are bound to: facts, GPUs, clusters, runs or ranges of runs.
struct Computation {
  std::string formula;
  std::vector<std::pair<std::string, std::string>> inputs;
  std::string unit;                // of the result, for people
  std::optional<std::string> one;  // one of that unit, where units.h does not know it: "907.18474 kg"
  std::string where;               // FILE#/pointer, for messages
};

struct ClaimedRange {
  double low = 0, high = 0;  // in the claim's unit
};

struct SideFigure {
  std::string what;
  bool judged = false;  // against the same claim, by the same rule
  Computation computation;
};

struct Claim {
  std::string id;        // of the claims file: "A05"
  std::string subject;   // the cluster, system or run that is meant
  std::string quote;     // French, a few words
  std::string gloss;     // English
  std::string quantity;  // what is claimed of it
  std::string claimed;   // as the claims file has it; "" where no number is claimed
  std::string unit;      // as the claims file has it
  Sense sense = Sense::equal;
  std::optional<ClaimedRange> range;  // what `claimed` says in numbers
  // Where no number is claimed: the figure that decides whether the sentence can be true, and why.
  std::optional<ClaimedRange> bound;
  std::string tested;                      // what is tested, in words
  std::string not_testable;                // the reason; "" where it is testable
  std::optional<Computation> computation;  // there unless not testable
  std::vector<SideFigure> also;
  std::string depends;  // what the verdict depends on
  Provenance from;

  // What ours is compared with; none where there is nothing to compare with.
  const std::optional<ClaimedRange>& limits() const { return range ? range : bound; }
};

// Throws ConfigError: ids twice, formulas that there are not, a claim that is neither testable nor has a
// reason, ...
std::vector<Claim> read_claims(std::string_view text, const std::string& file);
std::vector<Claim> load_claims(const ConfigStore& store);  // configs/claims/claims.json

}  // namespace traincast
