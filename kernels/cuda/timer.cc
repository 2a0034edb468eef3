#include "kernels/cuda/timer.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace traincast::cuda {

Seconds elapsed(const Event& from, const Event& to) {
  float milliseconds = 0;
  TRAINCAST_CHECK(cudaEventElapsedTime(&milliseconds, from.get(), to.get()));
  return Seconds(1e-3 * static_cast<double>(milliseconds));
}

Seconds Timer::device_time(CudaPrepared& prepared, int executions) {
  const int launches = std::max(1, prepared.launches());
  const int most = std::max(1, kQueue / launches);
  Seconds total;
  for (int left = executions; left > 0;) {
    const int now = std::min(left, most);
    const bool gated = gate_works_ && launches <= kMostLaunches;
    const Seconds time = part(prepared, now, gated);
    if (gated && gate_.gave_up()) {
      // Launches wait for the device here: the part is timed again, and everything from now on, without a
      // gate.
      gate_works_ = false;
      continue;
    }
    total += time;
    left -= now;
  }
  return total;
}

Seconds Timer::part(CudaPrepared& prepared, int executions, bool gated) {
  {
    std::optional<GateClosed> closed;
    if (gated) closed.emplace(gate_, stream_);
    TRAINCAST_CHECK(cudaEventRecord(start_.get(), stream_));
    for (int i = 0; i < executions; ++i) prepared.launch(stream_);
    TRAINCAST_CHECK(cudaEventRecord(stop_.get(), stream_));
  }
  TRAINCAST_CHECK(cudaEventSynchronize(stop_.get()));
  return elapsed(start_, stop_);
}

Seconds Timer::host_time(CudaPrepared& prepared, int executions) const {
  TRAINCAST_CHECK(cudaStreamSynchronize(stream_));
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < executions; ++i) prepared.launch(stream_);
  TRAINCAST_CHECK(cudaStreamSynchronize(stream_));
  return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

}  // namespace traincast::cuda
