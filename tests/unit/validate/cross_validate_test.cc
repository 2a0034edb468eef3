// Rows made by stacks of a known time factor: what each split learns from them, and what it must not.
#include "host/validate/cross_validate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/base/errors.h"
#include "tests/unit/validate/synthetic.h"

namespace traincast {
namespace {

// The share of a synthetic step that is not computation moves errors by less.
constexpr double kTolerance = 2e-3;

const CrossValidation& of(const std::vector<CrossValidation>& all, Split split) {
  for (const CrossValidation& one : all) {
    if (one.split == split) return one;
  }
  throw std::runtime_error("no such split");
}

double error_of(const CrossValidation& validation, const std::string& id) {
  for (const ScoredRow& row : validation.rows) {
    if (row.id == id) return row.log_error;
  }
  throw std::runtime_error("no row " + id);
}

bool has(const CrossValidation& validation, const std::string& id) {
  for (const ScoredRow& row : validation.rows) {
    if (row.id == id) return true;
  }
  return false;
}

TEST(CrossValidate, RecoversAKnownFactorUpToTheStatedShrinkage) {
  // Three clusters of deviation 0.05 against a prior of deviation 0.05: three quarters of the factor.
  std::vector<PublishedRun> runs;
  for (const char* cluster : {"a", "b", "c"}) {
    runs.push_back(test::run_of_factor(1.2, std::string(cluster) + "1", "f", cluster));
    runs.push_back(test::run_of_factor(1.2, std::string(cluster) + "2", "f", cluster));
  }
  const auto all = cross_validate(runs, test::small_library());
  ASSERT_EQ(all.size(), 5U);
  for (const PublishedRun& run : runs) {
    EXPECT_NEAR(error_of(of(all, Split::no_fit), run.id), -std::log(1.2), kTolerance);
    EXPECT_NEAR(error_of(of(all, Split::in_sample), run.id), -std::log(1.2) / 4, kTolerance);
    EXPECT_NEAR(error_of(of(all, Split::cluster_out), run.id), -std::log(1.2) / 3, kTolerance);
    EXPECT_NEAR(error_of(of(all, Split::family_out), run.id), -std::log(1.2), kTolerance)
        << "no other family: the prior";
  }
}

TEST(CrossValidate, TheRowsOfOneClusterCountAsOneObservation) {
  std::vector<PublishedRun> runs = {test::run_of_factor(1, "b1", "f", "b")};
  for (int i = 0; i < 20; ++i) runs.push_back(test::run_of_factor(1.3, "a" + std::to_string(i), "f", "a"));
  const auto all = cross_validate(runs, test::small_library());
  // (ln 1.3 + 0) / (2 clusters + 1 prior), however many rows cluster a has.
  EXPECT_NEAR(error_of(of(all, Split::in_sample), "b1"), std::log(1.3) / 3, kTolerance);
}

TEST(CrossValidate, TheLeftOutClusterAndFamilyAreNotUsed) {
  const std::vector<PublishedRun> runs = {
      test::run_of_factor(1.3, "a", "f", "a"), test::run_of_factor(1, "b", "f", "b"),
      test::run_of_factor(1, "c", "g", "c"), test::run_of_factor(1.3, "d", "g", "d")};
  const auto all = cross_validate(runs, test::small_library());
  const CrossValidation& cluster_out = of(all, Split::cluster_out);
  // Factor for a: from b, c and d; for b: from a, c and d.
  EXPECT_NEAR(error_of(cluster_out, "a"), -std::log(1.3) + std::log(1.3) / 4, kTolerance);
  EXPECT_NEAR(error_of(cluster_out, "b"), 2 * std::log(1.3) / 4, kTolerance);
  const CrossValidation& family_out = of(all, Split::family_out);
  // Factor for f's rows from c and d alone.
  EXPECT_NEAR(error_of(family_out, "a"), -std::log(1.3) + std::log(1.3) / 3, kTolerance);
  EXPECT_NEAR(error_of(family_out, "b"), std::log(1.3) / 3, kTolerance);
  // Were the judged cluster used, its own measured time would matter.
  std::vector<PublishedRun> changed = runs;
  changed[0].measured = *changed[0].measured * 2;
  const auto again = cross_validate(changed, test::small_library());
  EXPECT_NEAR(error_of(of(again, Split::cluster_out), "a") - error_of(cluster_out, "a"), -std::log(2), 1e-9);
  EXPECT_NE(error_of(of(again, Split::cluster_out), "b"), error_of(cluster_out, "b"));
}

TEST(CrossValidate, SmallScalesPredictLargeOnes) {
  const std::vector<PublishedRun> runs = {test::run_of_factor(1.1, "small", "f", "a", 8),
                                          test::run_of_factor(1.3, "large", "f", "a", 64)};
  const auto all = cross_validate(runs, test::small_library());
  const CrossValidation& judged = of(all, Split::small_to_large);
  EXPECT_FALSE(has(judged, "small")) << "it was fitted";
  EXPECT_NEAR(error_of(judged, "large"), -std::log(1.3) + std::log(1.1) / 2, kTolerance);
}

TEST(CrossValidate, TheLibrarysOwnFactorIsForgottenAndUnscoredRowsDoNotCount) {
  std::vector<PublishedRun> runs = {test::run_of_factor(1.2, "a", "f", "a")};
  PublishedRun unscored = test::run_of_factor(3, "u", "f", "u");
  unscored.scored = false;
  runs.push_back(unscored);
  const auto fitted = cross_validate(runs, test::small_library(1.7));
  EXPECT_NEAR(error_of(of(fitted, Split::no_fit), "a"), -std::log(1.2), kTolerance);
  EXPECT_NEAR(error_of(of(fitted, Split::in_sample), "a"), -std::log(1.2) / 2, kTolerance);
  EXPECT_FALSE(has(of(fitted, Split::in_sample), "u"));
}

}  // namespace
}  // namespace traincast
