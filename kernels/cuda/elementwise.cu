// Kernels without a reduction: 16-byte accesses, a grid-stride loop, and single elements for what is left
// over.
#include <cuda_fp8.h>

#include "kernels/cuda/vec.cuh"

namespace traincast::cuda {
namespace {

constexpr int kThreads = 256;

template <auto kernel>
unsigned int flat_grid(const Launch& launch, std::int64_t threads) {
  return resident_grid<kernel, kThreads>(launch, (threads + kThreads - 1) / kThreads);
}

// Four loads of a thread before the first store. The yardstick of all others. 16 bytes a thread of a full
// multiprocessor are 32 KiB in flight, twice what 3.35 TB/s over 132 processors at 700 ns need for the reads.
__global__ void copy_kernel(const unsigned char* __restrict__ x, unsigned char* __restrict__ y,
                            std::int64_t bytes) {
  constexpr int kAtOnce = 4;
  const std::int64_t vectors = bytes / 16;
  const std::int64_t stride = thread_count();
  std::int64_t i = thread_index();
  for (; i + (kAtOnce - 1) * stride < vectors; i += kAtOnce * stride) {
    Vec<unsigned char, 16> in[kAtOnce];
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) in[k] = load<unsigned char, 16>(x, i + k * stride);
#pragma unroll
    for (int k = 0; k < kAtOnce; ++k) store(y, i + k * stride, in[k]);
  }
  for (; i < vectors; i += stride) store(y, i, load<unsigned char, 16>(x, i));
  for (i = vectors * 16 + thread_index(); i < bytes; i += stride) y[i] = x[i];
}

template <typename Unit>
__global__ void permute_kernel(const Unit* __restrict__ x, const std::int32_t* __restrict__ order,
                               Unit* __restrict__ y, std::int64_t rows, std::int64_t units) {
  for (std::int64_t row = first_row(); row < rows; row += row_stride()) {
    const Unit* from = x + order[row] * units;
#pragma unroll 4
    for (std::int64_t i = threadIdx.x; i < units; i += blockDim.x) y[row * units + i] = from[i];
  }
}

template <typename T>
__global__ void add_kernel(const T* __restrict__ a, const T* __restrict__ b, T* __restrict__ y,
                           std::int64_t elements) {
  constexpr int V = kWidth<T>;
  const std::int64_t vectors = elements / V;
  for (std::int64_t i = thread_index(); i < vectors; i += thread_count()) {
    const auto left = load<T, V>(a, i);
    const auto right = load<T, V>(b, i);
    Vec<T, V> sum;
#pragma unroll
    for (int e = 0; e < V; ++e) {
      sum.element[e] = from_float<T>(to_float(left.element[e]) + to_float(right.element[e]));
    }
    store(y, i, sum);
  }
  for (std::int64_t i = vectors * V + thread_index(); i < elements; i += thread_count()) {
    y[i] = from_float<T>(to_float(a[i]) + to_float(b[i]));
  }
}

template <typename T>
struct Add {
  static cudaError_t run(Launch launch, std::int64_t elements, const void* a, const void* b, void* y) {
    add_kernel<T><<<flat_grid<add_kernel<T>>(launch, elements / kWidth<T> + 1), kThreads, 0, launch.stream>>>(
        static_cast<const T*>(a), static_cast<const T*>(b), static_cast<T*>(y), elements);
    return cudaGetLastError();
  }
};

// Two 16-byte loads a thread, each of a whole line by a warp, and as many stores of half or a quarter of a
// line.
template <typename T>
__global__ void cast_kernel(const T* __restrict__ x, float scale, __nv_fp8_storage_t* __restrict__ y,
                            std::int64_t elements) {
  constexpr int V = kWidth<T>;
  const std::int64_t vectors = elements / V;
  const auto convert = [&](const Vec<T, V>& in, std::int64_t at) {
    Vec<__nv_fp8x2_storage_t, V / 2> out;
#pragma unroll
    for (int e = 0; e < V / 2; ++e) {
      const float2 pair =
          make_float2(scale * to_float(in.element[2 * e]), scale * to_float(in.element[2 * e + 1]));
      out.element[e] = __nv_cvt_float2_to_fp8x2(pair, __NV_SATFINITE, __NV_E4M3);
    }
    store(reinterpret_cast<__nv_fp8x2_storage_t*>(y), at, out);
  };
  const std::int64_t stride = thread_count();
  std::int64_t i = thread_index();
  for (; i + stride < vectors; i += 2 * stride) {
    const auto first = load<T, V>(x, i);
    const auto second = load<T, V>(x, i + stride);
    convert(first, i);
    convert(second, i + stride);
  }
  if (i < vectors) convert(load<T, V>(x, i), i);
  for (i = vectors * V + thread_index(); i < elements; i += stride) {
    y[i] = __nv_cvt_float_to_fp8(scale * to_float(x[i]), __NV_SATFINITE, __NV_E4M3);
  }
}

template <typename T>
struct Cast {
  static cudaError_t run(Launch launch, std::int64_t elements, const void* x, float scale, void* y) {
    cast_kernel<T>
        <<<flat_grid<cast_kernel<T>>(launch, elements / kWidth<T> + 1), kThreads, 0, launch.stream>>>(
            static_cast<const T*>(x), scale, static_cast<__nv_fp8_storage_t*>(y), elements);
    return cudaGetLastError();
  }
};

template <typename Unit>
cudaError_t permute_units(const Launch& launch, const void* x, const std::int32_t* order, void* y,
                          std::int64_t rows, std::int64_t units) {
  const dim3 threads = row_threads<kThreads>(units);
  const std::int64_t blocks = (rows + threads.y - 1) / threads.y;
  permute_kernel<Unit>
      <<<resident_grid<permute_kernel<Unit>, kThreads>(launch, blocks), threads, 0, launch.stream>>>(
          static_cast<const Unit*>(x), order, static_cast<Unit*>(y), rows, units);
  return cudaGetLastError();
}

}  // namespace

cudaError_t copy_bytes(const Launch& launch, const void* x, void* y, std::int64_t bytes) {
  copy_kernel<<<flat_grid<copy_kernel>(launch, bytes / 16 + 1), kThreads, 0, launch.stream>>>(
      static_cast<const unsigned char*>(x), static_cast<unsigned char*>(y), bytes);
  return cudaGetLastError();
}

cudaError_t permute_rows(const Launch& launch, const void* x, const std::int32_t* order, void* y,
                         std::int64_t rows, std::int64_t row_bytes) {
  if (row_bytes % 16 == 0) return permute_units<uint4>(launch, x, order, y, rows, row_bytes / 16);
  return permute_units<unsigned char>(launch, x, order, y, rows, row_bytes);
}

cudaError_t residual_add(const Launch& launch, const Matrix& s, const void* a, const void* b, void* y) {
  return dispatch<Add>(s.format, launch, s.rows * s.columns, a, b, y);
}

cudaError_t cast_fp8(const Launch& launch, const Matrix& s, const void* x, float scale, void* y) {
  return dispatch<Cast>(s.format, launch, s.rows * s.columns, x, scale, y);
}

}  // namespace traincast::cuda
