// A forecast by date with round numbers, made by hand: two kinds of GPU, a supply that is short at first.
#pragma once

#include "tests/golden/forecasts.h"

namespace traincast {

// Energies of `power` over the days of each activity; the grid gives the first 500 kW, gas the rest.
inline void hand_activities(RunPhase& phase, double steps_days, double stall_days, double restart_days) {
  const double days[] = {steps_days, stall_days, restart_days, 0};
  Joules all;
  for (std::size_t i = 0; i < kActivities; ++i) {
    phase.time[i] = Seconds(days[i] * kSecondsPerDay);
    phase.energy[i] = phase.power * power_share(static_cast<Activity>(i)) * phase.time[i];
    all += phase.energy[i];
    phase.length += phase.time[i];
  }
  phase.used = {{"grid", 0.5 * all, Kilograms(1e4), std::nullopt, Dollars(2e4)},
                {"gas engines", 0.5 * all, Kilograms(2e4), Kilograms(500), Dollars(1e4)}};
}

inline FleetUse hand_use(const char* gpu, std::int64_t gpus, std::int64_t micro_batches, double seconds) {
  FleetUse use;
  use.gpu = gpu;
  use.gpus = gpus;
  use.replicas = gpus / 16;
  use.micro_batches = micro_batches;
  use.own_step = Seconds(seconds);
  return use;
}

inline std::vector<RunPhase> hand_phases() {
  const Date start = *parse_date("2024-07-22");
  RunPhase dark;
  dark.from = start;
  dark.supply = Watts(1e4);
  dark.installed = 512;
  dark.fed = 7;
  dark.demand = Watts(6.7e5);
  dark.bound = Limit::supply;
  dark.waits = "the supply of 10.0 kW feeds 7 GPUs, and one replica of the plan needs 16";
  dark.length = Seconds(10 * kSecondsPerDay);
  dark.time[3] = dark.length;
  RunPhase half;
  half.from = Date{start.day + 10};
  half.supply = Watts(6e5);
  half.sources = {{.name = "grid", .from = start, .until = {}, .power = Watts(5e5)},
                  {.name = "gas engines", .from = start, .until = {}, .power = Watts(1e5)}};
  half.installed = 512;
  half.fed = 454;
  half.replicas = 28;
  half.gpus = 448;
  half.bound = Limit::supply;
  half.demand = Watts(6.7e5);
  half.power = Watts(5.9e5);
  half.step = hand_step();
  half.step.time = Seconds(9);
  half.steps = 286102.5;
  hand_activities(half, 30, 1, 1);
  RunPhase full = half;
  full.from = Date{start.day + 42};
  full.supply = Watts(1.2e6);
  full.installed = full.fed = 1024;
  full.replicas = 64;
  full.gpus = 1024;
  full.bound = Limit::clocks;
  full.clock = 0.9;
  full.demand = Watts(1.35e6);
  full.power = Watts(1.2e6);
  full.step.time = Seconds(4.5);
  full.steps = 667572.5;
  full.length = Seconds(0);
  hand_activities(full, 36, 0.5, 2);
  RunPhase after = full;
  after.from = Date{start.day + 100};
  after.length = Seconds(0);
  after.steps = 0;
  after.time = {};
  after.energy = {};
  after.used.clear();
  return {dark, half, full, after};
}

inline Forecast hand_site_forecast(const Gpu& gpu) {
  Forecast f = hand_forecast(gpu);
  f.run.start = parse_date("2024-07-22");
  f.run.cluster.fleets = {{"test-gpu", 768}, {"fast-gpu", 256}};
  f.run.cluster.power.cap_by = CapBy::clocks;
  f.phases = hand_phases();
  f.estimate.expected = Seconds(0);
  f.estimate.energy = Joules(0);
  for (const RunPhase& phase : f.phases) {
    f.estimate.expected += phase.length;
    for (const Joules energy : phase.energy) f.estimate.energy += energy;
    add_up(f.sources, phase.used);
  }
  f.feeds = {
      {Watts(1e4), 7, 0.5, 11, 0}, {Watts(6e5), 454, 0.5, 717, 0}, {Watts(1.2e6), 909, 0.5, 1435, 0.9}};
  f.choices = {{.unequal = false,
                .chosen = true,
                .step = Seconds(4),
                .tokens = TokenRate(262144),
                .fleets = {hand_use("test-gpu", 768, 8, 4), hand_use("fast-gpu", 256, 8, 3)}},
               {.unequal = true,
                .chosen = false,
                .step = Seconds(3.75),
                .tokens = TokenRate(279620),
                .fleets = {hand_use("test-gpu", 768, 7, 3.5), hand_use("fast-gpu", 256, 10, 3.75)}}};
  f.stragglers.spread = 0.015;
  f.stragglers.slowest = 0.048;
  f.stragglers.measured = true;
  f.stragglers.spread_from = {Origin::measured, "this machine"};
  f.stragglers.jitter = 0.02;
  f.stragglers.jitter_slowest = 0.009;
  f.stragglers.nodes = 128;
  f.stragglers.slow_nodes = SlowNodes{0.01, 0.1, {Origin::published, "a paper"}};
  f.stragglers.ejections = {{0, 0, 0.12, Seconds(4.3), 1, 1}, {0.01, 1, 0.05, Seconds(4), 1.075, 1.0666}};
  return f;
}

}  // namespace traincast
