// SwiGLU and rotary embedding: a row of threads works on one row at a time.
#include "kernels/cuda/vec.cuh"

namespace traincast::cuda {
namespace {

constexpr int kThreads = 256;

__device__ float sigmoid(float x) {
  return 1.0f / (1.0f + __expf(-x));
}

template <typename T, int V>
__global__ void swiglu_kernel(const T* __restrict__ gate_up, T* __restrict__ y, std::int64_t rows,
                              std::int64_t columns) {
  for (std::int64_t row = first_row(); row < rows; row += row_stride()) {
    const T* in = gate_up + 2 * row * columns;
    for (std::int64_t i = threadIdx.x; i < columns / V; i += blockDim.x) {
      const auto gate = load<T, V>(in, i);
      const auto up = load<T, V>(in + columns, i);
      Vec<T, V> out;
#pragma unroll
      for (int e = 0; e < V; ++e) {
        const float g = to_float(gate.element[e]);
        out.element[e] = from_float<T>(g * sigmoid(g) * to_float(up.element[e]));
      }
      store(y + row * columns, i, out);
    }
  }
}

template <typename T, int V>
__global__ void swiglu_backward_kernel(const T* __restrict__ gate_up, const T* __restrict__ dy,
                                       T* __restrict__ d_gate_up, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t row = first_row(); row < rows; row += row_stride()) {
    const T* in = gate_up + 2 * row * columns;
    T* out = d_gate_up + 2 * row * columns;
    for (std::int64_t i = threadIdx.x; i < columns / V; i += blockDim.x) {
      const auto gate = load<T, V>(in, i);
      const auto up = load<T, V>(in + columns, i);
      const auto gradient = load<T, V>(dy + row * columns, i);
      Vec<T, V> d_gate;
      Vec<T, V> d_up;
#pragma unroll
      for (int e = 0; e < V; ++e) {
        const float g = to_float(gate.element[e]);
        const float incoming = to_float(gradient.element[e]);
        const float gated = sigmoid(g);
        d_gate.element[e] =
            from_float<T>(incoming * to_float(up.element[e]) * gated * (1.0f + g * (1.0f - gated)));
        d_up.element[e] = from_float<T>(incoming * g * gated);
      }
      store(out, i, d_gate);
      store(out + columns, i, d_up);
    }
  }
}

// Thread i of a row rotates V pairs (j, j + half) of one head.
template <typename T, int V>
__global__ void rope_kernel(const T* __restrict__ x, const float* __restrict__ angles, T* __restrict__ y,
                            std::int64_t rows, std::int64_t columns, std::int64_t half,
                            std::int64_t positions) {
  const std::int64_t vectors = half / V;  // of one half of a head
  for (std::int64_t row = first_row(); row < rows; row += row_stride()) {
    const float* angle = angles + row % positions * 2 * half;
    for (std::int64_t i = threadIdx.x; i < columns / 2 / V; i += blockDim.x) {
      const std::int64_t first = i / vectors * 2 * vectors + i % vectors;
      const auto low = load<T, V>(x + row * columns, first);
      const auto high = load<T, V>(x + row * columns, first + vectors);
      const auto turn = load<float, 2 * V>(angle, i % vectors);
      Vec<T, V> out_low;
      Vec<T, V> out_high;
#pragma unroll
      for (int e = 0; e < V; ++e) {
        const float a = to_float(low.element[e]);
        const float b = to_float(high.element[e]);
        out_low.element[e] = from_float<T>(a * turn.element[2 * e] - b * turn.element[2 * e + 1]);
        out_high.element[e] = from_float<T>(b * turn.element[2 * e] + a * turn.element[2 * e + 1]);
      }
      store(y + row * columns, first, out_low);
      store(y + row * columns, first + vectors, out_high);
    }
  }
}

struct Arguments {
  Launch launch;
  std::int64_t rows, columns;
  const void *x, *dy;
  void* out;
  const float* angles;
  std::int64_t half, positions;
};

// `vectors` are those of one row.
template <auto kernel, typename... Pointers>
cudaError_t start(const Arguments& a, std::int64_t vectors, Pointers... pointers) {
  const dim3 threads = row_threads<kThreads>(vectors);
  const std::int64_t blocks = (a.rows + threads.y - 1) / threads.y;
  kernel<<<resident_grid<kernel, kThreads>(a.launch, blocks), threads, 0, a.launch.stream>>>(
      pointers..., a.rows, a.columns);
  return cudaGetLastError();
}

template <typename T>
struct Forward {
  static cudaError_t run(Arguments a) {
    const auto* x = static_cast<const T*>(a.x);
    auto* y = static_cast<T*>(a.out);
    constexpr int V = kWidth<T>;
    return a.columns % V == 0 ? start<swiglu_kernel<T, V>>(a, a.columns / V, x, y)
                              : start<swiglu_kernel<T, 1>>(a, a.columns, x, y);
  }
};

template <typename T>
struct Backward {
  static cudaError_t run(Arguments a) {
    const auto* x = static_cast<const T*>(a.x);
    const auto* dy = static_cast<const T*>(a.dy);
    auto* dx = static_cast<T*>(a.out);
    constexpr int V = kWidth<T>;
    return a.columns % V == 0 ? start<swiglu_backward_kernel<T, V>>(a, a.columns / V, x, dy, dx)
                              : start<swiglu_backward_kernel<T, 1>>(a, a.columns, x, dy, dx);
  }
};

template <typename T>
struct Rope {
  static cudaError_t run(Arguments a) {
    constexpr int V = kWidth<T>;
    return a.half % V == 0 ? launch<V>(a) : launch<1>(a);
  }
  template <int V>
  static cudaError_t launch(const Arguments& a) {
    const dim3 threads = row_threads<kThreads>(a.columns / 2 / V);
    const std::int64_t blocks = (a.rows + threads.y - 1) / threads.y;
    rope_kernel<T, V>
        <<<resident_grid<rope_kernel<T, V>, kThreads>(a.launch, blocks), threads, 0, a.launch.stream>>>(
            static_cast<const T*>(a.x), a.angles, static_cast<T*>(a.out), a.rows, a.columns, a.half,
            a.positions);
    return cudaGetLastError();
  }
};

}  // namespace

cudaError_t swiglu(const Launch& launch, const Matrix& s, const void* gate_up, void* y) {
  return dispatch<Forward>(s.format,
                           Arguments{launch, s.rows, s.columns, gate_up, nullptr, y, nullptr, 0, 0});
}

cudaError_t swiglu_backward(const Launch& launch, const Matrix& s, const void* gate_up, const void* dy,
                            void* d_gate_up) {
  return dispatch<Backward>(s.format,
                            Arguments{launch, s.rows, s.columns, gate_up, dy, d_gate_up, nullptr, 0, 0});
}

cudaError_t rope(const Launch& launch, const Matrix& s, std::int64_t head_dim, std::int64_t positions,
                 const void* x, const float* angles, void* y) {
  return dispatch<Rope>(s.format,
                        Arguments{launch, s.rows, s.columns, x, nullptr, y, angles, head_dim / 2, positions});
}

}  // namespace traincast::cuda
