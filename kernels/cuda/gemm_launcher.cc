#include <algorithm>
#include <optional>
#include <utility>

#include "kernels/cuda/launcher.h"
#include "kernels/cuda/operand_sets.h"

namespace traincast::cuda {
namespace {

// Largest power of two that divides the start of every group, at most kAlignment.
std::size_t alignment_of(std::int64_t stride_bytes) {
  const auto stride = static_cast<std::size_t>(stride_bytes);
  return std::min(kAlignment, stride & (~stride + 1));
}

// Bytes from one group to the next, for each operand.
std::vector<std::int64_t> strides_of(const Gemm& one) {
  std::vector<std::int64_t> strides;
  for (const Operand& operand : operands(one)) {
    strides.push_back(operand.elements * static_cast<std::int64_t>(bytes_per_element(operand.format)));
  }
  return strides;
}

// Where every product of a batch or group may start.
std::size_t start_alignment(const Gemm& one, std::int64_t products) {
  std::size_t alignment = kAlignment;
  if (products == 1) return alignment;
  for (const std::int64_t stride : strides_of(one)) alignment = std::min(alignment, alignment_of(stride));
  return alignment;
}

Gemm one_group(const GroupedGemm& op) {
  return {.m = op.m, .n = op.n, .k = op.k, .dtype = op.dtype, .layout = op.layout};
}

std::size_t batch_alignment(const Gemm& op) {
  Gemm one = op;
  one.batch = 1;
  return start_alignment(one, op.batch);
}

std::string why_no_plan(const Gemm& op, const MatmulContext& context, std::size_t alignment) {
  if (op.dtype == DataType::fp8_e4m3 && (op.n % 16 != 0 || op.k % 16 != 0)) {
    return "FP8 products need n and k in multiples of 16";  // cuBLASLt, "Requirements to use FP8 kernels"
  }
  return Matmul::plan(context, op, alignment) ? "" : "cuBLASLt has no algorithm for it";
}

class GemmLauncher final : public Launcher {
 public:
  GemmLauncher(const Gemm& op, std::size_t alignment, std::int64_t groups, const MatmulContext& context)
      : context_(context), groups_(groups), strides_(strides_of(op)) {
    std::optional<Matmul> plan = Matmul::plan(context, op, alignment);
    if (!plan) throw DeviceError("cuBLASLt has no algorithm for " + to_string(Op(op)));
    matmul_.emplace(std::move(*plan));
  }

  void launch(const std::vector<void*>& tensors, cudaStream_t stream) override {
    const auto at = [&](std::size_t tensor, std::int64_t group) {
      return static_cast<std::byte*>(tensors[tensor]) + group * strides_[tensor];
    };
    for (std::int64_t i = 0; i < groups_; ++i) {
      matmul_->run(context_, at(0, i), at(1, i), at(2, i), stream);
    }
  }

 private:
  const MatmulContext& context_;
  std::int64_t groups_;
  std::vector<std::int64_t> strides_;
  std::optional<Matmul> matmul_;
};

}  // namespace

std::unique_ptr<Launcher> make_gemm(const Gemm& op, const MatmulContext& context) {
  return std::make_unique<GemmLauncher>(op, batch_alignment(op), 1, context);
}

std::unique_ptr<Launcher> make_grouped_gemm(const GroupedGemm& op, const MatmulContext& context) {
  return std::make_unique<GemmLauncher>(one_group(op), start_alignment(one_group(op), op.groups), op.groups,
                                        context);
}

std::string why_no_gemm(const Gemm& op, const MatmulContext& context) {
  return why_no_plan(op, context, batch_alignment(op));
}

std::string why_no_grouped_gemm(const GroupedGemm& op, const MatmulContext& context) {
  return why_no_plan(one_group(op), context, start_alignment(one_group(op), op.groups));
}

}  // namespace traincast::cuda
