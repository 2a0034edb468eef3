// Built where no CBLAS was found.
#include "kernels/cpu/sgemm.h"

namespace traincast {

void sgemm(const SgemmShape& shape, const float* a, const float* b, float* c) {
  sgemm_loops(shape, a, b, c);
}

void sgemm_single_thread() {}

std::string sgemm_library() {
  return "none: plain loops";
}

}  // namespace traincast
