// The one clock of the CUDA backend.
#pragma once

#include "kernels/cuda/gate.h"
#include "kernels/cuda/prepared.h"

namespace traincast::cuda {

Seconds elapsed(const Event& from, const Event& to);

class Timer {
 public:
  explicit Timer(cudaStream_t stream) : stream_(stream) {}

  // Device time of that many executions, all queued behind the gate before the first begins; in several parts
  // where they are more than the queue holds.
  Seconds device_time(CudaPrepared& prepared, int executions);
  // The host's time from the first launch to the end of the last execution.
  Seconds host_time(CudaPrepared& prepared, int executions) const;

 private:
  // A driver takes about a thousand launches before launching waits for the device, which waits at the gate.
  static constexpr int kQueue = 256;
  static constexpr int kMostLaunches = 800;

  Seconds part(CudaPrepared& prepared, int executions, bool gated);

  cudaStream_t stream_;
  Gate gate_;
  bool gate_works_ = true;
  Event start_ = make_event();
  Event stop_ = make_event();
};

}  // namespace traincast::cuda
