#include "kernels/cuda/vec.cuh"

namespace traincast::cuda {
namespace {

constexpr int kThreads = 256;

__device__ void update(const AdamParameters& a, float g, float& w, float& m, float& v) {
  m = a.beta1 * m + (1.0f - a.beta1) * g;
  v = a.beta2 * v + (1.0f - a.beta2) * g * g;
  const float step = (m / a.correction1) / (sqrtf(v / a.correction2) + a.epsilon);
  w -= a.learning_rate * (step + a.weight_decay * w);
}

__global__ void adam_kernel(AdamParameters a, std::int64_t elements, const float* __restrict__ g,
                            float* __restrict__ w, float* __restrict__ m, float* __restrict__ v,
                            __nv_bfloat16* __restrict__ copy) {
  constexpr int V = 4;
  const std::int64_t vectors = elements / V;
  for (std::int64_t i = thread_index(); i < vectors; i += thread_count()) {
    const auto gradient = load<float, V>(g, i);
    auto weight = load<float, V>(w, i);
    auto first = load<float, V>(m, i);
    auto second = load<float, V>(v, i);
    Vec<__nv_bfloat16, V> rounded;
#pragma unroll
    for (int e = 0; e < V; ++e) {
      update(a, gradient.element[e], weight.element[e], first.element[e], second.element[e]);
      rounded.element[e] = __float2bfloat16_rn(weight.element[e]);
    }
    store(w, i, weight);
    store(m, i, first);
    store(v, i, second);
    store(copy, i, rounded);
  }
  for (std::int64_t i = vectors * V + thread_index(); i < elements; i += thread_count()) {
    update(a, g[i], w[i], m[i], v[i]);
    copy[i] = __float2bfloat16_rn(w[i]);
  }
}

}  // namespace

cudaError_t adam(const Launch& launch, const AdamParameters& parameters, std::int64_t elements,
                 const float* g, float* w, float* m, float* v, void* w_bf16) {
  const unsigned int blocks = resident_grid<adam_kernel, kThreads>(launch, elements / 4 / kThreads + 1);
  adam_kernel<<<blocks, kThreads, 0, launch.stream>>>(parameters, elements, g, w, m, v,
                                                      static_cast<__nv_bfloat16*>(w_bf16));
  return cudaGetLastError();
}

}  // namespace traincast::cuda
