#include "mpi/same_program.h"

#include <gtest/gtest.h>

#include "tests/fakes/fake_cluster.h"

namespace traincast {
namespace {

TEST(SameProgram, SaysNothingWhereAllRanksAgree) {
  FakeCluster cluster(3, 2);
  cluster.run([](Session& session) { EXPECT_EQ(other_program(session, "0.1.0 of commit a"), ""); });
}

TEST(SameProgram, NamesTheFirstOtherRankItsHostAndBothPrograms) {
  FakeCluster cluster(4, 2);
  cluster.run([](Session& session) {
    const std::string mine = session.rank() < 2 ? "0.1.0 of commit a" : "0.2.0 of commit b";
    EXPECT_EQ(
        other_program(session, mine),
        "rank 2 on fakehost1: runs traincast 0.2.0 of commit b, but rank 0 runs traincast 0.1.0 of commit "
        "a; start the same program on every host");
  });
}

TEST(SameProgram, ComparesTextsThatAreTooLong) {
  FakeCluster cluster(2);
  cluster.run([](Session& session) {
    const std::string longer(300, 'x');
    EXPECT_EQ(other_program(session, longer), "");
    EXPECT_NE(other_program(session, session.rank() == 0 ? longer : "short"), "");
  });
}

}  // namespace
}  // namespace traincast
