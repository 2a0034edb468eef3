#include "host/risk/published_reliability.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace traincast {
namespace {

TEST(PublishedReliability, EveryRowHasAnAnswerNearWhatIsKnown) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  Calibrator calibrator(store, std::nullopt);
  const auto rows = read_known_reliability(store.root() / "published" / "reliability.json", store);
  const auto checks = check_reliability(rows, calibrator, store, 20, 1);
  ASSERT_EQ(checks.size(), rows.size());
  ASSERT_GE(checks.size(), 14U);
  for (const ReliabilityCheck& check : checks) {
    const std::string& name = check.known.name;
    EXPECT_TRUE(std::isfinite(check.ours) && check.ours > 0) << name;
    EXPECT_FALSE(check.known.from.source.empty()) << name;
    if (check.known.figure == KnownFigure::goodput) {
      EXPECT_LT(check.ours, 1) << name;
      // Histories and closed form agree.
      ASSERT_TRUE(check.p10 && check.p90) << name;
      EXPECT_LT(*check.p10, check.ours + 0.01) << name;
      EXPECT_GT(*check.p90, check.ours - 0.01) << name;
    }
    // "More than" holds where it is published.
    if (check.known.at_least) EXPECT_TRUE(check.holds) << name << " " << check.ours;
  }
  const Report report = known_reliability_report(checks);
  ASSERT_EQ(report.tables.size(), 1U);
  for (const auto& row : report.tables[0].rows) EXPECT_EQ(row.size(), report.tables[0].columns.size());
}

}  // namespace
}  // namespace traincast
