#include "host/base/collective.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

TEST(Collective, BusFactorsAreThoseOfNcclTests) {
  EXPECT_DOUBLE_EQ(bus_factor(Collective::all_reduce, 8), 1.75);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::all_gather, 8), 0.875);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::reduce_scatter, 4), 0.75);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::all_to_all, 2), 0.5);
  EXPECT_DOUBLE_EQ(bus_factor(Collective::send_recv, 2), 1);
  EXPECT_DOUBLE_EQ(busbw(Collective::all_reduce, 8, Bytes(512e6), Seconds(2e-3)).value(), 448e9);
}

TEST(Collective, NamesRoundTrip) {
  for (int i = 0; i < kCollectives; ++i) {
    const auto collective = static_cast<Collective>(i);
    EXPECT_EQ(collective_from_name(name(collective)), collective);
  }
}

}  // namespace
}  // namespace traincast
