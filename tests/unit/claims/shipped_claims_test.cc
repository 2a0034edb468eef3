// The shipped claims: complete, against the file they come from, and every verdict reproducible.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "host/base/csv.h"
#include "host/claims/check.h"

namespace traincast {
namespace {

const std::vector<CheckedClaim>& checked() {
  static const std::vector<CheckedClaim> kChecked = [] {
    const ConfigStore store(TRAINCAST_TEST_CONFIGS);
    Evidence evidence(store);
    return check_claims(load_claims(store), {}, evidence);
  }();
  return kChecked;
}

const CheckedClaim& row(const std::string& id) {
  const auto found = std::find_if(checked().begin(), checked().end(),
                                  [&](const CheckedClaim& c) { return c.claim.id == id; });
  EXPECT_NE(found, checked().end()) << id;
  return *found;
}

// The claims file is not shipped: beside the checkout, or where TRAINCAST_SHARED says.
std::filesystem::path claims_file() {
  const char* shared = std::getenv("TRAINCAST_SHARED");
  const std::filesystem::path folder =
      shared != nullptr ? std::filesystem::path(shared)
                        : std::filesystem::path(TRAINCAST_TEST_SOURCE).parent_path() / "shared";
  return folder / "data" / "claims.csv";
}

TEST(ShippedClaims, EveryIdOfTheClaimsFileHasOneRowWithItsValue) {
  const std::filesystem::path file = claims_file();
  if (!std::filesystem::exists(file))
    GTEST_SKIP() << "no file " << file << "; TRAINCAST_SHARED names its folder";
  const CsvTable table = CsvTable::from_file(file.string());
  std::map<std::string, const Claim*> ours;
  for (const CheckedClaim& c : checked()) ours[c.claim.id] = &c.claim;
  ASSERT_GT(table.rows(), 0U);
  EXPECT_EQ(ours.size(), table.rows());
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const std::string id(table.text(i, "id"));
    ASSERT_TRUE(ours.contains(id)) << id;
    EXPECT_EQ(ours[id]->claimed, table.text(i, "value")) << id;
    EXPECT_EQ(ours[id]->quote, table.text(i, "claim_fr")) << id;
  }
}

TEST(ShippedClaims, EveryVerdictFollowsFromItsFigures) {
  for (const CheckedClaim& c : checked()) {
    SCOPED_TRACE(c.claim.id);
    if (c.verdict == Verdict::not_testable) {
      EXPECT_FALSE(c.claim.not_testable.empty());
      continue;
    }
    ASSERT_TRUE(c.ours);
    EXPECT_LE(c.ours->low, c.ours->value);
    EXPECT_LE(c.ours->value, c.ours->high);
    EXPECT_EQ(c.verdict, judge(*c.claim.limits(), c.claim.sense, c.ours->low, c.ours->high));
    EXPECT_FALSE(c.claim.depends.empty());
  }
}

TEST(ShippedClaims, EverySystemThatIsNamedHasItsRow) {
  std::set<std::string> subjects;
  for (const CheckedClaim& c : checked()) subjects.insert(c.claim.subject);
  for (const char* wanted :
       {"Memphis, 22 July 2024", "Colossus 100k", "Colossus 200k", "Grok-1", "Grok-2", "Grok-3",
        "Predecessor of Colossus", "GPT-4's configuration", "Jean Zay", "Leased Oracle cluster"}) {
    EXPECT_TRUE(subjects.contains(wanted)) << wanted;
  }
}

// 43 MW cannot run 100,000 GPUs, whatever the servers draw between their measured limits.
TEST(ShippedClaims, AHundredThousandInJulyIsContradicted) {
  EXPECT_EQ(row("A01").verdict, Verdict::contradicted);
  EXPECT_LT(row("A01").ours->high, 50000);
}

TEST(ShippedClaims, TwentyTimesIsTrueOnOneOfSixBases) {
  const CheckedClaim& c = row("E05");
  ASSERT_EQ(c.also.size(), 6U);
  std::vector<std::string> true_by;
  for (const CheckedSide& side : c.also) {
    ASSERT_TRUE(side.verdict) << side.what;
    if (*side.verdict == Verdict::supported) true_by.push_back(side.what);
  }
  ASSERT_EQ(true_by.size(), 1U);
  EXPECT_NE(true_by.front().find("FP8"), std::string::npos);
  EXPECT_NEAR(c.also[0].figure.value, 4.0, 1e-12);
  EXPECT_NEAR(c.also[1].figure.value, 4 * 989.4 / 312, 1e-9);
  EXPECT_NEAR(c.also[2].figure.value, 4 * 1979.0 / 312, 1e-9);
  EXPECT_NEAR(c.also[3].figure.value, 4 * 794.5 / 271.2, 1e-9);
  EXPECT_NEAR(c.also[4].figure.value, 4 * 1402.6 / 271.2, 1e-9);
}

// A larger claim never moves our figure: no claimed value enters its own computation.
TEST(ShippedClaims, OursDoesNotDependOnWhatIsClaimed) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  Evidence evidence(store);
  for (Claim claim : load_claims(store)) {
    if (claim.range) claim.range = ClaimedRange{claim.range->low * 3, claim.range->high * 3};
    if (!claim.claimed.empty()) claim.claimed = "1";
    const CheckedClaim moved = check_claim(claim, evidence);
    const CheckedClaim& before = row(claim.id);
    ASSERT_EQ(moved.ours.has_value(), before.ours.has_value());
    if (moved.ours) {
      EXPECT_EQ(moved.ours->value, before.ours->value) << claim.id;
    }
  }
}

TEST(ShippedClaims, EveryFactIsUsed) {
  std::set<std::string> used;
  const auto add = [&](const Computation& c) {
    for (const auto& [input, target] : c.inputs) used.insert(target);
  };
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  for (const Claim& claim : load_claims(store)) {
    if (claim.computation) add(*claim.computation);
    for (const SideFigure& side : claim.also) add(side.computation);
  }
  const Evidence evidence(store);
  for (const Fact& fact : evidence.facts()) {
    EXPECT_TRUE(used.contains(fact.name)) << fact.name;
    EXPECT_FALSE(fact.from.source.empty()) << fact.name;
  }
}

}  // namespace
}  // namespace traincast
