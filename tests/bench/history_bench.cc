// How many histories of a run of about 100 days on 100,000 GPUs, each with some 4,700 interruptions, a core
// simulates in a second, and the ratio to a plain simulation that goes from checkpoint to checkpoint with the
// standard library's generator, in the same process. CPU time, so that other work on the machine counts less.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <random>

#include "host/model/history.h"

namespace traincast {
namespace {

constexpr double kMtbf = 50700 * kSecondsPerHour / 100000;
constexpr double kRestart = 180;
constexpr double kStall = 5;
constexpr double kInterval = 132;
constexpr double kWork = 84 * kSecondsPerDay;

HistoryInputs inputs() {
  HistoryInputs in;
  in.work = {Tokens(kWork)};
  in.phases = {{.gpus = 100000,
                .speed = {TokenRate(1)},
                .power = Watts(1.3e8),
                .idle_power = Watts(4e7),
                .checkpoint_interval = Seconds(kInterval)}};
  in.causes = {{.rate_per_gpu = Frequency(1 / (50700 * kSecondsPerHour)), .restart = Seconds(kRestart)}};
  in.checkpoint_stall = Seconds(kStall);
  return in;
}

// The causes of Llama 3: planned stops beside crashes, and nodes that go to repair.
HistoryInputs inputs_by_cause() {
  HistoryInputs in = inputs();
  HistoryCause planned{
      .rate_per_job = Frequency(47 / (54 * kSecondsPerDay)), .restart = Seconds(300), .planned = true};
  in.causes.push_back(planned);
  in.causes[0].takes_node = true;
  in.spare_nodes = 400;
  in.repair = Seconds(3 * kSecondsPerDay);
  return in;
}

// Every checkpoint is an event.
double plain_history(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::exponential_distribution<double> gap(1 / kMtbf);
  double now = 0;
  double done = 0;
  double next = gap(random);
  while (done < kWork) {
    const double work = std::min(kInterval, kWork - done);
    const double end = now + work + (done + work < kWork ? kStall : 0);
    if (end <= next) {
      now = end;
      done += work;
      continue;
    }
    now = next;
    next = now + gap(random);
    while (now + kRestart > next) {
      now = next;
      next = now + gap(random);
    }
    now += kRestart;
  }
  return now;
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void histories(benchmark::State& state, const HistoryInputs& in) {
  const HistoryModel model(in);
  std::uint64_t index = 0;
  double events = 0;
  for (auto _ : state) events += model.simulate(1, index++).interruptions;
  state.counters["histories/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.counters["interruptions/s"] = benchmark::Counter(events, benchmark::Counter::kIsRate);
}

void one_kind(benchmark::State& state) {
  histories(state, inputs());
}
void by_cause(benchmark::State& state) {
  histories(state, inputs_by_cause());
}
void from_checkpoint_to_checkpoint(benchmark::State& state) {
  std::uint64_t seed = 0;
  for (auto _ : state) benchmark::DoNotOptimize(plain_history(seed++));
  state.counters["histories/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

// Both in turn, so that a busy machine slows both.
void ratio_to_plain(benchmark::State& state) {
  const HistoryModel model(inputs());
  double fast = 0;
  double plain = 0;
  std::uint64_t index = 0;
  for (auto _ : state) {
    double before = cpu_seconds();
    for (int i = 0; i < 100; ++i) benchmark::DoNotOptimize(model.simulate(1, index++));
    fast += cpu_seconds() - before;
    before = cpu_seconds();
    for (int i = 0; i < 20; ++i) benchmark::DoNotOptimize(plain_history(index++));
    plain += 5 * (cpu_seconds() - before);
  }
  state.counters["times_faster"] = plain / fast;
}

BENCHMARK(one_kind)->Unit(benchmark::kMicrosecond);
BENCHMARK(by_cause)->Unit(benchmark::kMicrosecond);
BENCHMARK(from_checkpoint_to_checkpoint)->Unit(benchmark::kMicrosecond);
BENCHMARK(ratio_to_plain)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace traincast

BENCHMARK_MAIN();
