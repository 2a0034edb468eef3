#include "kernels/cpu/reference.h"
#include "kernels/cpu/sgemm.h"

namespace traincast {

void run_gemm(const Gemm& op, Tensors& tensors) {
  SgemmShape shape{.m = op.m, .n = op.n, .k = op.k};
  shape.transpose_b = op.layout == GemmLayout::forward;
  shape.transpose_a = op.layout == GemmLayout::weight_gradient;
  shape.beta = op.layout == GemmLayout::weight_gradient ? 1.0f : 0.0f;
  for (std::int64_t i = 0; i < op.batch; ++i) {
    sgemm(shape, tensors[0].data() + i * op.m * op.k, tensors[1].data() + i * op.k * op.n,
          tensors[2].data() + i * op.m * op.n);
  }
}

}  // namespace traincast
