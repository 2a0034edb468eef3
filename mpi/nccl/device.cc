#include "mpi/nccl/device.h"

#include <cstdio>

#include "mpi/nccl/check.h"

namespace traincast {

GpuIdentity open_gpu(int device) {
  TRAINCAST_COMM_CUDA(cudaSetDevice(device));
  cudaDeviceProp properties{};
  TRAINCAST_COMM_CUDA(cudaGetDeviceProperties(&properties, device));
  std::string uuid = " GPU-";
  for (std::size_t i = 0; i < sizeof properties.uuid.bytes; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned char>(properties.uuid.bytes[i]));
    uuid += hex;
  }
  return {properties.name + uuid, properties.major * 10 + properties.minor};
}

GpuBuffer::GpuBuffer(std::size_t bytes) {
  TRAINCAST_COMM_CUDA(cudaMalloc(&data_, bytes));
}
GpuBuffer::~GpuBuffer() {
  cudaFree(data_);
}

void GpuBuffer::write(std::size_t offset, const std::byte* from, std::size_t bytes) {
  void* into = static_cast<std::byte*>(data_) + offset;
  TRAINCAST_COMM_CUDA(cudaMemcpy(into, from, bytes, cudaMemcpyHostToDevice));
  // From pageable memory the copy returns once staged; our stream does not wait for the default one.
  TRAINCAST_COMM_CUDA(cudaStreamSynchronize(nullptr));
}

void GpuBuffer::read(std::size_t offset, std::byte* to, std::size_t bytes) {
  const void* from = static_cast<const std::byte*>(data_) + offset;
  TRAINCAST_COMM_CUDA(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost));
}

Stream::Stream() {
  TRAINCAST_COMM_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
}
Stream::~Stream() {
  cudaStreamDestroy(stream_);
}

Interval::Interval() {
  TRAINCAST_COMM_CUDA(cudaEventCreate(&start_));
  TRAINCAST_COMM_CUDA(cudaEventCreate(&stop_));
}
Interval::~Interval() {
  if (stop_ != nullptr) cudaEventDestroy(stop_);
  if (start_ != nullptr) cudaEventDestroy(start_);
}

void Interval::start(const Stream& stream) {
  TRAINCAST_COMM_CUDA(cudaEventRecord(start_, stream.get()));
}
void Interval::stop(const Stream& stream) {
  TRAINCAST_COMM_CUDA(cudaEventRecord(stop_, stream.get()));
}

bool Interval::finished() const {
  const cudaError_t state = cudaEventQuery(stop_);
  if (state == cudaErrorNotReady) return false;
  check_cuda("cudaEventQuery(stop_)", __FILE__, __LINE__, state);
  return true;
}

Seconds Interval::elapsed() const {
  float milliseconds = 0;
  TRAINCAST_COMM_CUDA(cudaEventElapsedTime(&milliseconds, start_, stop_));
  return Seconds(static_cast<double>(milliseconds) * 1e-3);
}

}  // namespace traincast
