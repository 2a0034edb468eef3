// FP32 matrix product of the CPU backend: CBLAS where CMake found one, plain loops otherwise.
#pragma once

#include <cstdint>
#include <string>

namespace traincast {

// Row-major C[m, n] = op(A)[m, k] op(B)[k, n] + beta C; a transposed operand is stored [k, m] or [n, k].
// Dense: every leading dimension is the stored row's length.
struct SgemmShape {
  std::int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false, transpose_b = false;
  float beta = 0;
};

void sgemm(const SgemmShape& shape, const float* a, const float* b, float* c);

// The loops themselves, always built: the fallback, and the check of the library.
void sgemm_loops(const SgemmShape& shape, const float* a, const float* b, float* c);

// Ranks are cores: a threaded library is told to use one thread.
void sgemm_single_thread();

// "OpenBLAS 0.3.21 ...", "CBLAS, version unknown" or "none: plain loops".
std::string sgemm_library();

}  // namespace traincast
