#include "host/measure/summary.h"

#include <gtest/gtest.h>

#include "tests/unit/measure/one_rank.h"

namespace traincast {
namespace {

TEST(Summary, CountsRowsAndNamesTheBestRate) {
  OneRank one;
  const Report report = measurement_summary(one.run().profile);
  ASSERT_EQ(report.tables.size(), 2u);
  EXPECT_EQ(report.tables[1].rows.size(), 50u);
  std::int64_t rows = 0;
  for (const auto& row : report.tables[0].rows) {
    rows += std::get<std::int64_t>(row[2].machine);
    // No op beats the formula's 600 TFLOP/s.
    const auto* rate = std::get_if<double>(&row[4].machine);
    if (rate != nullptr) {
      EXPECT_LT(*rate, 600e12);
    }
  }
  EXPECT_EQ(rows, static_cast<std::int64_t>(one.run().profile.ops.size()));
}

TEST(Summary, HasNoTableWithoutRows) {
  OneRank one;
  one.options.sections = {Section::collectives};
  const Report report = measurement_summary(one.run().profile);
  ASSERT_EQ(report.tables.size(), 1u);
  EXPECT_EQ(report.tables[0].key, "collectives");
}

}  // namespace
}  // namespace traincast
