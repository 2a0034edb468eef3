#include "mpi/layout.h"

#include <gtest/gtest.h>

#include <limits>

#include "host/base/errors.h"

namespace traincast {
namespace {

TEST(Layout, CountsFollowTheMessageConvention) {
  const auto layout = [](Collective collective) {
    return make_layout(collective, Bytes(1003), DataType::bf16, 8);  // 501 elements, 62 a rank
  };
  EXPECT_EQ(layout(Collective::all_reduce).send, 501);
  EXPECT_EQ(layout(Collective::all_reduce).receive, 501);
  EXPECT_EQ(layout(Collective::send_recv).message(), Bytes(1002));
  EXPECT_EQ(layout(Collective::all_gather).send, 62);
  EXPECT_EQ(layout(Collective::all_gather).receive, 496);
  EXPECT_EQ(layout(Collective::reduce_scatter).send, 496);
  EXPECT_EQ(layout(Collective::reduce_scatter).receive, 62);
  EXPECT_EQ(layout(Collective::all_to_all).block, 62);
  for (const auto collective : {Collective::all_gather, Collective::reduce_scatter, Collective::all_to_all}) {
    EXPECT_EQ(layout(collective).message(), Bytes(992)) << name(collective);
  }
}

TEST(Layout, NeverRoundsToNothing) {
  EXPECT_EQ(make_layout(Collective::all_reduce, Bytes(0), DataType::fp32, 4).message(), Bytes(4));
  EXPECT_EQ(make_layout(Collective::all_gather, Bytes(15), DataType::fp32, 4).message(), Bytes(16));
  EXPECT_EQ(make_layout(Collective::all_to_all, Bytes(3), DataType::fp4, 4).message(), Bytes(4));
}

TEST(Layout, RefusesWhatIsNoSizeAndWhatNobodyAdds) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_THROW(make_layout(Collective::all_gather, Bytes(-1), DataType::fp32, 4), CommError);
  EXPECT_THROW(make_layout(Collective::all_gather, Bytes(kInfinity), DataType::fp32, 4), CommError);
  EXPECT_THROW(make_layout(Collective::all_reduce, Bytes(64), DataType::fp4, 4), CommError);
  EXPECT_NO_THROW(make_layout(Collective::all_gather, Bytes(64), DataType::fp4, 4));
}

}  // namespace
}  // namespace traincast
