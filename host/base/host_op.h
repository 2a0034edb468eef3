// What a GPU does beside computing: launching kernels, and moving data to and from the host's memory. A
// variant of its own, because the model of a layer consists of Ops and never of these.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "host/base/op.h"
#include "host/base/units.h"

namespace traincast {

// One empty kernel: what the host pays to launch, and the device to start and end.
struct KernelLaunch {
  friend bool operator==(const KernelLaunch&, const KernelLaunch&) = default;
};

enum class CopyDirection { host_to_device, device_to_host };
inline constexpr int kCopyDirections = 2;

// A copy between page-locked host memory and device memory: checkpoints, offloaded states, batches.
struct HostCopy {
  CopyDirection direction = CopyDirection::device_to_host;
  std::int64_t bytes = 0;
  friend bool operator==(const HostCopy&, const HostCopy&) = default;
};

using HostOp = std::variant<KernelLaunch, HostCopy>;

// Bytes are those that cross the link, once.
Work work(const HostOp& op);

std::string_view name(CopyDirection direction);
// "kernel_launch" or "host_copy".
std::string_view op_class(const HostOp& op);
// For people: "host_copy device_to_host 1.00 GB".
std::string to_string(const HostOp& op);
// "" or why no backend can run it.
std::string invalid_shape(const HostOp& op);

}  // namespace traincast
