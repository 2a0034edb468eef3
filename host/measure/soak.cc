#include "host/measure/soak.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace traincast {
namespace {

double change_of(const std::deque<double>& readings) {
  const auto [fastest, slowest] = std::minmax_element(readings.begin(), readings.end());
  return *slowest > 0 ? (*slowest - *fastest) / *slowest : 0;
}

}  // namespace

// Power settles in seconds ("clocks oscillate ~3 s": NVIDIA CUTLASS, gemm performance measurement methodology
// guidelines), temperature in tens of seconds.
SoakPolicy soak_policy(Effort effort, bool first) {
  switch (effort) {
    case Effort::quick:
      return {Seconds(0.01), Seconds(first ? 0.1 : 0.02), Seconds(first ? 1 : 0.1), 0.05};
    case Effort::normal:
      return {Seconds(first ? 0.5 : 0.02), Seconds(first ? 4 : 0.08), Seconds(first ? 12 : 0.4), 0.01};
    case Effort::full:
      break;
  }
  return {Seconds(first ? 1 : 0.1), Seconds(first ? 20 : 0.5), Seconds(first ? 120 : 5), 0.005};
}

Soak soak(const SoakPolicy& policy, const Sampled& what) {
  constexpr double kMaxRepeats = 1 << 16;
  constexpr double kClockTick = 1e-9;
  constexpr int kMaxBatches = 1 << 16;  // whatever the clock says
  Soak result;
  std::deque<double> readings;
  double window_s = 0;
  double executions = 0;
  int repeats = 1;
  for (int batch = 0; batch < kMaxBatches; ++batch) {
    const double batch_s = what.agree(what.time(repeats).value());
    result.spent += Seconds(batch_s);
    window_s += batch_s;
    executions += repeats;
    const double once_s = std::max(batch_s / repeats, kClockTick);
    // A quarter of a window at once, but never more than twice as many as before.
    repeats = static_cast<int>(
        std::clamp(std::ceil(policy.window.value() / 4 / once_s), 1.0, std::min(2.0 * repeats, kMaxRepeats)));
    if (window_s >= policy.window.value()) {
      readings.push_back(window_s / executions);
      window_s = executions = 0;
      if (readings.size() > kSoakReadings) readings.pop_front();
      if (readings.size() == kSoakReadings) result.change = change_of(readings);
      result.settled = readings.size() == kSoakReadings && result.change <= policy.change;
    }
    if (result.spent >= policy.most || (result.settled && result.spent >= policy.least)) break;
  }
  return result;
}

}  // namespace traincast
