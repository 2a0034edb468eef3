// Which backends this binary has and which of them this machine can run; CPU last, and always available.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/backend.h"

namespace traincast {

struct BackendEntry {
  std::string_view name;
  std::string (*why_unavailable)();  // "" when it can run here
  std::unique_ptr<Backend> (*make)(int device);
};

const std::vector<BackendEntry>& backends();

// The backend called `name`, or the first available one for "auto". Throws UsageError for an unknown name and
// DeviceError, saying why, for one that cannot run here. `device` is the ordinal on this host.
std::unique_ptr<Backend> make_backend(std::string_view name, int device);

// How many devices of that backend this host has (1 for the CPU).
int device_count(std::string_view backend);

}  // namespace traincast
