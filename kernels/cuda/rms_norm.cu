// Rows that fit stay in registers (rms_norm_rows.cuh); the kernels here take all others: a block works on one
// row at a time, and its second pass over the row finds it in the cache.
#include "kernels/cuda/rms_norm_rows.cuh"

namespace traincast::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kBackwardThreads = 512;

template <typename T, int V>
__global__ void forward_kernel(const T* __restrict__ x, const T* __restrict__ w, T* __restrict__ y,
                               std::int64_t rows, std::int64_t columns, float epsilon) {
  const std::int64_t vectors = columns / V;
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    float squares = 0;
    for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
      const auto in = load<T, V>(x + row * columns, i);
#pragma unroll
      for (int e = 0; e < V; ++e) squares += to_float(in.element[e]) * to_float(in.element[e]);
    }
    const float scale = rsqrtf(block_sum(squares) / static_cast<float>(columns) + epsilon);
    for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
      const auto in = load<T, V>(x + row * columns, i);
      const auto weight = load<T, V>(w, i);
      Vec<T, V> out;
#pragma unroll
      for (int e = 0; e < V; ++e) {
        out.element[e] = from_float<T>(to_float(in.element[e]) * scale * to_float(weight.element[e]));
      }
      store(y + row * columns, i, out);
    }
  }
}

// Each thread owns its columns' share of dw, in shared memory as [V][vectors] so that a warp meets no bank
// conflict; the block's share goes to `partial`, which a second kernel sums: no atomics, the same result
// every time.
template <typename T, int V>
__global__ void backward_kernel(const T* __restrict__ x, const T* __restrict__ w, const T* __restrict__ dy,
                                T* __restrict__ dx, float* __restrict__ partial, std::int64_t rows,
                                std::int64_t columns, float epsilon) {
  extern __shared__ float dw[];
  const std::int64_t vectors = columns / V;
  for (std::int64_t i = threadIdx.x; i < columns; i += blockDim.x) dw[i] = 0;
  __syncthreads();
  for (std::int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    float squares = 0;
    float product = 0;
    for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
      const auto in = load<T, V>(x + row * columns, i);
      const auto gradient = load<T, V>(dy + row * columns, i);
      const auto weight = load<T, V>(w, i);
#pragma unroll
      for (int e = 0; e < V; ++e) {
        const float value = to_float(in.element[e]);
        squares += value * value;
        product += value * to_float(gradient.element[e]) * to_float(weight.element[e]);
      }
    }
    const float count = static_cast<float>(columns);
    const float scale = rsqrtf(block_sum(squares) / count + epsilon);
    const float mean = block_sum(product) * scale / count;
    for (std::int64_t i = threadIdx.x; i < vectors; i += blockDim.x) {
      const auto in = load<T, V>(x + row * columns, i);
      const auto gradient = load<T, V>(dy + row * columns, i);
      const auto weight = load<T, V>(w, i);
      Vec<T, V> out;
#pragma unroll
      for (int e = 0; e < V; ++e) {
        const float normalised = to_float(in.element[e]) * scale;
        const float incoming = to_float(gradient.element[e]);
        out.element[e] = from_float<T>(scale * (to_float(weight.element[e]) * incoming - normalised * mean));
        dw[e * vectors + i] += incoming * normalised;
      }
      store(dx + row * columns, i, out);
    }
  }
  __syncthreads();
  for (std::int64_t i = threadIdx.x; i < columns; i += blockDim.x) {
    partial[blockIdx.x * columns + i] = dw[i % V * vectors + i / V];
  }
}

// 32 columns a block, eight threads a column.
__global__ void sum_partials_kernel(const float* __restrict__ partial, float* __restrict__ dw,
                                    std::int64_t blocks, std::int64_t columns) {
  __shared__ float sums[8][32];
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * 32 + threadIdx.x;
  float sum = 0;
  if (column < columns) {
    for (std::int64_t b = threadIdx.y; b < blocks; b += 8) sum += partial[b * columns + column];
  }
  sums[threadIdx.y][threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.y != 0 || column >= columns) return;
  for (int i = 1; i < 8; ++i) sum += sums[i][threadIdx.x];
  dw[column] = sum;
}

struct Arguments {
  Launch launch;
  std::int64_t rows, columns;
  float epsilon;
  const void *x, *w, *dy;
  void* out;
  float *dw, *partial;
};

template <typename T>
struct Forward {
  static cudaError_t run(Arguments a) {
    constexpr int V = kWidth<T>;
    const std::int64_t vectors = a.columns / V;
    if (a.columns % V != 0) return start<forward_kernel<T, 1>>(a, dim3(kThreads));
    if (vectors <= 128) return start<forward_rows_kernel<T, V, 32, 4>>(a, dim3(32, kThreads / 32));
    if (vectors <= 256) return start<forward_rows_kernel<T, V, kThreads, 1>>(a, dim3(kThreads));
    if (vectors <= 512) return start<forward_rows_kernel<T, V, kThreads, 2>>(a, dim3(kThreads));
    if (vectors <= 1024) return start<forward_rows_kernel<T, V, kThreads, 4>>(a, dim3(kThreads));
    if (vectors <= 2048) return start<forward_rows_kernel<T, V, kThreads, 8>>(a, dim3(kThreads));
    return start<forward_kernel<T, V>>(a, dim3(kThreads));
  }
  template <auto kernel>
  static cudaError_t start(const Arguments& a, dim3 threads) {
    const std::int64_t blocks = (a.rows + threads.y - 1) / threads.y;
    kernel<<<resident_grid<kernel, kThreads>(a.launch, blocks), threads, 0, a.launch.stream>>>(
        static_cast<const T*>(a.x), static_cast<const T*>(a.w), static_cast<T*>(a.out), a.rows, a.columns,
        a.epsilon);
    return cudaGetLastError();
  }
};

template <typename T>
struct Backward {
  static cudaError_t run(Arguments a) {
    constexpr int V = kWidth<T>;
    const std::int64_t vectors = a.columns / V;
    if (a.columns % V != 0) return any_row<1>(a);
    if (vectors <= 128) return held_rows<128, 1>(a);
    if (vectors <= 256) return held_rows<256, 1>(a);
    if (vectors <= 512) return held_rows<512, 1>(a);
    if (vectors <= 1024) return held_rows<1024, 1>(a);
    if (vectors <= 2048) return held_rows<512, 4>(a);
    return any_row<V>(a);
  }

  template <int kRowThreads, int kHeld>
  static cudaError_t held_rows(const Arguments& a) {
    constexpr auto kernel = backward_rows_kernel<T, kWidth<T>, kRowThreads, kHeld>;
    const unsigned int most =
        static_cast<unsigned int>(rms_norm_backward_blocks(a.launch, a.rows, a.columns));
    const unsigned int resident = resident_grid<kernel, kRowThreads>(a.launch, a.rows);
    return start(a, kernel, resident < most ? resident : most, kRowThreads, 0);
  }
  template <int V>
  static cudaError_t any_row(const Arguments& a) {
    const auto kernel = backward_kernel<T, V>;
    const auto shared = static_cast<std::size_t>(a.columns) * sizeof(float);
    const cudaError_t status =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared));
    if (status != cudaSuccess) return status;
    return start(a, kernel, grid_size(a.launch, a.rows, 2), kBackwardThreads, shared);
  }
  template <typename Kernel>
  static cudaError_t start(const Arguments& a, Kernel kernel, unsigned int blocks, int threads,
                           std::size_t shared) {
    kernel<<<blocks, threads, shared, a.launch.stream>>>(
        static_cast<const T*>(a.x), static_cast<const T*>(a.w), static_cast<const T*>(a.dy),
        static_cast<T*>(a.out), a.partial, a.rows, a.columns, a.epsilon);
    const cudaError_t status = cudaGetLastError();
    if (status != cudaSuccess) return status;
    sum_partials_kernel<<<static_cast<unsigned int>((a.columns + 31) / 32), dim3(32, 8), 0,
                          a.launch.stream>>>(a.partial, a.dw, blocks, a.columns);
    return cudaGetLastError();
  }
};

}  // namespace

cudaError_t rms_norm(const Launch& launch, const Matrix& s, float epsilon, const void* x, const void* w,
                     void* y) {
  return dispatch<Forward>(s.format,
                           Arguments{launch, s.rows, s.columns, epsilon, x, w, nullptr, y, nullptr, nullptr});
}

// Blocks of narrow rows have fewer threads, so more of them fit.
int rms_norm_backward_blocks(const Launch& launch, std::int64_t rows, std::int64_t columns) {
  const int blocks_per_processor = columns <= 1024 ? 8 : columns <= 2048 ? 4 : 2;
  return static_cast<int>(grid_size(launch, rows, blocks_per_processor));
}

cudaError_t rms_norm_backward(const Launch& launch, const Matrix& s, float epsilon, const void* x,
                              const void* w, const void* dy, void* dx, float* dw, float* partial) {
  return dispatch<Backward>(s.format,
                            Arguments{launch, s.rows, s.columns, epsilon, x, w, dy, dx, dw, partial});
}

}  // namespace traincast::cuda
