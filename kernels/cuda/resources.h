// Owners of CUDA objects. Destructors ignore errors: a failed device has already thrown elsewhere.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <memory>
#include <type_traits>

#include "kernels/cuda/check.h"

namespace traincast::cuda {

struct StreamDeleter {
  void operator()(cudaStream_t stream) const { cudaStreamDestroy(stream); }
};
using Stream = std::unique_ptr<std::remove_pointer_t<cudaStream_t>, StreamDeleter>;
inline Stream make_stream() {
  cudaStream_t stream = nullptr;
  TRAINCAST_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream(stream);
}

struct EventDeleter {
  void operator()(cudaEvent_t event) const { cudaEventDestroy(event); }
};
using Event = std::unique_ptr<std::remove_pointer_t<cudaEvent_t>, EventDeleter>;
inline Event make_event() {
  cudaEvent_t event = nullptr;
  TRAINCAST_CHECK(cudaEventCreate(&event));
  return Event(event);
}

struct DeviceDeleter {
  void operator()(std::byte* memory) const { cudaFree(memory); }
};
// Device memory; none for 0 bytes.
using DeviceBuffer = std::unique_ptr<std::byte, DeviceDeleter>;
inline DeviceBuffer make_buffer(std::size_t bytes) {
  void* memory = nullptr;
  if (bytes > 0) TRAINCAST_CHECK(cudaMalloc(&memory, bytes));
  return DeviceBuffer(static_cast<std::byte*>(memory));
}

}  // namespace traincast::cuda
