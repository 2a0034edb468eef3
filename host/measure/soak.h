// Brings a device to the clock that it holds under load: a cold one is faster than any training step is.
#pragma once

#include "host/base/units.h"
#include "host/measure/sampler.h"

namespace traincast {

struct SoakPolicy {
  Seconds window;     // of executions whose mean counts as one reading
  Seconds least;      // go on at least so long
  Seconds most;       // and no longer
  double change = 0;  // (slowest - fastest) / slowest of the last readings that counts as settled
};
// `first`: from a cold start; else from one operation to the next.
SoakPolicy soak_policy(Effort effort, bool first);

inline constexpr int kSoakReadings = 4;

struct Soak {
  Seconds spent;
  bool settled = false;
  double change = 0;  // of the last readings; 0 where there were too few
};
// Executes until the last kSoakReadings readings differ by no more than the policy allows, on agreed times
// alone (see Sampled), so all ranks stop together.
Soak soak(const SoakPolicy& policy, const Sampled& what);

}  // namespace traincast
