#include "host/measure/sampler.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/base/statistics.h"
#include "tests/fakes/fake_cluster.h"
#include "tests/fakes/fake_machine.h"

namespace traincast {
namespace {

SamplingPolicy policy() {
  return {.min_samples = 5,
          .max_samples = 1000,
          .min_time = Seconds(0),
          .max_time = Seconds(1000),
          .target_noise = 0.01,
          .warm_ups = 3,
          .warm_up_time = Seconds(0),
          .min_sample_time = Seconds(0)};
}

// An execution of `seconds`, less or more by `noise`.
struct Machine {
  explicit Machine(double seconds, double noise = 0, std::uint64_t seed = 1)
      : seconds_(seconds), noise_(noise, seed) {}
  Sampled sampled() {
    Sampled what;
    what.time = [this](int repeats) {
      ++calls;
      executions += repeats;
      const Seconds time(seconds_ * repeats * noise_.factor());
      clock.advance(time);
      return time;
    };
    what.now = clock.reader();
    return what;
  }
  FakeClock clock;
  int calls = 0, executions = 0;

 private:
  double seconds_;
  FakeNoise noise_;
};

TEST(Sampler, QuietOnesStopAtTheFewestSamples) {
  Machine machine(0.5);
  const Samples samples = sample(policy(), machine.sampled());
  EXPECT_EQ(samples.seconds, std::vector<double>(5, 0.5));
  EXPECT_EQ(samples.repeats, 1);
  EXPECT_EQ(samples.median, Seconds(0.5));
  EXPECT_EQ(samples.spread, 0);
  EXPECT_TRUE(samples.converged);
  EXPECT_EQ(machine.executions, 3 + 5);  // warm-ups and samples
}

TEST(Sampler, NoiseAsksForSamplesUntilTheMedianIsSure) {
  // Uniform on 1 +- 0.2: interquartile range 0.2, so 0.929 * 0.2 / sqrt(n) <= 0.01 at n = 345.
  Machine machine(1, 0.2);
  const Samples samples = sample(policy(), machine.sampled());
  EXPECT_TRUE(samples.converged);
  EXPECT_GT(samples.seconds.size(), 200u);
  EXPECT_LT(samples.seconds.size(), 500u);
  EXPECT_NEAR(samples.median.value(), 1, 0.03);
  EXPECT_LE(0.929 * relative_spread(samples.seconds) / std::sqrt(samples.seconds.size()), 0.01);
}

TEST(Sampler, StopsAtTheMostSamplesThoughNoisy) {
  Machine machine(0.001, 0.5);
  SamplingPolicy p = policy();
  p.max_samples = 20;
  const Samples samples = sample(p, machine.sampled());
  EXPECT_EQ(samples.seconds.size(), 20u);
  EXPECT_FALSE(samples.converged);
}

TEST(Sampler, TimeEndsItBeforeTheFewestSamples) {
  Machine machine(1, 0.2);
  SamplingPolicy p = policy();
  p.max_time = Seconds(4.5);  // three warm-ups, then until the clock has passed it
  p.min_samples = 50;
  const Samples samples = sample(p, machine.sampled());
  EXPECT_EQ(samples.seconds.size(), 2u);
  EXPECT_FALSE(samples.converged);
}

TEST(Sampler, OneSampleEvenWhereWarmingUpTakesAllTime) {
  Machine machine(100);
  SamplingPolicy p = policy();
  p.max_time = Seconds(1);
  const Samples samples = sample(p, machine.sampled());
  EXPECT_EQ(samples.seconds, std::vector<double>{100});
  EXPECT_EQ(machine.executions, 2);
}

TEST(Sampler, GoesOnForTheLeastTime) {
  Machine machine(0.25);
  SamplingPolicy p = policy();
  p.min_time = Seconds(10);  // of which three executions warm up
  EXPECT_EQ(sample(p, machine.sampled()).seconds.size(), 40u - 3u);
}

TEST(Sampler, ShortExecutionsAreRepeatedUntilASampleIsLongEnough) {
  Machine machine(1e-6);
  SamplingPolicy p = policy();
  p.min_sample_time = Seconds(0.9995e-3);
  const Samples samples = sample(p, machine.sampled());
  EXPECT_EQ(samples.repeats, 1000);
  EXPECT_NEAR(samples.median.value(), 1e-6, 1e-15);
  // Never more than doubled while warming up: a slow execution after a fast one costs little.
  EXPECT_LE(machine.executions, 1 + 2 + 4 + 5 * 1000);
}

TEST(Sampler, AClockThatStandsStillStillEnds) {
  Sampled what;
  what.time = [](int) { return Seconds(0); };
  what.now = [] { return Seconds(0); };
  SamplingPolicy p = policy();
  p.min_sample_time = Seconds(1e-3);
  EXPECT_EQ(sample(p, what).median, Seconds(0));
}

TEST(Sampler, PreparesEachSample) {
  Machine machine(1);
  Sampled what = machine.sampled();
  int prepared = 0;
  what.before_sample = [&] { ++prepared; };
  const Samples samples = sample(policy(), what);
  EXPECT_EQ(samples.seconds.size(), static_cast<std::size_t>(prepared));
}

// Ranks of different speed, noise and clock. One call more on any of them would hang.
TEST(Sampler, RanksMakeTheSameCalls) {
  constexpr int kRanks = 3;
  for (const double max_time : {2.0, 1000.0}) {
    FakeCluster cluster(kRanks);
    std::vector<Machine> machines{Machine(1e-3, 0.01, 1), Machine(2e-3, 0.2, 2), Machine(0.5e-3, 0, 3)};
    std::vector<Samples> samples(kRanks);
    cluster.run([&](Session& session) {
      const auto rank = static_cast<std::size_t>(session.rank());
      Sampled what = machines[rank].sampled();
      what.agree = [&](double value) { return session.max(value); };
      SamplingPolicy p = policy();
      p.min_sample_time = Seconds(10e-3);
      p.max_time = Seconds(max_time);
      samples[rank] = sample(p, what);
    });
    for (std::size_t rank = 1; rank < kRanks; ++rank) {
      EXPECT_EQ(machines[rank].calls, machines[0].calls);
      EXPECT_EQ(machines[rank].executions, machines[0].executions);
      EXPECT_EQ(samples[rank].seconds.size(), samples[0].seconds.size());
      EXPECT_EQ(samples[rank].repeats, samples[0].repeats);
      EXPECT_EQ(samples[rank].converged, samples[0].converged);
    }
    EXPECT_GT(samples[0].seconds.size(), 5u);  // rank 1 is noisy, so the quiet ones go on
    EXPECT_EQ(samples[0].converged, max_time > 100);
  }
}

TEST(Sampler, PoliciesGrowWithEffort) {
  const SamplingPolicy quick = sampling_policy(Effort::quick);
  const SamplingPolicy normal = sampling_policy(Effort::normal);
  const SamplingPolicy full = sampling_policy(Effort::full);
  EXPECT_LT(quick.max_time, normal.max_time);
  EXPECT_LT(normal.max_time, full.max_time);
  EXPECT_GT(quick.target_noise, normal.target_noise);
  EXPECT_GT(normal.target_noise, full.target_noise);
  EXPECT_LT(quick.min_samples, full.min_samples);
}

}  // namespace
}  // namespace traincast
