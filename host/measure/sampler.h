// The one sampling loop, shared by operations and collectives: warm up, choose how many executions make a
// sample, take samples until they are quiet enough or the time is up.
#pragma once

#include <functional>
#include <vector>

#include "host/base/units.h"

namespace traincast {

enum class Effort { quick, normal, full };

struct SamplingPolicy {
  int min_samples = 1;  // not reached only where max_time ends the point before
  int max_samples = 1;
  Seconds min_time;         // go on at least so long
  Seconds max_time;         // warm-up included; a sample that has begun is finished
  double target_noise = 0;  // relative standard error of the median at which samples are quiet enough
  int warm_ups = 1;         // executions before the first sample, at least
  Seconds warm_up_time;     // of executions before the first sample, at least
  Seconds min_sample_time;  // short operations are repeated until a sample takes so long
  bool flush_cache = true;  // before each sample
};
SamplingPolicy sampling_policy(Effort effort);

struct Samples {
  std::vector<double> seconds;  // of one execution, in the order taken; never empty
  int repeats = 1;              // executions in each sample
  Seconds median;
  double spread = 0;       // interquartile range over median
  bool converged = false;  // the noise target was met
};

Seconds steady_now();

// What is sampled, and how several ranks stay together.
struct Sampled {
  std::function<Seconds(int repeats)> time;  // of that many executions together
  // The largest value over all ranks. The loop decides on its answers alone, so ranks whose clocks and
  // samples differ always make the same number of calls, in the same order.
  std::function<double(double)> agree = [](double value) { return value; };
  std::function<Seconds()> now = steady_now;
  std::function<void()> before_sample = [] {};
};

Samples sample(const SamplingPolicy& policy, const Sampled& what);

}  // namespace traincast
