#include "host/base/golden_section.h"

#include <gtest/gtest.h>

#include <cmath>

namespace traincast {
namespace {

TEST(GoldenSection, FindsTheTopOfAParabolaAndOfAnEdge) {
  EXPECT_NEAR(golden_section(-3, 10, 0, [](double x) { return 5 - (x - 2) * (x - 2); }), 2, 1e-7);
  EXPECT_NEAR(golden_section(0, 1, 0, [](double x) { return x; }), 1, 1e-12);
  EXPECT_NEAR(golden_section(0, 1, 0, [](double x) { return -x; }), 0, 1e-12);
}

// A range of 1 shrinks by 0.618 a round: below 0.1 after five (0.618^5 = 0.0902), two points before them.
TEST(GoldenSection, StopsWhenCloseEnoughAndFollowsTheLowerOfEquals) {
  int calls = 0;
  const double found = golden_section(0, 1, 0.1, [&](double) {
    ++calls;
    return 1.0;
  });
  EXPECT_EQ(calls, 7);
  EXPECT_NEAR(found, std::pow(0.6180339887498949, 5) / 2, 1e-12);
}

}  // namespace
}  // namespace traincast
