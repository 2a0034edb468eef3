// Built where CMake found a CBLAS.
#include <cblas.h>
#include <dlfcn.h>

#include "kernels/cpu/sgemm.h"

namespace traincast {
namespace {

// Functions that only OpenBLAS has are looked up at run time: the library behind libblas may be changed.
template <typename Function>
Function find(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

void sgemm(const SgemmShape& s, const float* a, const float* b, float* c) {
  const auto m = static_cast<int>(s.m);
  const auto n = static_cast<int>(s.n);
  const auto k = static_cast<int>(s.k);
  cblas_sgemm(CblasRowMajor, s.transpose_a ? CblasTrans : CblasNoTrans,
              s.transpose_b ? CblasTrans : CblasNoTrans, m, n, k, 1.0f, a, s.transpose_a ? m : k, b,
              s.transpose_b ? k : n, s.beta, c, n);
}

void sgemm_single_thread() {
  if (const auto set = find<void (*)(int)>("openblas_set_num_threads")) set(1);
}

std::string sgemm_library() {
  const auto config = find<char* (*)()>("openblas_get_config");
  return config != nullptr ? config() : "CBLAS, version unknown";
}

}  // namespace traincast
