// 16-byte accesses, conversions, reductions and dispatch on the number format, for the kernels.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "kernels/cuda/launch.h"

namespace traincast::cuda {

// V elements that move together, in instructions of at most 16 bytes.
template <typename T, int V>
struct alignas(sizeof(T) * V < 16 ? sizeof(T) * V : 16) Vec {
  T element[V];
};
template <typename T, int V>
__device__ Vec<T, V> load(const T* from, std::int64_t vector) {
  return reinterpret_cast<const Vec<T, V>*>(from)[vector];
}
template <typename T, int V>
__device__ void store(T* to, std::int64_t vector, const Vec<T, V>& value) {
  reinterpret_cast<Vec<T, V>*>(to)[vector] = value;
}
template <typename T>
constexpr int kWidth = 16 / sizeof(T);

__device__ inline float to_float(float x) {
  return x;
}
__device__ inline float to_float(__nv_bfloat16 x) {
  return __bfloat162float(x);
}
__device__ inline float to_float(__half x) {
  return __half2float(x);
}
template <typename T>
__device__ T from_float(float x);
template <>
__device__ inline float from_float<float>(float x) {
  return x;
}
template <>
__device__ inline __nv_bfloat16 from_float<__nv_bfloat16>(float x) {
  return __float2bfloat16_rn(x);
}
template <>
__device__ inline __half from_float<__half>(float x) {
  return __float2half_rn(x);
}

__device__ inline std::int64_t thread_index() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ inline std::int64_t thread_count() {
  return static_cast<std::int64_t>(gridDim.x) * blockDim.x;
}

// The sum over the block, in every thread; blockDim.x is a multiple of 32. Safe to call again at once.
__device__ inline float block_sum(float value) {
  __shared__ float warps[32];
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xFFFFFFFFu, value, offset);
  __syncthreads();
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x % 32 < blockDim.x / 32 ? warps[threadIdx.x % 32] : 0.0f;
  for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xFFFFFFFFu, value, offset);
  return value;
}

// The sums of two values over the block, in every thread, at the price of one.
__device__ inline float2 block_sum(float2 value) {
  __shared__ float2 warps[32];
  for (int offset = 16; offset > 0; offset /= 2) {
    value.x += __shfl_xor_sync(0xFFFFFFFFu, value.x, offset);
    value.y += __shfl_xor_sync(0xFFFFFFFFu, value.y, offset);
  }
  __syncthreads();
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x % 32 < blockDim.x / 32 ? warps[threadIdx.x % 32] : make_float2(0.0f, 0.0f);
  for (int offset = 16; offset > 0; offset /= 2) {
    value.x += __shfl_xor_sync(0xFFFFFFFFu, value.x, offset);
    value.y += __shfl_xor_sync(0xFFFFFFFFu, value.y, offset);
  }
  return value;
}

// Enough blocks to fill the device, none without work; kernels stride over the rest.
inline unsigned int grid_size(const Launch& launch, std::int64_t blocks_of_work, int blocks_per_processor) {
  const std::int64_t most = static_cast<std::int64_t>(launch.multiprocessors) * blocks_per_processor;
  const std::int64_t least = blocks_of_work < 1 ? 1 : blocks_of_work;
  return static_cast<unsigned int>(least < most ? least : most);
}

// Blocks of this kernel that a multiprocessor holds at once. A stride over more blocks than are resident
// would end in a second wave that fills a part of the device only. Asked once a kernel: all devices of a
// process are alike.
template <auto kernel, int kThreads>
int resident_blocks() {
  static const int blocks = [] {
    int count = 0;
    const cudaError_t status = cudaOccupancyMaxActiveBlocksPerMultiprocessor(&count, kernel, kThreads, 0);
    return status == cudaSuccess && count > 0 ? count : 1;
  }();
  return blocks;
}
template <auto kernel, int kThreads>
unsigned int resident_grid(const Launch& launch, std::int64_t blocks_of_work) {
  return grid_size(launch, blocks_of_work, resident_blocks<kernel, kThreads>());
}

// A block of kThreads as rows of threads: a row of `vectors` is worked on by no more threads than it has
// vectors, so that narrow rows leave none idle. Rows of threads are powers of two, at least a warp.
template <int kThreads>
dim3 row_threads(std::int64_t vectors) {
  unsigned int x = 32;
  while (x < kThreads && x < vectors) x *= 2;
  return dim3(x, kThreads / x);
}
__device__ inline std::int64_t first_row() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y;
}
__device__ inline std::int64_t row_stride() {
  return static_cast<std::int64_t>(gridDim.x) * blockDim.y;
}

// Kernel<T>::run(arguments...) for the format's T.
template <template <typename> class Kernel, typename... Arguments>
cudaError_t dispatch(DataType format, Arguments... arguments) {
  switch (format) {
    case DataType::fp32:
      return Kernel<float>::run(arguments...);
    case DataType::bf16:
      return Kernel<__nv_bfloat16>::run(arguments...);
    case DataType::fp16:
      return Kernel<__half>::run(arguments...);
    default:
      return cudaErrorInvalidValue;
  }
}

}  // namespace traincast::cuda
