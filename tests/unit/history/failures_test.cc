#include "host/model/failures.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/base/errors.h"

namespace traincast {
namespace {

Cluster cluster(Reliability reliability) {
  Cluster out;
  out.fleets = {{"gpu", 1000}};
  out.storage.write = Bandwidth(1e9);
  out.storage.stall = Seconds(5);
  out.storage.asynchronous = true;
  out.reliability = std::move(reliability);
  return out;
}
Reliability by_phases() {
  Reliability out{.mtbf_per_gpu = Seconds(1e7), .by_phases = true};
  out.detect = Seconds(60);
  out.reschedule = Seconds(100);
  out.communicators = {.fixed = Seconds(10), .per_rank = Seconds(0.03), .per_rank_squared = Seconds(2e-5)};
  return out;
}
JobReliability job(const Cluster& c, double replicas = 1) {
  return job_reliability(c, 1000, replicas, Bytes(2e10), Seconds(1), Seconds(1e7));
}

TEST(Failures, RestartByPhasesGrowsWithTheRanks) {
  const Cluster c = cluster(by_phases());
  const RestartTime restart = restart_time(c, 1000, Bytes(2e10));
  EXPECT_NEAR(restart.initialise.value(), 60, 1e-9);  // 10 + 1,000 x 0.03 + 1,000^2 x 2e-5
  EXPECT_EQ(restart.reload, Seconds(20));
  EXPECT_EQ(restart.whole, Seconds(240));
  EXPECT_NEAR(restart_time(c, 4000, Bytes(2e10)).whole.value(), 60 + 100 + 450 + 20, 1e-9);
  Cluster whole = c;
  whole.reliability.by_phases = false;
  whole.reliability.restart = Seconds(77);
  EXPECT_EQ(restart_time(whole, 1000, Bytes(2e10)).whole, Seconds(77));
}

TEST(Failures, CheckpointsToStorageAndToPeers) {
  Cluster c = cluster(by_phases());
  Checkpointing found = checkpointing_of(c.storage, Bytes(2e10), 1000);
  EXPECT_EQ(found.stall, Seconds(5));
  EXPECT_EQ(found.durable, Seconds(20));
  c.storage.asynchronous = false;
  found = checkpointing_of(c.storage, Bytes(2e10), 1000);
  EXPECT_EQ(found.stall, Seconds(25));
  EXPECT_EQ(found.durable, Seconds(0));
  c.storage.read = Bandwidth(4e9);
  EXPECT_EQ(restart_time(c, 1000, Bytes(2e10)).reload, Seconds(5));
  c.storage.peers = Bandwidth(1e8);  // of each of 1,000 GPUs
  EXPECT_EQ(checkpointing_of(c.storage, Bytes(2e10), 1000).stall, Seconds(5.2));
  EXPECT_EQ(restart_time(c, 1000, Bytes(2e10)).reload, Seconds(0.2));
  EXPECT_GT(job(c).schedule.effective, job(cluster(by_phases())).schedule.effective);
}

// On 2,000 GPUs 2,000 x 0.02 s more to reschedule; to start 10 + 2,000 x 0.03 + 2,000^2 x 2e-5.
TEST(Failures, RestartGrowsWithRanksAndTheirPairs) {
  Reliability reliability = by_phases();
  reliability.reschedule_per_gpu = Seconds(0.02);
  const Cluster c = cluster(reliability);
  const RestartTime restart = restart_time(c, 2000, Bytes(2e10));
  EXPECT_EQ(restart.reschedule,
            restart_time(cluster(by_phases()), 2000, Bytes(2e10)).reschedule + Seconds(40));
  EXPECT_NEAR(restart.initialise.value(), 10 + 60 + 80, 1e-9);
  // The classes that histories and the closed form take have the same.
  const auto classes = interruption_classes(c, 2000, Bytes(2e10));
  ASSERT_EQ(classes.size(), 1U);
  EXPECT_NEAR(classes[0].restart.value(), restart.whole.value(), 1e-9);
}

TEST(Failures, CausesByTheirShares) {
  Reliability reliability = by_phases();
  reliability.causes = {{.name = "GPU", .share = 0.75, .takes_node = true},
                        {.name = "software", .share = 0.25},
                        {.name = "maintenance", .per_job = Frequency(1e-5), .planned = true}};
  const Cluster c = cluster(reliability);
  const JobReliability found = job(c);
  EXPECT_NEAR(found.mtbf.value(), 1 / (1e-4 + 1e-5), 1e-6);
  ASSERT_EQ(found.classes.size(), 2U);  // with nodes always at hand, hardware and software cost the same
  EXPECT_NEAR(found.classes[0].rate.value(), 1e-4, 1e-12);
  EXPECT_EQ(found.classes[0].restart, Seconds(240));
  EXPECT_TRUE(found.classes[1].planned);
  EXPECT_EQ(found.classes[1].restart, Seconds(240 - 60 + 25));  // not detected, but saved first
  reliability.spare_nodes = 4;
  EXPECT_EQ(job(cluster(reliability)).classes.size(), 3U);
}

TEST(Failures, ReplicasLoseLess) {
  Reliability reliability = by_phases();
  reliability.mtbf_per_gpu = Seconds(1e6);  // every 1,000 s
  const double whole = job(cluster(reliability), 8).schedule.effective;
  reliability.by_replica = true;
  reliability.regroup = Seconds(30);
  EXPECT_GT(job(cluster(reliability), 8).schedule.effective, whole + 0.1);
  EXPECT_EQ(job(cluster(reliability), 1).schedule.effective, whole);  // one replica is the whole job
}

TEST(Failures, RatesOfZeroAndRestartsLongerThanTheTimeBetween) {
  Reliability reliability = by_phases();
  reliability.mtbf_per_gpu = Seconds(0);
  const JobReliability never_fails = job(cluster(reliability));
  EXPECT_TRUE(never_fails.classes.empty());
  EXPECT_EQ(never_fails.mtbf, Seconds(0));
  EXPECT_GT(never_fails.schedule.effective, 0.99999);
  EXPECT_EQ(never_fails.schedule.restarting, 0);
  reliability.mtbf_per_gpu = Seconds(1.2e5);  // every 120 s, with a restart of 240 s: slow, yet it ends
  EXPECT_LT(job(cluster(reliability)).schedule.effective, 0.1);
  reliability.mtbf_per_gpu = Seconds(1e4);  // every 10 s
  try {
    job(cluster(reliability));
    ADD_FAILURE() << "a schedule where none is possible";
  } catch (const InfeasiblePlan& error) {
    EXPECT_EQ(std::string(error.what()).find("never finishes: useful work per hour is 0"), 0U)
        << error.what();
  }
}

}  // namespace
}  // namespace traincast
