#include "host/base/statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace traincast {
namespace {

TEST(Statistics, MedianOfOddAndEvenCountsAndOfUnsortedValues) {
  EXPECT_DOUBLE_EQ(median(std::vector<double>{3, 1, 2}), 2);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{4, 1, 3, 2}), 2.5);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{7}), 7);
}

// numpy.percentile([15, 20, 35, 40, 50], 40) = 29: position 0.4 x 4 = 1.6, so 20 + 0.6 x 15.
TEST(Statistics, PercentileIsType7) {
  const std::vector<double> values{50, 15, 40, 20, 35};
  EXPECT_DOUBLE_EQ(percentile(values, 0.4), 29);
  EXPECT_DOUBLE_EQ(percentile(values, 0), 15);
  EXPECT_DOUBLE_EQ(percentile(values, 1), 50);
  EXPECT_DOUBLE_EQ(percentile(values, 1.5), 50);
  EXPECT_DOUBLE_EQ(percentile(values, -1), 15);
}

// 0.9 of four steps is 3.6, so 40 + 0.6 x 10; beyond the last value there is only the last.
TEST(Statistics, PercentileReachesTheLastValueAndNoFurther) {
  EXPECT_DOUBLE_EQ(percentile(std::vector<double>{50, 15, 40, 20, 35}, 0.9), 46);
  EXPECT_DOUBLE_EQ(median(std::vector<double>{1, 2}), 1.5);
  std::vector<double> many(1001, 7);
  EXPECT_DOUBLE_EQ(percentile(many, 1.5), 7);
}

TEST(Statistics, MeanAndSampleDeviation) {
  const std::vector<double> values{2, 4, 4, 4, 5, 5, 7, 9};
  EXPECT_DOUBLE_EQ(mean(values), 5);
  EXPECT_DOUBLE_EQ(standard_deviation(values), std::sqrt(32.0 / 7));
  EXPECT_DOUBLE_EQ(standard_deviation(std::vector<double>{1, 3}), std::sqrt(2.0));
}

// Quartiles of 1..5 are 2 and 4, the median 3.
TEST(Statistics, RelativeSpreadIgnoresOneOutlier) {
  EXPECT_DOUBLE_EQ(relative_spread(std::vector<double>{1, 2, 3, 4, 5}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(relative_spread(std::vector<double>{1, 2, 3, 4, 5000}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(relative_spread(std::vector<double>{0, 0, 0}), 0);
}

TEST(Statistics, TooFewValuesGiveZero) {
  const std::vector<double> none;
  for (const double value :
       {mean(none), median(none), percentile(none, 0.9), standard_deviation(none), relative_spread(none)}) {
    EXPECT_EQ(value, 0);
  }
  EXPECT_EQ(standard_deviation(std::vector<double>{3}), 0);
}

}  // namespace
}  // namespace traincast
