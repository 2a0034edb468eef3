#include "host/model/straggler_tail.h"

#include <gtest/gtest.h>

#include "host/model/straggler.h"
#include "tests/golden/forecasts.h"

namespace traincast {
namespace {

const SlowNodes kSlow{.share = 0.005, .slow_by = 0.1, .from = {}};

// Blom: quantiles of the normal distribution at (n - 3/8) / (n + 1/4), by another implementation.
TEST(Straggler, ExpectedMaximumIsBloms) {
  EXPECT_EQ(expected_maximum(1), 0);
  EXPECT_NEAR(expected_maximum(2), 0.5894558, 2e-6);
  EXPECT_NEAR(expected_maximum(4), 1.0491314, 2e-6);
  EXPECT_NEAR(expected_maximum(1000), 3.2272899, 2e-6);
  EXPECT_NEAR(expected_maximum(100000), 4.3686801, 2e-6);
}

TEST(StragglerTail, WithoutEjectionItIsTheExpectedMaximumOfAllGpus) {
  for (const std::int64_t nodes : {16, 128, 2048, 12288}) {
    const double slowest = slowest_node({0.015, {}}, nodes, 8, 0);
    EXPECT_NEAR(slowest / (0.015 * expected_maximum(8 * nodes)), 1, 0.01) << nodes;
  }
}

// Nodes of one GPU each: the same quantile.
TEST(StragglerTail, OfSingleGpusItIsBloms) {
  for (const std::int64_t nodes : {2, 4, 100}) {
    EXPECT_NEAR(slowest_node({0.015, {}}, nodes, 1, 0), 0.015 * expected_maximum(nodes), 1e-8) << nodes;
  }
}

TEST(StragglerTail, EjectingNeverSlowsAndMoreNodesNeverQuicken) {
  double before = 1;
  for (std::int64_t ejected = 0; ejected < 400; ++ejected) {
    const double slowest = slowest_node({0.015, kSlow}, 2048, 8, ejected);
    EXPECT_LE(slowest, before);
    before = slowest;
  }
  EXPECT_LT(slowest_node({0.015, kSlow}, 128, 8, 0), slowest_node({0.015, kSlow}, 2048, 8, 0));
}

// 0.5 % of 2,000 nodes are 10: with no spread, the tenth ejection is the one that helps.
TEST(StragglerTail, SlowNodesByHand) {
  EXPECT_DOUBLE_EQ(slowest_node({0, kSlow}, 2000, 8, 9), 0.1);
  EXPECT_DOUBLE_EQ(slowest_node({0, kSlow}, 2000, 8, 10), 0);
  EXPECT_DOUBLE_EQ(slowest_node({0, {}}, 2000, 8, 0), 0);
  // Of 102 nodes 0.51 are slow, which is one rather than none; of 99, 0.495.
  EXPECT_DOUBLE_EQ(slowest_node({0, kSlow}, 102, 8, 0), 0.1);
  EXPECT_DOUBLE_EQ(slowest_node({0, kSlow}, 99, 8, 0), 0);
  // With spread: the slowest of 10 slow nodes of 8 before, the slowest of 1,980 usual ones after.
  EXPECT_NEAR(slowest_node({0.01, kSlow}, 2000, 8, 0), 0.1 + 0.01 * expected_maximum(80), 0.002);
  EXPECT_NEAR(slowest_node({0.01, kSlow}, 2000, 8, 20), 0.01 * expected_maximum(std::int64_t{1980} * 8),
              0.008);
}

TEST(StragglerTail, ThroughputByHand) {
  StepEstimate step = hand_step();  // gemm 2, attention 1, bubble 0.5 of 4 s
  step.parts[Part::straggler] = 0.1;
  step.time = Seconds(4.1);
  const std::vector<Ejection> rows = ejections(step, {0, kSlow}, 16000, 8, {0, 0.001, 0.01});
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[2].nodes, 20);
  EXPECT_DOUBLE_EQ(rows[0].step.value(), 4 + 0.1 * 3.5);  // the slow part in place of the estimate's 0.1 s
  EXPECT_DOUBLE_EQ(rows[1].step.value(), 4.35);           // 2 of 10 gone
  EXPECT_NEAR(rows[1].not_replaced, 1998.0 / 2000, 1e-12);
  EXPECT_DOUBLE_EQ(rows[2].step.value(), 4);
  EXPECT_DOUBLE_EQ(rows[2].replaced, 4.35 / 4);
  EXPECT_DOUBLE_EQ(rows[2].not_replaced, 4.35 / 4 * 1980 / 2000);
  EXPECT_EQ(ejections(step, {0, kSlow}, 24, 8, {1})[0].nodes, 2);  // one is left
}

}  // namespace
}  // namespace traincast
