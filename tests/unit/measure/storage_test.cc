#include "host/measure/storage.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "host/base/errors.h"
#include "tests/fakes/fake_cluster.h"
#include "tests/fakes/fake_machine.h"
#include "tests/unit/config/temporary.h"

namespace traincast {
namespace {

TEST(Storage, EveryRankWritesAndLeavesNothing) {
  const TemporaryFolder folder;
  FakeCluster cluster(3, 2);
  std::vector<StorageRow> rows(3);
  cluster.run([&](Session& session) {
    // Each reading of the clock is a second later.
    FakeClock clock;
    Watch watch;
    const auto now = [&clock] {
      clock.advance(Seconds(1));
      return clock.now();
    };
    rows[static_cast<std::size_t>(session.rank())] =
        measure_storage(session, folder.path(), Bytes(1e6), 2, now, watch);
  });
  EXPECT_EQ(rows[0].timing.skipped, "");
  EXPECT_EQ(rows[0].writers, 3);
  EXPECT_EQ(rows[0].nodes, 2);
  EXPECT_EQ(rows[0].timing.samples_s, (std::vector<double>{1, 1}));
  EXPECT_EQ(rows[0].node_byte_per_s, (std::vector<double>{2e6, 1e6}));
  EXPECT_EQ(aggregate_rate(rows[0]), Bandwidth(3e6));
  EXPECT_EQ(rows[2].node_byte_per_s, rows[0].node_byte_per_s);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

// Whoever watches for hangs hears of each try: before it is written, before it is flushed, and when it is
// done.
TEST(Storage, SaysThatItGoesOn) {
  struct Heard : Watch {
    void step(bool own) override { steps += own ? 'o' : '-'; }
    std::string steps;
  };
  const TemporaryFolder folder;
  FakeCluster cluster(1);
  Heard heard;
  cluster.run(
      [&](Session& session) { measure_storage(session, folder.path(), Bytes(1000), 2, steady_now, heard); });
  EXPECT_EQ(heard.steps, "oo-oo-");
}

TEST(Storage, AFolderThatGoesAwayIsARowWithTheReason) {
  const TemporaryFolder folder;
  FakeCluster cluster(2);
  std::vector<StorageRow> rows(2);
  cluster.run([&](Session& session) {
    const auto rank = static_cast<std::size_t>(session.rank());
    Watch watch;
    const std::filesystem::path where = rank == 1 ? folder.path() / "not-there" : folder.path();
    rows[rank] = measure_storage(session, where, Bytes(1000), 1, steady_now, watch);
  });
  EXPECT_EQ(rows[0].timing.skipped, rows[1].timing.skipped);
  EXPECT_EQ(rows[0].timing.skipped.find("rank 1 on fakehost: cannot write "), 0u) << rows[0].timing.skipped;
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

std::string refusal(const std::filesystem::path& folder, Bytes file) {
  try {
    check_storage(folder, file, 2);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(Storage, IsRefusedBeforeItBegins) {
  const TemporaryFolder folder;
  EXPECT_EQ(refusal(folder.path(), Bytes(1000)), "");
  EXPECT_NE(refusal(folder.path() / "no", Bytes(1000)).find("it is not a folder"), std::string::npos);
  EXPECT_NE(refusal(folder.path(), Bytes(1e18)).find("2 ranks need "), std::string::npos)
      << refusal(folder.path(), Bytes(1e18));
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace traincast
