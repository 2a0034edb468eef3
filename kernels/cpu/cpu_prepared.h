// Ops ready to execute on the CPU.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "kernels/backend.h"

namespace traincast {

class CpuPrepared : public Prepared {
 public:
  virtual void run() = 0;
  virtual std::vector<float> result() = 0;
};

std::unique_ptr<CpuPrepared> prepare_on_cpu(const Op& op, std::uint64_t seed);
// A HostCopy is a memcpy between two host buffers, a KernelLaunch a call through a pointer: what "device" and
// "launch" are on a CPU.
std::unique_ptr<CpuPrepared> prepare_on_cpu(const HostOp& op, std::uint64_t seed);

// Executes on a thread of its own.
std::unique_ptr<BackgroundLoad> cpu_background(CpuPrepared& prepared);

}  // namespace traincast
