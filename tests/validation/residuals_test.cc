// Does configs/published/residuals.json say what the model's errors on the published runs are? After a change
// that moves them: TRAINCAST_UPDATE_RECORDED=1 build/tests/residuals_test.
#include "host/validate/residuals.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "host/base/csv.h"
#include "host/base/file.h"
#include "host/config/step_residuals.h"
#include "host/validate/library.h"

namespace traincast {
namespace {

constexpr const char* kSource =
    "errors ln(predicted / measured) of the core rows of runs.csv, each predicted by stacks fitted without "
    "its "
    "family; spread: 90th percentile of their size over 1.645, families weighed equally; slopes with GPUs: "
    "of all scored rows; written by "
    "residuals_test";

TEST(Residuals, RecordedAreThoseOfThePublishedRuns) {
  const ConfigStore store{std::string(TRAINCAST_TEST_CONFIGS)};
  const Library library = load_library(store);
  const auto runs =
      read_published_runs(CsvTable::from_file(store.root() / "published" / "runs.csv"), library.models);
  const StepResiduals now = step_residuals(cross_validate(runs, library));
  if (std::getenv("TRAINCAST_UPDATE_RECORDED") != nullptr) {
    write_file_atomically(store.root() / "published" / "residuals.json", residuals_json(now, kSource));
  }
  const StepResiduals recorded = load_step_residuals(store);
  EXPECT_EQ(residuals_json(recorded, kSource), read_file(store.root() / "published" / "residuals.json"));
  ASSERT_EQ(recorded.classes.size(), now.classes.size());
  // Rounding to four digits, and compilers that add up in another order.
  constexpr double kTolerance = 3e-4;
  EXPECT_NEAR(recorded.spread_per_decade, now.spread_per_decade, kTolerance);
  EXPECT_EQ(recorded.series, now.series);
  for (std::size_t i = 0; i < now.classes.size(); ++i) {
    EXPECT_EQ(recorded.classes[i].moe, now.classes[i].moe);
    EXPECT_EQ(recorded.classes[i].from_year, now.classes[i].from_year);
    EXPECT_EQ(recorded.classes[i].rows, now.classes[i].rows);
    EXPECT_EQ(recorded.classes[i].families, now.classes[i].families);
    EXPECT_EQ(recorded.classes[i].most_gpus, now.classes[i].most_gpus);
    EXPECT_NEAR(recorded.classes[i].spread, now.classes[i].spread, kTolerance);
    EXPECT_NEAR(recorded.classes[i].bias, now.classes[i].bias, kTolerance);
  }
}

// The spread is fit for what intervals use it for: of ten rows, nine lie inside its 90 % band, more or less.
TEST(Residuals, NineOfTenRowsLieInsideTheirBand) {
  const ConfigStore store{std::string(TRAINCAST_TEST_CONFIGS)};
  const Library library = load_library(store);
  const auto runs =
      read_published_runs(CsvTable::from_file(store.root() / "published" / "runs.csv"), library.models);
  const std::vector<CrossValidation> crosses = cross_validate(runs, library);
  const StepResiduals recorded = load_step_residuals(store);
  int rows = 0;
  int inside = 0;
  for (const CrossValidation& cross : crosses) {
    if (cross.split != Split::family_out) continue;
    for (const ScoredRow& row : cross.rows) {
      if (!row.core) continue;
      const ResidualClass* found = recorded.class_of(row.moe, stack_year(row.stack));
      ASSERT_NE(found, nullptr) << row.id;
      ++rows;
      if (std::abs(row.log_error) <= 1.645 * recorded.spread(*found, static_cast<double>(row.gpus))) ++inside;
    }
  }
  ASSERT_GT(rows, 100);
  EXPECT_NEAR(static_cast<double>(inside) / rows, 0.9, 0.05);
}

}  // namespace
}  // namespace traincast
