// RMSNorm of rows that fit in the registers of the threads that work on them: every element is read once.
#pragma once

#include "kernels/cuda/vec.cuh"

namespace traincast::cuda {

// Over the kRowThreads threads of one row: a warp, or the block.
template <int kRowThreads>
__device__ float row_sum(float value) {
  if constexpr (kRowThreads > 32) {
    return block_sum(value);
  } else {
    for (int offset = 16; offset > 0; offset /= 2) value += __shfl_xor_sync(0xFFFFFFFFu, value, offset);
    return value;
  }
}

// kHeld vectors a thread: columns / V <= kRowThreads * kHeld.
template <typename T, int V, int kRowThreads, int kHeld>
__global__ void forward_rows_kernel(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ y,
                                    std::int64_t rows, std::int64_t columns, float epsilon) {
  const int vectors = static_cast<int>(columns / V);
  // All threads of a row leave the loop together, as the sums need.
  for (std::int64_t row = first_row(); row < rows; row += row_stride()) {
    Vec<T, V> in[kHeld];
    float squares = 0;
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      const int i = static_cast<int>(threadIdx.x) + k * kRowThreads;
      if (i < vectors) in[k] = load<T, V>(x + row * columns, i);
    }
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      if (static_cast<int>(threadIdx.x) + k * kRowThreads >= vectors) continue;
#pragma unroll
      for (int e = 0; e < V; ++e) squares += to_float(in[k].element[e]) * to_float(in[k].element[e]);
    }
    const float scale = rsqrtf(row_sum<kRowThreads>(squares) / static_cast<float>(columns) + epsilon);
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      const int i = static_cast<int>(threadIdx.x) + k * kRowThreads;
      if (i >= vectors) continue;
      const auto weight = load<T, V>(w, i);
      Vec<T, V> out;
#pragma unroll
      for (int e = 0; e < V; ++e) {
        out.element[e] = from_float<T>(to_float(in[k].element[e]) * scale * to_float(weight.element[e]));
      }
      store(y + row * columns, i, out);
    }
  }
}

// A thread keeps the same columns in every row, and so its share of dw in registers; the block's share goes
// to `partial`. The next row is on its way while this one is summed: few blocks fit beside each other.
template <typename T, int V, int kThreads, int kHeld>
__global__ void __launch_bounds__(kThreads, kHeld == 1 ? 1024 / kThreads : 1)
    backward_rows_kernel(const T* __restrict__ x, const T* __restrict__ w, const T* __restrict__ dy,
                         T* __restrict__ dx, float* __restrict__ partial, std::int64_t rows,
                         std::int64_t columns, float epsilon) {
  const int vectors = static_cast<int>(columns / V);
  const auto at = [](int k) { return static_cast<int>(threadIdx.x) + k * kThreads; };
  Vec<T, V> next_x[kHeld];
  Vec<T, V> next_dy[kHeld];
  float dw[kHeld][V] = {};
  const auto fetch = [&](std::int64_t row) {
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      if (row >= rows || at(k) >= vectors) continue;
      next_x[k] = load<T, V>(x + row * columns, at(k));
      next_dy[k] = load<T, V>(dy + row * columns, at(k));
    }
  };
  fetch(blockIdx.x);
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    Vec<T, V> in[kHeld];
    Vec<T, V> gradient[kHeld];
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      in[k] = next_x[k];
      gradient[k] = next_dy[k];
    }
    fetch(row + gridDim.x);
    float2 sums = make_float2(0.0f, 0.0f);  // of x^2, and of x dy w
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      if (at(k) >= vectors) continue;
      const auto weight = load<T, V>(w, at(k));
#pragma unroll
      for (int e = 0; e < V; ++e) {
        const float value = to_float(in[k].element[e]);
        sums.x += value * value;
        sums.y += value * to_float(gradient[k].element[e]) * to_float(weight.element[e]);
      }
    }
    sums = block_sum(sums);
    const float count = static_cast<float>(columns);
    const float scale = rsqrtf(sums.x / count + epsilon);
    const float mean = sums.y * scale / count;
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      if (at(k) >= vectors) continue;
      const auto weight = load<T, V>(w, at(k));
      Vec<T, V> out;
#pragma unroll
      for (int e = 0; e < V; ++e) {
        const float normalised = to_float(in[k].element[e]) * scale;
        const float incoming = to_float(gradient[k].element[e]);
        out.element[e] = from_float<T>(scale * (to_float(weight.element[e]) * incoming - normalised * mean));
        dw[k][e] += incoming * normalised;
      }
      store(dx + row * columns, at(k), out);
    }
  }
#pragma unroll
  for (int k = 0; k < kHeld; ++k) {
    if (at(k) >= vectors) continue;
#pragma unroll
    for (int e = 0; e < V; ++e) {
      partial[blockIdx.x * columns + static_cast<std::int64_t>(at(k)) * V + e] = dw[k][e];
    }
  }
}

}  // namespace traincast::cuda
