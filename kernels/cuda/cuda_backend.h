// Backend "cuda": cuBLASLt products and memory-bound kernels on one NVIDIA GPU of compute capability 8.0 or
// later.
#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"

namespace traincast {

// "" or cudaGetDeviceCount's text, or that the first device is too old.
std::string cuda_why_unavailable();
int cuda_device_count();
// Throws DeviceError for an ordinal that this host does not have.
std::unique_ptr<Backend> make_cuda_backend(int device);

}  // namespace traincast
