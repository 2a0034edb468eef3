// Two passes over each row of logits: an online maximum and sum, then the gradient.
#include <cmath>

#include "kernels/cuda/vec.cuh"

namespace traincast::cuda {
namespace {

constexpr int kThreads = 1024;  // a vocabulary is long

// Sum of exp(x - highest) with the highest seen so far (Milakov and Gimelshein 2018, arXiv 1805.02867).
struct Running {
  float highest = -INFINITY;
  float sum = 0;
  __device__ void merge(float other_highest, float other_sum) {
    const float top = fmaxf(highest, other_highest);
    if (top == -INFINITY) return;  // neither has seen a logit
    sum = sum * __expf(highest - top) + other_sum * __expf(other_highest - top);
    highest = top;
  }
  __device__ void merge_warp() {
    for (int offset = 16; offset > 0; offset /= 2) {
      const float other_highest = __shfl_xor_sync(0xFFFFFFFFu, highest, offset);
      const float other_sum = __shfl_xor_sync(0xFFFFFFFFu, sum, offset);
      merge(other_highest, other_sum);
    }
  }
};

__device__ Running block_merge(Running mine) {
  __shared__ float highest[32];
  __shared__ float sums[32];
  const unsigned int lane = threadIdx.x % 32;
  mine.merge_warp();
  __syncthreads();
  if (lane == 0) {
    highest[threadIdx.x / 32] = mine.highest;
    sums[threadIdx.x / 32] = mine.sum;
  }
  __syncthreads();
  Running all;
  if (lane < blockDim.x / 32) {
    all.highest = highest[lane];
    all.sum = sums[lane];
  }
  all.merge_warp();
  return all;
}

template <typename T, int V>
__global__ void __launch_bounds__(kThreads)
    cross_entropy_kernel(const T* __restrict__ logits, const std::int32_t* __restrict__ labels,
                         T* __restrict__ gradient, float* __restrict__ loss, std::int64_t rows,
                         std::int64_t columns) {
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    const T* x = logits + row * columns;
    Running mine;
#pragma unroll 2  // the loads of both before the exponentials of the first
    for (std::int64_t i = threadIdx.x; i < columns / V; i += blockDim.x) {
      // One rescaling a vector: exponentials, not bytes, would bound a kernel with one an element.
      const auto in = load<T, V>(x, i);
      float highest = to_float(in.element[0]);
#pragma unroll
      for (int e = 1; e < V; ++e) highest = fmaxf(highest, to_float(in.element[e]));
      float sum = 0;
#pragma unroll
      for (int e = 0; e < V; ++e) sum += __expf(to_float(in.element[e]) - highest);
      mine.merge(highest, sum);
    }
    const Running all = block_merge(mine);
    const float log_sum_exp = all.highest + logf(all.sum);
    const std::int64_t label = labels[row];
#pragma unroll 2
    for (std::int64_t i = threadIdx.x; i < columns / V; i += blockDim.x) {
      const auto in = load<T, V>(x, i);
      Vec<T, V> out;
#pragma unroll
      for (int e = 0; e < V; ++e) {
        const float probability = __expf(to_float(in.element[e]) - log_sum_exp);
        out.element[e] = from_float<T>(i * V + e == label ? probability - 1.0f : probability);
      }
      store(gradient + row * columns, i, out);
    }
    if (threadIdx.x == 0) loss[row] = log_sum_exp - to_float(x[label]);
  }
}

template <typename T>
struct CrossEntropy {
  static cudaError_t run(Launch launch, std::int64_t rows, std::int64_t columns, const void* logits,
                         const std::int32_t* labels, void* gradient, float* loss) {
    return columns % kWidth<T> == 0 ? start<kWidth<T>>(launch, rows, columns, logits, labels, gradient, loss)
                                    : start<1>(launch, rows, columns, logits, labels, gradient, loss);
  }
  template <int V>
  static cudaError_t start(Launch launch, std::int64_t rows, std::int64_t columns, const void* logits,
                           const std::int32_t* labels, void* gradient, float* loss) {
    constexpr auto kernel = cross_entropy_kernel<T, V>;
    kernel<<<resident_grid<kernel, kThreads>(launch, rows), kThreads, 0, launch.stream>>>(
        static_cast<const T*>(logits), labels, static_cast<T*>(gradient), loss, rows, columns);
    return cudaGetLastError();
  }
};

}  // namespace

cudaError_t cross_entropy(const Launch& launch, const Matrix& s, const void* logits,
                          const std::int32_t* labels, void* gradient, float* loss) {
  return dispatch<CrossEntropy>(s.format, launch, s.rows, s.columns, logits, labels, gradient, loss);
}

}  // namespace traincast::cuda
