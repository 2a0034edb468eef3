// Shipped runs under supplies, dates and mixed fleets.
#include <gtest/gtest.h>

#include <cmath>

#include "host/calibrate/forecast.h"
#include "host/calibrate/run_phases.h"
#include "host/config/load.h"
#include "host/report/estimate_report.h"

namespace traincast {
namespace {

class FleetForecastTest : public testing::Test {
 protected:
  traincast::Run run(const std::string& name) const { return load_run(store, name); }
  ConfigStore store{TRAINCAST_TEST_CONFIGS};
  Calibrator calibrator{store};
};

TEST_F(FleetForecastTest, ASupplyThatSufficesChangesNothing) {
  traincast::Run free = run("grok-3-central-100k");
  traincast::Run fed = free;
  fed.cluster.power.supply = Watts(130e6);
  const Forecast a = forecast(calibrator, free);
  const Forecast b = forecast(calibrator, fed);
  EXPECT_EQ(a.estimate.expected, b.estimate.expected);
  EXPECT_EQ(a.step.time, b.step.time);
  EXPECT_EQ(a.estimate.energy, b.estimate.energy);
  EXPECT_EQ(b.phases[0].bound, Limit::plan);
}

// 43 MW: 33,617 H100 at full clock, 32 replicas of 1,024; or all of them slower.
TEST_F(FleetForecastTest, AHigherCapNeverMakesARunSlower) {
  for (const CapBy cap : {CapBy::gpus, CapBy::clocks}) {
    double before = INFINITY;
    for (const double megawatts : {20.0, 43.0, 60.0, 85.0, 100.0, 110.0, 120.0, 124.0, 126.0, 150.0}) {
      traincast::Run capped = run("grok-3-central-100k");
      capped.cluster.power.supply = Watts(megawatts * 1e6);
      capped.cluster.power.cap_by = cap;
      const Forecast f = forecast(calibrator, capped);
      ASSERT_EQ(f.infeasible, "") << megawatts;
      EXPECT_LE(f.estimate.ideal.value(), before) << name(cap) << " " << megawatts;
      EXPECT_LE(f.estimate.power.value(), megawatts * 1e6);
      before = f.estimate.ideal.value();
    }
  }
}

TEST_F(FleetForecastTest, FewerGpusKeepTheBatch) {
  traincast::Run capped = run("grok-3-central-100k");
  capped.cluster.power.supply = Watts(43e6);
  const Forecast f = forecast(calibrator, capped);
  const RunPhase& phase = f.phases.front();
  EXPECT_EQ(phase.fed, 33617);
  EXPECT_EQ(phase.replicas, 32);
  EXPECT_EQ(phase.gpus, 32768);
  EXPECT_EQ(phase.bound, Limit::supply);
  EXPECT_EQ(f.step.micro_batches, 192);  // 6,144 / 32
  EXPECT_EQ(f.estimate.steps, forecast(calibrator, run("grok-3-central-100k")).estimate.steps);
  // The same as the shipped run of that size, whose rank numbers and batch are the same.
  EXPECT_NEAR(f.step.time / forecast(calibrator, run("grok-3-central-memphis-2024-07")).step.time, 1, 1e-9);
}

TEST_F(FleetForecastTest, LowerClocksKeepTheGpus) {
  traincast::Run capped = run("grok-3-central-100k");
  capped.cluster.power.supply = Watts(100e6);
  capped.cluster.power.cap_by = CapBy::clocks;
  const Forecast slow = forecast(calibrator, capped);
  const Forecast full = forecast(calibrator, run("grok-3-central-100k"));
  const RunPhase& phase = slow.phases.front();
  EXPECT_EQ(phase.gpus, 98304);
  EXPECT_EQ(phase.bound, Limit::clocks);
  // 1.1 x 1.2 x 98,304 x (969 - 450 (1 - f^3)) = 100e6.
  EXPECT_NEAR(phase.clock, std::cbrt(1 - (969 - 100e6 / (1.32 * 98304)) / 450), 1e-9);
  // Arithmetic takes 1 / f as long; memory-bound kernels and communication do not.
  EXPECT_GT(slow.step.time, full.step.time);
  EXPECT_LT(slow.step.time.value(), full.step.time.value() / phase.clock);
  // (gradients are accumulated within the GEMM part, by memory).
  const double gemms = slow.step.parts[Part::gemm] / full.step.parts[Part::gemm];
  EXPECT_LT(gemms, 1 / phase.clock);
  EXPECT_GT(gemms, 0.95 / phase.clock);
  EXPECT_DOUBLE_EQ(slow.step.parts[Part::tensor_comm], full.step.parts[Part::tensor_comm]);
  // Whole GPUs off save less time at the same power.
  capped.cluster.power.cap_by = CapBy::gpus;
  EXPECT_GT(forecast(calibrator, capped).step.time, slow.step.time);
}

TEST_F(FleetForecastTest, NoReplicaFed) {
  traincast::Run dark = run("grok-3-central-100k");
  dark.cluster.power.supply = Watts(0.5e6);
  for (const CapBy cap : {CapBy::gpus, CapBy::clocks}) {
    dark.cluster.power.cap_by = cap;
    EXPECT_TRUE(forecast(calibrator, dark)
                    .infeasible.starts_with("never finishes: useful work per hour is 0, with 100.0 % of the "
                                            "tokens to go: the supply of 500 kW "
                                            "feeds "));
  }
  dark.cluster.power.cap_by = CapBy::gpus;
  EXPECT_TRUE(forecast(calibrator, dark)
                  .infeasible.ends_with("feeds 390 GPUs, and one replica of the plan needs 1024"));
}

TEST_F(FleetForecastTest, UnevenSharesOfABatchTakeAsLongAsTheLargest) {
  const traincast::Run central = run("grok-3-central-100k");
  // 6,144 sequences: 70 replicas would do 88 each, as do 6,144 / 88 = 69.8; 71 do 87.
  EXPECT_EQ(resized_plan(central, 70).data_parallel, 70);
  EXPECT_EQ(resized_plan(central, 95).data_parallel, 95);    // 65 each
  EXPECT_EQ(resized_plan(central, 94).data_parallel, 94);    // 66
  EXPECT_EQ(resized_plan(central, 63).data_parallel, 63);    // 98
  EXPECT_EQ(resized_plan(central, 5000).data_parallel, 96);  // the plan's
  EXPECT_EQ(resized_plan(central, 0).data_parallel, 0);
  // DeepSeek-V3: experts over 64 ranks of data parallelism; 2,048 = 16 x 128.
  const traincast::Run deepseek = run("deepseek-v3-2k");
  EXPECT_EQ(resized_plan(deepseek, 127).data_parallel, 64);
  EXPECT_EQ(resized_plan(deepseek, 63).data_parallel, 0);
}

TEST_F(FleetForecastTest, TheFewestReplicasForTheSameShare) {
  traincast::Run llama = run("llama-3.1-405b-16k");        // 2,048 sequences on 128 replicas
  EXPECT_EQ(resized_plan(llama, 127).data_parallel, 121);  // 17 each: 2,048 / 17 = 120.5
  EXPECT_EQ(resized_plan(llama, 110).data_parallel, 108);  // 19 each
  EXPECT_EQ(resized_plan(llama, 89).data_parallel, 86);    // 24 each: 23 on 89 leave one over
}

TEST_F(FleetForecastTest, ColossusByDate) {
  const Forecast f = forecast(calibrator, run("grok-3-colossus-timeline"));
  ASSERT_EQ(f.infeasible, "");
  ASSERT_EQ(f.phases.size(), 7U);
  EXPECT_EQ(to_string(*f.phases[0].from), "2024-07-22");
  EXPECT_EQ(f.phases[0].supply->value(), 43e6);
  EXPECT_EQ(f.phases[0].gpus, 24576);  // 24 replicas of the 25,000 that are there
  EXPECT_EQ(f.phases[0].bound, Limit::gpus);
  EXPECT_EQ(to_string(*f.phases[3].from), "2024-09-02");
  EXPECT_EQ(f.phases[3].supply->value(), 150e6);
  EXPECT_EQ(f.phases[3].gpus, 98304);
  EXPECT_NEAR(f.phases[3].demand.value(), 1279.08 * 100000, 1);
  EXPECT_EQ(to_string(*f.phases[4].from), "2025-02-17");
  EXPECT_EQ(f.phases[4].gpus, 196608);
  double steps = 0;
  Joules energy;
  for (const RunPhase& phase : f.phases) {
    steps += phase.steps;
    for (const Joules part : phase.energy) energy += part;
  }
  EXPECT_NEAR(steps / f.estimate.steps, 1, 1e-12);
  EXPECT_NEAR(energy / f.estimate.energy, 1, 1e-12);
  // The 100k phase is the shipped 100k run's step; the whole takes longer than that run alone would.
  const Forecast all = forecast(calibrator, run("grok-3-central-100k"));
  EXPECT_NEAR(f.phases[3].step.time / all.step.time, 1, 1e-9);
  EXPECT_GT(f.estimate.ideal, all.estimate.ideal);
  EXPECT_LT(f.estimate.co2.value() / (f.estimate.energy.value() / 3.6e6), 0.51);
  EXPECT_GT(f.estimate.co2.value() / (f.estimate.energy.value() / 3.6e6), 0.2835);
}

TEST_F(FleetForecastTest, MoreGpusEarlierNeverEndLater) {
  traincast::Run late = run("grok-3-colossus-timeline");
  traincast::Run early = late;
  early.cluster.timeline->installed[1].from.day -= 20;
  EXPECT_LT(forecast(calibrator, early).estimate.expected, forecast(calibrator, late).estimate.expected);
}

TEST_F(FleetForecastTest, UnequalWorkOnAFinerBatch) {
  traincast::Run mixed = run("grok-3-central-200k");
  mixed.plan.global_batch *= 8;  // 256 micro-batches a pipeline: some can be moved
  const Forecast equal = forecast(calibrator, mixed);
  mixed.plan.unequal_work = true;
  const Forecast unequal = forecast(calibrator, mixed);
  ASSERT_EQ(equal.choices.size(), 2U);
  EXPECT_EQ(equal.step.time, equal.choices[0].step);
  EXPECT_EQ(unequal.step.time, equal.choices[1].step);
  EXPECT_TRUE(equal.choices[0].chosen);
  EXPECT_TRUE(unequal.choices[1].chosen);
  EXPECT_LT(unequal.step.time, equal.step.time);
  // Equal work: as long as the slowest fleet alone.
  Seconds slowest;
  for (const FleetUse& fleet : equal.choices[0].fleets) slowest = std::max(slowest, fleet.own_step);
  EXPECT_EQ(equal.step.time, slowest);
  const std::vector<FleetUse>& shares = equal.choices[1].fleets;
  EXPECT_GT(shares[1].micro_batches, shares[0].micro_batches);  // H200
  EXPECT_GE(shares[0].replicas * shares[0].micro_batches + shares[1].replicas * shares[1].micro_batches,
            192 * 256);
  EXPECT_LT(shares[1].idle(unequal.step.time), equal.choices[0].fleets[1].idle(equal.step.time));
  // Tokens of the whole batch over all GPUs, however it is shared.
  EXPECT_NEAR(unequal.step.tokens_per_gpu * unequal.step.time / Tokens(49152.0 * 8192 / 196608), 1, 1e-12);
}

// The report of a run by date has no figure that is not one.
TEST_F(FleetForecastTest, WhatEjectingTheSlowestNodesWouldGain) {
  std::vector<double> shares;
  for (const Ejection& row : forecast(calibrator, run("llama-3.1-405b-16k")).stragglers.ejections) {
    shares.push_back(row.share);
  }
  EXPECT_EQ(shares, (std::vector<double>{0, 0.001, 0.01}));
}

TEST_F(FleetForecastTest, TablesAreFinite) {
  for (const char* name : {"grok-3-colossus-timeline", "grok-3-central-200k", "llama-3-8b-one-node"}) {
    const Report report = estimate_report(forecast(calibrator, run(name)));
    for (const Table& table : report.tables) {
      for (const std::vector<Cell>& row : table.rows) {
        ASSERT_EQ(row.size(), table.columns.size()) << table.key;
        for (const Cell& cell : row) {
          if (const auto* number = std::get_if<double>(&cell.machine)) {
            EXPECT_TRUE(std::isfinite(*number)) << name << " " << table.key;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace traincast
