#include "host/measure/sampler.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "host/base/statistics.h"

namespace traincast {
namespace {

constexpr double kMaxRepeats = 1 << 20;

// The standard error of a median over the interquartile range, for n normal samples:
// sqrt(pi / 2) sigma / sqrt(n) with sigma = range / 1.349.
double noise_of_median(double spread, std::size_t samples) {
  return 0.929 * spread / std::sqrt(static_cast<double>(samples));
}

int repeats_for(Seconds sample_time, double execution_s, double limit) {
  constexpr double kClockTick = 1e-9;
  const double wanted = std::ceil(sample_time.value() / std::max(execution_s, kClockTick));
  return static_cast<int>(std::clamp(wanted, 1.0, std::min(limit, kMaxRepeats)));
}

// Executes until warm; the number of executions that make a sample.
int warm_up(const SamplingPolicy& policy, const Sampled& what) {
  int repeats = 1;
  double executions = 0;
  double spent = 0;
  double execution_s = INFINITY;  // the fastest: the first ones load code and fill caches
  do {
    const double batch_s = what.agree(what.time(repeats).value());
    executions += repeats;
    spent += batch_s;
    execution_s = std::min(execution_s, batch_s / repeats);
    repeats = repeats_for(policy.min_sample_time, execution_s, 2.0 * repeats);
  } while ((executions < policy.warm_ups || spent < policy.warm_up_time.value()) &&
           spent < policy.max_time.value());
  return repeats_for(policy.min_sample_time, execution_s, kMaxRepeats);
}

// What a rank thinks of its samples; the largest opinion of all ranks decides.
enum class Verdict { quiet, noisy, out_of_time };

}  // namespace

SamplingPolicy sampling_policy(Effort effort) {
  switch (effort) {
    case Effort::quick:
      // Only a few milliseconds a point, so no flushes, which take as long on a CPU with a large cache.
      return {.min_samples = 3,
              .max_samples = 20,
              .min_time = Seconds(0),
              .max_time = Seconds(0.25),
              .target_noise = 0.03,
              .warm_ups = 2,
              .warm_up_time = Seconds(0.5e-3),
              .min_sample_time = Seconds(1e-3),
              .flush_cache = false};
    case Effort::normal:
      return {.min_samples = 10,
              .max_samples = 100,
              .min_time = Seconds(0.05),
              .max_time = Seconds(3),
              .target_noise = 0.01,
              .warm_ups = 3,
              .warm_up_time = Seconds(0.02),
              .min_sample_time = Seconds(2e-3)};
    case Effort::full:
      break;
  }
  return {.min_samples = 30,
          .max_samples = 1000,
          .min_time = Seconds(0.5),
          .max_time = Seconds(20),
          .target_noise = 0.003,
          .warm_ups = 10,
          .warm_up_time = Seconds(0.2),
          .min_sample_time = Seconds(5e-3)};
}

Seconds steady_now() {
  return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count());
}

Samples sample(const SamplingPolicy& policy, const Sampled& what) {
  const Seconds start = what.now();
  Samples samples;
  samples.repeats = warm_up(policy, what);
  const auto least = static_cast<std::size_t>(std::max(1, policy.min_samples));
  const auto most = std::max(least, static_cast<std::size_t>(std::max(1, policy.max_samples)));
  const auto opinion = [&] {
    const Seconds elapsed = what.now() - start;
    if (elapsed >= policy.max_time) return Verdict::out_of_time;
    if (samples.seconds.size() < least || elapsed < policy.min_time) return Verdict::noisy;
    const double noise = noise_of_median(relative_spread(samples.seconds), samples.seconds.size());
    return noise <= policy.target_noise ? Verdict::quiet : Verdict::noisy;
  };
  Verdict verdict = Verdict::noisy;
  while (verdict == Verdict::noisy && samples.seconds.size() < most) {
    what.before_sample();
    samples.seconds.push_back(what.time(samples.repeats).value() / samples.repeats);
    verdict = static_cast<Verdict>(std::lround(what.agree(static_cast<double>(opinion()))));
  }
  samples.median = Seconds(median(samples.seconds));
  samples.spread = relative_spread(samples.seconds);
  samples.converged = verdict == Verdict::quiet;
  return samples;
}

}  // namespace traincast
