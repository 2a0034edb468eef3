#include "host/validate/score.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace traincast {
namespace {

ScoredRow row(std::string family, double error, long long gpus = 8, std::string cluster = "c") {
  ScoredRow r;
  r.family = std::move(family);
  r.cluster = std::move(cluster);
  r.gpu = "H100";
  r.stack = "s";
  r.gpus = gpus;
  r.log_error = error;
  r.status = "ok";
  r.scored = r.core = true;
  return r;
}

Summary score(const std::vector<ScoredRow>& rows, Weights weights) {
  std::vector<const ScoredRow*> pointers;
  pointers.reserve(rows.size());
  for (const ScoredRow& r : rows) pointers.push_back(&r);
  return summarize("g", pointers, weights);
}

TEST(Score, QuantilesOfEqualWeightsInterpolateBetweenMidpoints) {
  // |e| = 1, 2, 3, 4, 5 stand at shares 0.1, 0.3, 0.5, 0.7, 0.9 of the weight.
  const Summary s = score({row("f", 5), row("f", -3), row("f", 1), row("f", -2), row("f", 4)}, Weights::rows);
  EXPECT_EQ(s.rows, 5);
  EXPECT_DOUBLE_EQ(s.median, 3);
  EXPECT_DOUBLE_EQ(s.p90, 5);
  EXPECT_DOUBLE_EQ(s.mean, 3);
  EXPECT_DOUBLE_EQ(s.bias, 1) << "median of -3 -2 1 4 5";
  // Four rows stand at 1/8, 3/8, 5/8, 7/8: 0.5 lies half way between the middle two; 0.9 beyond the last.
  const Summary even = score({row("f", 1), row("f", 2), row("f", 4), row("f", 8)}, Weights::rows);
  EXPECT_DOUBLE_EQ(even.median, 3);
  EXPECT_DOUBLE_EQ(even.p90, 8);
}

TEST(Score, FamiliesWeighTheSameHoweverManyRowsTheyHave) {
  const std::vector<ScoredRow> rows = {row("many", 1), row("many", 1), row("many", 1), row("many", 1),
                                       row("one", 3)};
  EXPECT_DOUBLE_EQ(score(rows, Weights::rows).mean, 7.0 / 5);
  EXPECT_DOUBLE_EQ(score(rows, Weights::families).mean, 2);
  // Weights 1/4 four times and 1: the rows of 1 stand at 1/16 ... 7/16 and the row of 3 at 12/16 of the
  // weight; the median interpolates: 1 + 2 (8 - 7) / (12 - 7).
  EXPECT_DOUBLE_EQ(score(rows, Weights::families).median, 1.4);
  EXPECT_DOUBLE_EQ(score(rows, Weights::rows).median, 1);
}

TEST(Score, SlopeIsWithinClustersAndPerTenfoldGpus) {
  // Both clusters rise by 0.02 per tenfold, from different levels: the difference of levels is no slope.
  const Summary s = score({row("f", 0.10, 10, "a"), row("f", 0.12, 100, "a"), row("f", 0.14, 1000, "a"),
                           row("f", -0.50, 1000, "b"), row("f", -0.48, 10000, "b")},
                          Weights::rows);
  EXPECT_NEAR(s.slope, 0.02, 1e-12);
  EXPECT_EQ(score({row("f", 0.1, 8, "a"), row("f", 0.3, 64, "b")}, Weights::rows).slope, 0)
      << "one scale a cluster says nothing";
  ScoredRow later = row("f", 0.3, 640, "a");
  later.stack = "next";
  EXPECT_EQ(score({row("f", 0.1, 64, "a"), later}, Weights::rows).slope, 0) << "another stack, not scale";
}

TEST(Score, NoRowsGiveNoFigures) {
  const Summary s = score({}, Weights::families);
  EXPECT_EQ(s.rows, 0);
  EXPECT_EQ(s.median, 0);
}

TEST(Score, SummariesGroupScoredRowsOnly) {
  std::vector<ScoredRow> rows = {row("a", 0.1, 8), row("a", 0.2, 64), row("b", 0.3, 4096),
                                 row("b", 0.4, 4097)};
  rows[1].core = false;
  rows[2].moe = true;
  ScoredRow unscored = row("c", 9);
  unscored.scored = false;
  rows.push_back(unscored);
  const auto groups = summaries(rows);
  const auto count = [&](const std::string& group) {
    const auto found =
        std::find_if(groups.begin(), groups.end(), [&](const Summary& s) { return s.group == group; });
    return found == groups.end() ? -1 : found->rows;
  };
  EXPECT_EQ(count("all, families equal"), 4);
  EXPECT_EQ(count("core, rows equal"), 3);
  EXPECT_EQ(count("core dense, families equal"), 2);
  EXPECT_EQ(count("core moe, families equal"), 1);
  EXPECT_EQ(count("family=a"), 2);
  EXPECT_EQ(count("family=c"), -1);
  EXPECT_EQ(count("gpu=H100"), 4);
  EXPECT_EQ(count("stack=s"), 4);
  EXPECT_EQ(count("gpus<=8"), 1);
  EXPECT_EQ(count("gpus<=64"), 1);
  EXPECT_EQ(count("gpus<=4096"), 1);
  EXPECT_EQ(count("gpus>4096"), 1);
}

}  // namespace
}  // namespace traincast
