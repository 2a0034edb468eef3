// Which device each rank measures, and what a profile calls it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "host/config/find.h"
#include "host/model/gpu.h"
#include "kernels/backend.h"
#include "mpi/session.h"

namespace traincast {

// This rank's backend: the device of its place among the ranks of its host, or the only one that it sees
// (launchers that mask devices show each rank its own as number 0). `device` becomes the ordinal. Throws as
// make_backend does.
std::unique_ptr<Backend> make_rank_backend(const Session& session, std::string_view backend, int& device);

// Collective. Throws DeviceError where ranks see different kinds of device, because a profile describes one,
// or share an accelerator.
void check_same_devices(Session& session, const DeviceInfo& device);

// Whether the config's product or one of its aliases is the device's name.
bool describes(const Gpu& gpu, std::string_view device);

// The GPU config whose product or alias is the device's name, "cpu" for the CPU, "" where there is
// none.
std::string gpu_config_of(const ConfigStore& store, const DeviceInfo& device);

}  // namespace traincast
