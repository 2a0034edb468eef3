#include "kernels/cuda/gate.h"

namespace traincast::cuda {
namespace {

__device__ unsigned long long nanoseconds() {
  unsigned long long now;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  return now;
}

__global__ void gate_kernel(volatile GateWords* words, unsigned int ticket, unsigned long long limit_ns) {
  const unsigned long long start = nanoseconds();
  // The difference is signed, so that the count may wrap.
  while (static_cast<int>(words->released - ticket) < 0) {
    if (nanoseconds() - start > limit_ns) {
      words->gave_up = ticket;
      __threadfence_system();
      return;
    }
    __nanosleep(500);
  }
}

__global__ void empty_kernel() {}

}  // namespace

cudaError_t hold(cudaStream_t stream, GateWords* words, unsigned int ticket, unsigned long long limit_ns) {
  gate_kernel<<<1, 1, 0, stream>>>(words, ticket, limit_ns);
  return cudaGetLastError();
}

cudaError_t launch_nothing(cudaStream_t stream) {
  empty_kernel<<<1, 1, 0, stream>>>();
  return cudaGetLastError();
}

}  // namespace traincast::cuda
