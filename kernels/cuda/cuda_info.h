// What the CUDA runtime says about the devices of this host.
#pragma once

#include <cuda_runtime_api.h>

#include <string>

#include "kernels/backend.h"

namespace traincast::cuda {

// 0 where the runtime reports any error, whose text is then in `why`.
int count_devices(std::string& why);

// "" or why the kernels of this binary cannot run on it.
std::string why_too_old(int device);

DeviceInfo device_info(int device, const cudaDeviceProp& properties);

}  // namespace traincast::cuda
