#include "host/measure/summary.h"

#include <gtest/gtest.h>

#include "tests/unit/measure/one_rank.h"

namespace traincast {
namespace {

TEST(Summary, CountsRowsAndNamesTheBestRate) {
  OneRank one;
  const Report report = measurement_summary(one.run().profile);
  ASSERT_EQ(report.tables.size(), 3u);
  EXPECT_EQ(report.tables[1].rows.size(), 70u);  // ten sizes, five collectives in BF16 and two sums in FP32
  EXPECT_EQ(report.tables[2].key, "host");
  std::int64_t rows = 0;
  for (const auto& row : report.tables[0].rows) {
    rows += std::get<std::int64_t>(row[3].machine);
    // No op beats the formula's 600 TFLOP/s.
    const auto* rate = std::get_if<double>(&row[5].machine);
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

TEST(Summary, NamesSlowRanksAndPrintsBothSlowdowns) {
  Profile profile;
  profile.slow_devices = {{.rank = 3, .host = "node7", .device = "GPU-1", .slowdown = 1.12, .limit = 1.02}};
  OpRow op{.op = Gemm{1, 2, 3}, .timing = {.median = Seconds(1)}};
  op.during = "all_reduce";
  op.slowdown = 1.25;
  profile.ops = {op};
  CollectiveRow message{.message = Bytes(1e6), .ranks = 2, .timing = {.median = Seconds(1)}};
  message.during = "gemm";
  message.slowdown = 3;
  profile.collectives = {message};
  const Report report = measurement_summary(profile);
  EXPECT_EQ(std::get<std::string>(report.scalars.back().cell.machine),
            "rank 3 on node7 (GPU-1): 12.0 % slower than its peers, whose spread ends at 2.0 %");
  const Table& table = report.tables.back();
  ASSERT_EQ(table.key, "interference");
  ASSERT_EQ(table.rows.size(), 1u);
  EXPECT_EQ(std::get<double>(table.rows[0][2].machine), 3);
  EXPECT_EQ(std::get<double>(table.rows[0][3].machine), 1.25);
}

}  // namespace
}  // namespace traincast
