#include "kernels/cuda/gate.h"

#include <atomic>

namespace traincast::cuda {
namespace {

constexpr unsigned long long kLimitNs = 2'000'000'000;  // queueing takes milliseconds

}  // namespace

Gate::Gate() {
  void* memory = nullptr;
  TRAINCAST_CHECK(cudaHostAlloc(&memory, sizeof(GateWords), cudaHostAllocMapped));
  words_.reset(static_cast<GateWords*>(memory));
  *words_ = {};
  TRAINCAST_CHECK(cudaHostGetDevicePointer(&memory, words_.get(), 0));
  on_device_ = static_cast<GateWords*>(memory);
}

void Gate::close(cudaStream_t stream) {
  TRAINCAST_CHECK(hold(stream, on_device_, ++ticket_, kLimitNs));
}

void Gate::open() {
  std::atomic_ref<unsigned int>(words_->released).store(ticket_, std::memory_order_release);
}

bool Gate::gave_up() const {
  return std::atomic_ref<unsigned int>(words_->gave_up).load(std::memory_order_acquire) == ticket_;
}

}  // namespace traincast::cuda
