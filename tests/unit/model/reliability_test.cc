#include "host/model/reliability.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/base/errors.h"

namespace traincast {
namespace {

constexpr Seconds kHour{3600};
constexpr Seconds kForever{1e12};
constexpr Seconds kNothing{0};

double best(double mtbf_hours, double gpus, double stall, double restart_minutes) {
  return best_schedule(Seconds(stall), job_mtbf(mtbf_hours * kHour, gpus), Seconds(60 * restart_minutes),
                       kNothing, kForever)
      .effective;
}

TEST(Reliability, EffectiveFractionByHand) {
  // tau = M = 1 h, d = 0, R = 0: 1 / (e - 1).
  EXPECT_NEAR(effective_fraction(kHour, kNothing, kHour, kNothing), 1 / (std::exp(1.0) - 1), 1e-12);
  // R = M costs another factor e.
  EXPECT_NEAR(effective_fraction(kHour, kNothing, kHour, kHour), std::exp(-1.0) / (std::exp(1.0) - 1), 1e-12);
  // 600 s of work and 30 s of stall, interrupted every 6,000 s: 0.1 / (e^0.05 (e^0.105 - 1)).
  EXPECT_NEAR(effective_fraction(Seconds(600), Seconds(30), Seconds(6000), Seconds(300)),
              0.1 / (std::exp(0.05) * (std::exp(0.105) - 1)), 1e-12);
}

TEST(Reliability, FirstOrderWhereInterruptionsAreRare) {
  // 1 - d/tau - (tau/2 + R)/M, to second order of tau/M.
  const double exact = effective_fraction(Seconds(3600), Seconds(10), Seconds(3.6e6), Seconds(600));
  EXPECT_NEAR(exact, 1 - 10.0 / 3600 - (1800.0 + 600) / 3.6e6, 1e-5);
}

// Interruptions every 50,700 h a GPU (Llama 3, arXiv 2407.21783: 419 in 54 days on 16,384) and every 29,500 h
// (Meta's RSC-1, arXiv 2410.21680); the columns: stall 5 s and restart 3 min, 5 s and 10 min, 30 s and 10
// min.
TEST(Reliability, EffectiveTimeByScale) {
  struct Row {
    double gpus, mtbf_hours, fast, slow, stalling;
  };
  for (const Row& row : {Row{16384, 50700, .955, .919, .880}, Row{25000, 50700, .940, .887, .840},
                         Row{100000, 50700, .841, .668, .597}, Row{200000, 50700, .738, .466, .396},
                         Row{16384, 29500, .935, .876, .827}, Row{25000, 29500, .913, .827, .769},
                         Row{100000, 29500, .765, .515, .444}, Row{200000, 29500, .619, .281, .227}}) {
    EXPECT_NEAR(best(row.mtbf_hours, row.gpus, 5, 3), row.fast, 0.0011) << row.gpus;
    EXPECT_NEAR(best(row.mtbf_hours, row.gpus, 5, 10), row.slow, 0.0011) << row.gpus;
    EXPECT_NEAR(best(row.mtbf_hours, row.gpus, 30, 10), row.stalling, 0.0011) << row.gpus;
  }
}

TEST(Reliability, BestIntervalSolvesDerivativeAndApproachesYoung) {
  for (const double stall : {1e-3, 1.0, 60.0, 3600.0, 36000.0}) {
    const CheckpointSchedule found = best_schedule(Seconds(stall), kHour, Seconds(60), kNothing, kForever);
    const double tau = found.interval.value();
    EXPECT_NEAR(std::exp(-(tau + stall) / 3600), 1 - tau / 3600, 1e-6) << stall;
    for (const double other : {0.8, 0.99, 1.01, 1.2}) {
      EXPECT_GE(found.effective,
                effective_fraction(other * found.interval, Seconds(stall), kHour, Seconds(60)));
    }
  }
  const Seconds rare = best_schedule(Seconds(1), 1000 * kHour, Seconds(60), kNothing, kForever).interval;
  EXPECT_NEAR(rare / young_interval(Seconds(1), 1000 * kHour), 1, 2e-3);
}

TEST(Reliability, BoundsOfTheInterval) {
  EXPECT_EQ(best_schedule(Seconds(1), kHour, Seconds(60), Seconds(900), kForever).interval, Seconds(900));
  EXPECT_EQ(best_schedule(Seconds(1), kHour, Seconds(60), kNothing, Seconds(20)).interval, Seconds(20));
  EXPECT_NEAR(best_schedule(Seconds(1), kHour, Seconds(360), kNothing, kForever).restarting,
              1 - std::exp(-0.1), 1e-12);
}

TEST(Reliability, FallsWithScaleAndNeverLeavesTheUnitInterval) {
  double before = 1;
  for (double gpus = 1; gpus < 1e6; gpus *= 3) {
    const double now = best(50700, gpus, 5, 10);
    EXPECT_GT(now, 0);
    EXPECT_LT(now, before);
    before = now;
  }
}

TEST(Reliability, SaysThatItNeverFinishes) {
  for (const double restart : {600.0, 1e6, 1e300}) {
    try {
      best_schedule(Seconds(5), Seconds(10), Seconds(restart), kNothing, kForever);
      ADD_FAILURE() << "an estimate for a restart of " << restart << " s";
    } catch (const InfeasiblePlan& error) {
      EXPECT_EQ(std::string(error.what()).rfind("never finishes: ", 0), 0U) << error.what();
    }
  }
  EXPECT_EQ(effective_fraction(Seconds(1e9), Seconds(5), Seconds(1), Seconds(1)), 0);
}

}  // namespace
}  // namespace traincast
