#include "kernels/registry.h"

#include "host/base/errors.h"
#include "kernels/cpu/cpu_backend.h"
#ifdef TRAINCAST_HAVE_CUDA
#include "kernels/cuda/cuda_backend.h"
#endif

namespace traincast {
namespace {

// A backend that was not compiled in keeps its row, so that asking for it is answered with the reason.
#ifndef TRAINCAST_HAVE_CUDA
std::string cuda_why_unavailable() {
  return "this binary was built without CUDA";
}
std::unique_ptr<Backend> make_cuda_backend(int) {
  throw DeviceError(cuda_why_unavailable());
}
int cuda_device_count() {
  return 0;
}
#endif

std::string always_available() {
  return "";
}

const BackendEntry& entry_of(std::string_view name) {
  std::string known = "auto";
  for (const BackendEntry& entry : backends()) {
    if (entry.name == name) return entry;
    known.append(" ").append(entry.name);
  }
  throw UsageError("unknown backend \"" + std::string(name) + "\"; accepted: " + known);
}

}  // namespace

const std::vector<BackendEntry>& backends() {
  static const std::vector<BackendEntry> kBackends{
      {"cuda", cuda_why_unavailable, make_cuda_backend},
      {"cpu", always_available, make_cpu_backend},
  };
  return kBackends;
}

std::unique_ptr<Backend> make_backend(std::string_view name, int device) {
  if (name == "auto") {
    for (const BackendEntry& entry : backends()) {
      if (entry.why_unavailable().empty()) return entry.make(device);
    }
  }
  const BackendEntry& entry = entry_of(name);
  if (const std::string why = entry.why_unavailable(); !why.empty()) {
    throw DeviceError("backend \"" + std::string(name) + "\" cannot run here: " + why);
  }
  return entry.make(device);
}

int device_count(std::string_view backend) {
  return entry_of(backend).name == "cuda" ? cuda_device_count() : 1;
}

}  // namespace traincast
