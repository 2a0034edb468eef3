#include "mpi/hosts.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

TEST(Hosts, LocalRanksCountWithinAHostWhateverTheOrder) {
  const std::vector<std::string> hosts{"b", "a", "b", "a", "b", "c"};
  const int local_ranks[] = {0, 0, 1, 1, 2, 0};
  const int local_sizes[] = {3, 2, 3, 2, 3, 1};
  const int nodes[] = {0, 1, 0, 1, 0, 2};
  for (int rank = 0; rank < 6; ++rank) {
    const Placement place = placement(hosts, rank);
    EXPECT_EQ(place.local_rank, local_ranks[rank]) << rank;
    EXPECT_EQ(place.local_size, local_sizes[rank]) << rank;
    EXPECT_EQ(place.nodes, 3);
    EXPECT_EQ(place.node, nodes[rank]) << rank;
  }
}

TEST(Hosts, ASharedDeviceIsNamedWithBothRanks) {
  const std::vector<std::string> hosts{"n1", "n1", "n2", "n2"};
  EXPECT_EQ(shared_device(hosts, {"A", "B", "C", "D"}), "");
  const std::string text = shared_device(hosts, {"A", "B", "C", "C"});
  EXPECT_NE(text.find("ranks 2 and 3 on n2 would share C"), std::string::npos) << text;
}

}  // namespace
}  // namespace traincast
