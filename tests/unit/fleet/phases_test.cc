#include "host/model/phases.h"

#include <gtest/gtest.h>

#include <vector>

#include "host/base/errors.h"
#include "tests/golden/forecasts.h"

namespace traincast {
namespace {

// The run of 953,675 steps, on half of its GPUs for ten days and then on all.
class PhasesTest : public testing::Test {
 protected:
  PhasesTest() {
    const FleetGpus all{&gpu, 1024};
    RunPhase full = whole_run(run, hand_step(), {&all, 1});
    const FleetGpus some{&gpu, 512};
    StepEstimate slow = hand_step();
    slow.time = Seconds(8);
    RunPhase half = whole_run(run, slow, {&some, 1});
    half.gpus = 512;
    half.replicas = 32;
    half.limit = Seconds(10 * kSecondsPerDay);
    half.from = Date{100};
    full.from = Date{110};
    phases = {half, full};
  }
  Gpu gpu = hand_gpu();
  traincast::Run run = hand_run();
  std::vector<RunPhase> phases;
};

TEST_F(PhasesTest, StepsAddUpAndThePhasesFollowOneAnother) {
  const RunEstimate e = run_phases(run, phases);
  EXPECT_DOUBLE_EQ(phases[0].length.value(), 864000);
  EXPECT_NEAR(phases[0].steps, 864000 * phases[0].schedule.effective / 8, 1e-6);
  EXPECT_NEAR(phases[0].steps + phases[1].steps, 953675, 1e-6);
  EXPECT_DOUBLE_EQ(phases[0].mtbf.value(), 100 * 3600.0);  // 51,200 h over 512
  // More GPUs: one restart of 360 s, then steps at the second phase's pace.
  EXPECT_EQ(phases[1].resizes, 1);
  EXPECT_NEAR(phases[1].length.value(), 360 + phases[1].steps * 4 / phases[1].schedule.effective, 1e-3);
  EXPECT_NEAR(e.expected.value(), (phases[0].length + phases[1].length).value(), 1e-6);
  EXPECT_NEAR(e.ideal.value(), 8 * phases[0].steps + 4 * phases[1].steps, 1e-6);
  EXPECT_NEAR(e.gpu_hours, (512 * phases[0].length.value() + 1024 * phases[1].length.value()) / 3600, 1e-6);
  EXPECT_EQ(main_phase(phases), 1U);
  EXPECT_DOUBLE_EQ(e.mtbf.value(), phases[1].mtbf.value());
}

TEST_F(PhasesTest, EnergyAddsUpOverPhasesActivitiesAndSources) {
  PowerSource small{
      .name = "small", .from = {}, .until = {}, .power = Watts(1e5), .co2 = EmissionRate(1 / 3.6e6)};
  small.nox = EmissionRate(1e-3 / 3.6e6);
  small.price = EnergyPrice(0.01 / 3.6e6);
  phases[1].sources = {small};
  const RunEstimate e = run_phases(run, phases);
  Joules activities;
  Joules sources;
  Kilograms co2;
  Dollars cost;
  for (const RunPhase& phase : phases) {
    Seconds time;
    for (std::size_t i = 0; i < kActivities; ++i) {
      activities += phase.energy[i];
      time += phase.time[i];
    }
    EXPECT_NEAR(time.value(), phase.length.value(), 1e-3);
    for (const SourceUse& use : phase.used) {
      sources += use.energy;
      co2 += use.co2;
      cost += use.cost;
    }
  }
  EXPECT_NEAR(activities / e.energy, 1, 1e-12);
  EXPECT_NEAR(sources / e.energy, 1, 1e-12);
  EXPECT_NEAR(co2 / e.co2, 1, 1e-12);
  EXPECT_NEAR(cost / e.electricity, 1, 1e-12);
  EXPECT_NEAR(e.mean_power.value(), e.energy / e.expected / Watts(1), 1e-3);
  EXPECT_FALSE(e.nox);  // the grid states none
  ASSERT_EQ(phases[1].used.size(), 2U);
  EXPECT_NEAR(phases[1].used[0].energy.value(), 1e5 * phases[1].length.value(), 1);
}

TEST_F(PhasesTest, TheFirstSourceIsUsedFirst) {
  Cluster cluster = run.cluster;
  const std::vector<PowerSource> sources = {{.name = "a", .from = {}, .until = {}, .power = Watts(100)},
                                            {.name = "b",
                                             .from = {},
                                             .until = {},
                                             .power = Watts(50),
                                             .co2 = EmissionRate(2),
                                             .nox = EmissionRate(3)},
                                            {.name = "c", .from = {}, .until = {}, .power = Watts(50)}};
  const std::vector<SourceUse> used = drawn(cluster, sources, Watts(120), Seconds(10));
  ASSERT_EQ(used.size(), 2U);
  EXPECT_DOUBLE_EQ(used[0].energy.value(), 1000);
  EXPECT_DOUBLE_EQ(used[1].energy.value(), 200);
  EXPECT_DOUBLE_EQ(used[1].co2.value(), 400);
  EXPECT_DOUBLE_EQ(used[1].nox->value(), 600);
  EXPECT_DOUBLE_EQ(used[1].cost.value(), 200 * cluster.power.price.value());
  const std::vector<SourceUse> more = drawn(cluster, sources, Watts(230), Seconds(1));
  ASSERT_EQ(more.size(), 4U);
  EXPECT_EQ(more[3].name, "grid");
  EXPECT_DOUBLE_EQ(more[3].energy.value(), 30);
}

TEST_F(PhasesTest, APhaseWithoutGpusPassesAndCostsNothing) {
  RunPhase idle;
  idle.from = Date{90};
  idle.limit = Seconds(10 * kSecondsPerDay);
  idle.waits = "the supply of 0 W feeds 0 GPUs";
  const RunEstimate without = run_phases(run, phases);
  std::vector<RunPhase> later = {idle, phases[0], phases[1]};
  const RunEstimate with = run_phases(run, later);
  EXPECT_NEAR((with.expected - without.expected).value(), 864000, 1e-3);
  EXPECT_NEAR(with.energy / without.energy, 1, 1e-12);
  EXPECT_NEAR(with.rent / without.rent, 1, 1e-12);
  EXPECT_LT(with.goodput(), without.goodput());
  EXPECT_EQ(later[1].resizes, 0);  // its first start
}

TEST_F(PhasesTest, NeverFinishesWhereTheLastPhaseTrainsNothing) {
  RunPhase idle;
  idle.from = Date{19962};
  idle.waits = "the supply of 1.00 MW feeds 781 GPUs, and one replica of the plan needs 1024";
  std::vector<RunPhase> stuck = {phases[0], idle};
  try {
    run_phases(run, stuck);
    FAIL();
  } catch (const InfeasiblePlan& reason) {
    EXPECT_STREQ(reason.what(),
                 "never finishes: useful work per hour is 0 from 2024-08-27 on, with 88.8 % of the tokens to "
                 "go: the supply of 1.00 MW feeds 781 GPUs, and one replica of the plan needs 1024");
  }
  // The day on which it stopped, not the last on which something changed.
  RunPhase later = idle;
  later.from = Date{20000};
  idle.limit = Seconds(38 * kSecondsPerDay);
  stuck = {phases[0], idle, later};
  try {
    run_phases(run, stuck);
    FAIL();
  } catch (const InfeasiblePlan& reason) {
    EXPECT_NE(std::string(reason.what()).find("is 0 from 2024-08-27 on"), std::string::npos) << reason.what();
  }
}

TEST_F(PhasesTest, TheSameTwice) {
  const RunEstimate once = run_phases(run, phases);
  const RunEstimate twice = run_phases(run, phases);
  EXPECT_EQ(once.energy, twice.energy);
  EXPECT_EQ(once.expected, twice.expected);
  EXPECT_EQ(phases[0].used.size(), 1U);
}

TEST_F(PhasesTest, PhasesAfterTheEndAreLeftAlone) {
  phases[0].limit.reset();
  std::vector<RunPhase> early = {phases[0], phases[1]};
  run_phases(run, early);
  EXPECT_TRUE(early[0].in_run());
  EXPECT_FALSE(early[1].in_run());
  EXPECT_EQ(early[1].steps, 0);
}

}  // namespace
}  // namespace traincast
