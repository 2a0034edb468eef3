#include "host/base/host_op.h"

namespace traincast {

Work work(const HostOp& op) {
  const auto* copy = std::get_if<HostCopy>(&op);
  return {Flops(0), Bytes(copy == nullptr ? 0 : static_cast<double>(copy->bytes))};
}

std::string_view name(CopyDirection direction) {
  return direction == CopyDirection::host_to_device ? "host_to_device" : "device_to_host";
}

std::string_view op_class(const HostOp& op) {
  return std::holds_alternative<KernelLaunch>(op) ? "kernel_launch" : "host_copy";
}

std::string to_string(const HostOp& op) {
  const auto* copy = std::get_if<HostCopy>(&op);
  if (copy == nullptr) return "kernel_launch";
  return "host_copy " + std::string(name(copy->direction)) + " " +
         to_string(Bytes(static_cast<double>(copy->bytes)));
}

std::string invalid_shape(const HostOp& op) {
  const auto* copy = std::get_if<HostCopy>(&op);
  return copy != nullptr && copy->bytes < 1 ? "bytes must be at least 1" : "";
}

}  // namespace traincast
