// Launchers of the CUDA kernels: the border between nvcc (C++17) and the host compiler (C++20). All
// asynchronous on the given stream; all return the launch's status. Pointers are device pointers, aligned to
// 16 bytes. Formats: fp32, bf16 and fp16; anything else gives cudaErrorInvalidValue.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "host/base/data_type.h"

namespace traincast::cuda {

struct Launch {
  cudaStream_t stream = nullptr;
  int multiprocessors = 1;
};

// A matrix of rows x columns elements, row-major.
struct Matrix {
  DataType format = DataType::bf16;
  std::int64_t rows = 0, columns = 0;
};

// One empty kernel.
cudaError_t launch_nothing(cudaStream_t stream);

// Fills with the deviates of counter_random.h (their squares where `squared`); also fp8_e4m3. `order` is the
// tensor as numbered, row-major; `transposed` stores it [columns, rows], in each of `batch` matrices.
struct FillOrder {
  std::int64_t batch = 1, rows = 1, columns = 0;
  bool transposed = false;
};
cudaError_t fill_normal(const Launch&, DataType format, void* out, const FillOrder& order, std::uint64_t key,
                        bool squared);

cudaError_t copy_bytes(const Launch&, const void* x, void* y, std::int64_t bytes);
// y[r] = x[order[r]], rows of `row_bytes`.
cudaError_t permute_rows(const Launch&, const void* x, const std::int32_t* order, void* y, std::int64_t rows,
                         std::int64_t row_bytes);
cudaError_t residual_add(const Launch&, const Matrix&, const void* a, const void* b, void* y);
cudaError_t cast_fp8(const Launch&, const Matrix&, const void* x, float scale, void* y);

cudaError_t rms_norm(const Launch&, const Matrix&, float epsilon, const void* x, const void* w, void* y);
// `partial` holds rms_norm_backward_blocks() x columns floats; dynamic shared memory of columns floats is
// used.
int rms_norm_backward_blocks(const Launch&, std::int64_t rows, std::int64_t columns);
cudaError_t rms_norm_backward(const Launch&, const Matrix&, float epsilon, const void* x, const void* w,
                              const void* dy, void* dx, float* dw, float* partial);

cudaError_t swiglu(const Launch&, const Matrix&, const void* gate_up, void* y);
cudaError_t swiglu_backward(const Launch&, const Matrix&, const void* gate_up, const void* dy,
                            void* d_gate_up);
// angles[row % positions][head_dim / 2] pairs of cosine and sine.
cudaError_t rope(const Launch&, const Matrix&, std::int64_t head_dim, std::int64_t positions, const void* x,
                 const float* angles, void* y);
cudaError_t cross_entropy(const Launch&, const Matrix&, const void* logits, const std::int32_t* labels,
                          void* gradient, float* loss);

struct AdamParameters {
  float learning_rate, beta1, beta2, epsilon, weight_decay, correction1, correction2;
};
cudaError_t adam(const Launch&, const AdamParameters&, std::int64_t elements, const float* g, float* w,
                 float* m, float* v, void* w_bf16);

}  // namespace traincast::cuda
