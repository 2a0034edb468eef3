#include "host/model/interruptions.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/model/reliability.h"

namespace traincast {
namespace {

InterruptionClass crash(double mtbf, double restart) {
  return {.rate = Frequency(1 / mtbf), .restart = Seconds(restart)};
}
Checkpointing every(double interval, double stall, double durable = 0) {
  return {Seconds(interval), Seconds(stall), Seconds(durable)};
}

TEST(Interruptions, OneKindOfCrashIsDalys) {
  for (const double mtbf : {300.0, 1825.0, 1e5}) {
    for (const double restart : {0.0, 180.0, 600.0}) {
      for (const double stall : {0.0, 5.0, 60.0}) {
        const InterruptionClass one = crash(mtbf, restart);
        EXPECT_NEAR(effective_fraction({&one, 1}, every(140, stall)),
                    effective_fraction(Seconds(140), Seconds(stall), Seconds(mtbf), Seconds(restart)), 1e-12);
      }
    }
  }
}

TEST(Interruptions, AWriteThatIsNotYetDurableIsLikeALongerRestart) {
  const InterruptionClass one = crash(1825, 180);
  const InterruptionClass longer = crash(1825, 240);
  EXPECT_NEAR(effective_fraction({&one, 1}, every(140, 5, 60)),
              effective_fraction({&longer, 1}, every(140, 5)), 1e-12);
}

// 10 replicas: all wait 180 s for each of two failures in 1e5 s, one is away for 820 s more, and what was
// found 600 s too late costs that and half an interval.
TEST(Interruptions, ReplicasAndSilentCorruptionByHand) {
  InterruptionClass silent = crash(2e5, 1000);
  silent.rollback = Seconds(600);
  const InterruptionClass classes[] = {crash(2e5, 1000), silent};
  const double expected = std::exp(-180 / 1e5) * 3600 / 3636 * std::exp(-820 / 1e5 / 10) - (600 + 1800) / 2e5;
  EXPECT_NEAR(replica_fraction(classes, every(3600, 36), {10, Seconds(180)}), expected, 1e-12);
}

TEST(Interruptions, EqualClassesAddUp) {
  const InterruptionClass parts[] = {crash(3000, 180), crash(6000, 180)};
  const InterruptionClass whole = crash(2000, 180);
  EXPECT_NEAR(effective_fraction(parts, every(140, 5)), effective_fraction({&whole, 1}, every(140, 5)),
              1e-12);
}

TEST(Interruptions, PlannedStopsLoseNoWork) {
  // With stalls of 0 the share is e^-R/M: only the restarts are lost.
  const InterruptionClass planned{.rate = Frequency(1 / 2000.0), .restart = Seconds(400), .planned = true};
  EXPECT_NEAR(effective_fraction({&planned, 1}, every(300, 0)), std::exp(-0.2), 1e-12);
}

TEST(Interruptions, CorruptionGoesBackByWholeIntervals) {
  // Found 600 s late with checkpoints of 300 s: what a crash loses, and two intervals more.
  InterruptionClass late = crash(5000, 100);
  const double crashes = effective_fraction({&late, 1}, every(300, 0));
  late.rollback = Seconds(600);
  EXPECT_NEAR(effective_fraction({&late, 1}, every(300, 0)), crashes - 600.0 / 5000, 1e-12);
  late.rollback = Seconds(1e9);
  EXPECT_EQ(effective_fraction({&late, 1}, every(300, 0)), 0);
}

TEST(Interruptions, NoneAtAll) {
  EXPECT_NEAR(effective_fraction({}, every(95, 5)), 0.95, 1e-12);
  EXPECT_NEAR(replica_fraction({}, every(95, 5), {8, Seconds(60)}), 0.95, 1e-12);
  EXPECT_EQ(best_interval({}, every(0, 5), Seconds(4), Seconds(1e6)), Seconds(1e6));
}

TEST(Interruptions, BestIntervalIsDalysAndNoOtherIsBetter) {
  for (const double mtbf : {400.0, 1825.0, 50000.0}) {
    const InterruptionClass one = crash(mtbf, 300);
    const Seconds found = best_interval({&one, 1}, every(0, 5), Seconds(1e-3), Seconds(1e8));
    const Seconds daly =
        best_schedule(Seconds(5), Seconds(mtbf), Seconds(300), Seconds(1e-3), Seconds(1e8)).interval;
    EXPECT_NEAR(found / daly, 1, 1e-6);
  }
  const InterruptionClass mixed[] = {
      crash(1800, 300), {.rate = Frequency(1 / 9000.0), .restart = Seconds(60), .planned = true}};
  const Seconds best = best_interval(mixed, every(0, 5, 20), Seconds(1), Seconds(1e6));
  const auto share = [&](Seconds interval) {
    return effective_fraction(mixed, {interval, Seconds(5), Seconds(20)});
  };
  for (const double factor : {0.7, 0.95, 1.05, 1.4}) EXPECT_GE(share(best), share(factor * best)) << factor;
}

TEST(Interruptions, ReplicasByHand) {
  // Struck every 2,000 s; all wait 100 s; the replica, one of 10, is away 600 s: e^-0.05 e^-(500/20,000).
  const InterruptionClass one = crash(2000, 600);
  EXPECT_NEAR(replica_fraction({&one, 1}, every(100, 0), {10, Seconds(100)}),
              std::exp(-0.05) * std::exp(-0.025), 1e-12);
}

TEST(Interruptions, NeverNotANumber) {
  for (const double mtbf : {1e-300, 1.0, 1e300}) {
    for (const double restart : {0.0, 1e300}) {
      for (const double interval : {1e-300, 1.0, 1e300}) {
        const InterruptionClass one = crash(mtbf, restart);
        const double share = effective_fraction({&one, 1}, every(interval, 5));
        EXPECT_GE(share, 0);
        EXPECT_LE(share, 1);
      }
    }
  }
}

}  // namespace
}  // namespace traincast
