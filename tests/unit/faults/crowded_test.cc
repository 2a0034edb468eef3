#include <gtest/gtest.h>

#include "host/measure/measure.h"
#include "tests/fakes/fake_cluster.h"
#include "tests/fakes/fake_machine.h"

namespace traincast {
namespace {

class FakeCpu final : public FakeBackend {
 public:
  using FakeBackend::FakeBackend;
  DeviceInfo info() const override {
    DeviceInfo info = FakeBackend::info();
    info.backend = "cpu";
    info.multiprocessors = 2;
    return info;
  }
};

Profile interference_of(int ranks) {
  FakeCluster cluster(ranks);
  std::vector<FakeClock> clocks(static_cast<std::size_t>(ranks));
  std::vector<Profile> profiles(static_cast<std::size_t>(ranks));
  cluster.run([&](Session& session) {
    const auto rank = static_cast<std::size_t>(session.rank());
    FakeCpu backend(clocks[rank], {});
    FakeCommunicator communicator(clocks[rank], session);
    MeasureOptions options;
    options.effort = Effort::quick;
    options.mode = Mode::burst;
    options.sections = {Section::interference};
    options.now = clocks[rank].reader();
    profiles[rank] = measure(backend, communicator, session, options, [](std::string_view) {}).profile;
  });
  return profiles[0];
}

TEST(Crowded, MessagesBesideAnOperationAreTimedWhereEveryRankHasACore) {
  const Profile profile = interference_of(2);
  ASSERT_EQ(profile.collectives.size(), static_cast<std::size_t>(kCollectives));
  EXPECT_EQ(profile.ops.size(), profile.collectives.size());
  for (const CollectiveRow& row : profile.collectives) EXPECT_EQ(row.timing.skipped, "");
}

TEST(Crowded, AreSkippedWithTheReasonWhereRanksShareCores) {
  const Profile profile = interference_of(3);
  EXPECT_TRUE(profile.ops.empty());
  ASSERT_EQ(profile.collectives.size(), static_cast<std::size_t>(kCollectives));
  for (const CollectiveRow& row : profile.collectives) {
    EXPECT_EQ(row.timing.skipped, "3 ranks of a host are more than its cores");
    EXPECT_NE(row.during, "");
  }
}

}  // namespace
}  // namespace traincast
