#include "kernels/cuda/host_ops.h"

#include <algorithm>
#include <utility>

#include "host/base/counter_random.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/resources.h"

namespace traincast::cuda {
namespace {

class LaunchPrepared final : public CudaPrepared {
 public:
  bool by_host_clock() const override { return true; }
  void launch(cudaStream_t stream) override { TRAINCAST_CHECK(launch_nothing(stream)); }
  std::vector<float> result(cudaStream_t stream) override {
    launch(stream);
    TRAINCAST_CHECK(cudaStreamSynchronize(stream));
    return {};
  }
};

struct HostDeleter {
  void operator()(unsigned char* memory) const { cudaFreeHost(memory); }
};
using HostBuffer = std::unique_ptr<unsigned char, HostDeleter>;

// Page-locked: a copy from ordinary memory passes through the driver's own buffers and is not asynchronous.
HostBuffer make_host_buffer(std::size_t bytes) {
  void* memory = nullptr;
  TRAINCAST_CHECK(cudaHostAlloc(&memory, bytes, cudaHostAllocDefault));
  return HostBuffer(static_cast<unsigned char*>(memory));
}

class CopyPrepared final : public CudaPrepared {
 public:
  CopyPrepared(const HostCopy& op, std::uint64_t seed, cudaStream_t stream)
      : bytes_(static_cast<std::size_t>(op.bytes)),
        to_device_(op.direction == CopyDirection::host_to_device),
        host_(make_host_buffer(bytes_)),
        device_(make_buffer(bytes_)) {
    const std::uint64_t key = counter_key(seed, 0);
    for (std::size_t i = 0; i < bytes_; ++i) {
      host_.get()[i] = static_cast<unsigned char>(counter_bits(key, i));
    }
    copy(true, stream);
    TRAINCAST_CHECK(cudaStreamSynchronize(stream));
  }

  void launch(cudaStream_t stream) override { copy(to_device_, stream); }

  // The receiving side is cleared first.
  std::vector<float> result(cudaStream_t stream) override {
    TRAINCAST_CHECK(cudaStreamSynchronize(stream));
    if (to_device_) {
      TRAINCAST_CHECK(cudaMemsetAsync(device_.get(), 0, bytes_, stream));
    } else {
      std::fill(host_.get(), host_.get() + bytes_, static_cast<unsigned char>(0));
    }
    launch(stream);
    std::vector<unsigned char> received(bytes_);
    if (to_device_) {
      TRAINCAST_CHECK(
          cudaMemcpyAsync(received.data(), device_.get(), bytes_, cudaMemcpyDeviceToHost, stream));
    }
    TRAINCAST_CHECK(cudaStreamSynchronize(stream));
    if (!to_device_) std::copy(host_.get(), host_.get() + bytes_, received.begin());
    return {received.begin(), received.end()};
  }

 private:
  void copy(bool to_device, cudaStream_t stream) {
    void* to = to_device ? static_cast<void*>(device_.get()) : host_.get();
    const void* from = to_device ? static_cast<const void*>(host_.get()) : device_.get();
    TRAINCAST_CHECK(cudaMemcpyAsync(to, from, bytes_,
                                    to_device ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost, stream));
  }

  std::size_t bytes_;
  bool to_device_;
  HostBuffer host_;
  DeviceBuffer device_;
};

struct Make {
  std::uint64_t seed;
  cudaStream_t stream;
  std::unique_ptr<CudaPrepared> operator()(const KernelLaunch&) const {
    auto prepared = std::make_unique<LaunchPrepared>();
    prepared->result(stream);  // loads the kernel
    return prepared;
  }
  std::unique_ptr<CudaPrepared> operator()(const HostCopy& op) const {
    return std::make_unique<CopyPrepared>(op, seed, stream);
  }
};

}  // namespace

std::unique_ptr<CudaPrepared> prepare_host_op(const HostOp& op, std::uint64_t seed, cudaStream_t stream) {
  return std::visit(Make{seed, stream}, op);
}

}  // namespace traincast::cuda
