#include <cuda_fp8.h>

#include "host/base/counter_random.h"
#include "kernels/cuda/vec.cuh"

namespace traincast::cuda {
namespace {

template <typename T>
__device__ T rounded(float x) {
  return from_float<T>(x);
}
template <>
__device__ __nv_fp8_storage_t rounded<__nv_fp8_storage_t>(float x) {
  return __nv_cvt_float_to_fp8(x, __NV_SATFINITE, __NV_E4M3);
}

template <typename T>
__global__ void fill_kernel(T* out, FillOrder order, std::uint64_t key, bool squared) {
  const std::int64_t plane = order.rows * order.columns;
  const std::int64_t elements = order.batch * plane;
  for (std::int64_t i = thread_index(); i < elements; i += thread_count()) {
    std::int64_t number = i;
    if (order.transposed) {
      const std::int64_t within = i % plane;
      number = i - within + within % order.rows * order.columns + within / order.rows;
    }
    const float normal = counter_normal(key, static_cast<std::uint64_t>(number));
    out[i] = rounded<T>(squared ? normal * normal : normal);
  }
}

template <typename T>
struct Fill {
  static cudaError_t run(Launch launch, void* out, FillOrder order, std::uint64_t key, bool squared) {
    const std::int64_t elements = order.batch * order.rows * order.columns;
    fill_kernel<T><<<grid_size(launch, (elements + 255) / 256, 8), 256, 0, launch.stream>>>(
        static_cast<T*>(out), order, key, squared);
    return cudaGetLastError();
  }
};

}  // namespace

cudaError_t fill_normal(const Launch& launch, DataType format, void* out, const FillOrder& order,
                        std::uint64_t key, bool squared) {
  if (format == DataType::fp8_e4m3) {
    return Fill<__nv_fp8_storage_t>::run(launch, out, order, key, squared);
  }
  return dispatch<Fill>(format, launch, out, order, key, squared);
}

}  // namespace traincast::cuda
