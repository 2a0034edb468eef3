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
Gemm all_groups(const GroupedGemm& op) {
  Gemm batch = one_group(op);
  batch.batch = op.groups;
  return batch;
}

std::size_t batch_alignment(const Gemm& op) {
  Gemm one = op;
  one.batch = 1;
  return start_alignment(one, op.batch);
}

// Executed once for each of `groups`, one after another.
struct Plan {
  Matmul matmul;
  std::int64_t groups;
  std::string what;
};

class GemmLauncher final : public Launcher {
 public:
  // `op` is one group.
  GemmLauncher(const Gemm& op, std::vector<Plan> plans, const MatmulContext& context)
      : context_(context), strides_(strides_of(op)), plans_(std::move(plans)) {
    choose(0);
  }

  void launch(const std::vector<void*>& tensors, cudaStream_t stream) override {
    const auto at = [&](std::size_t tensor, std::int64_t group) {
      return static_cast<std::byte*>(tensors[tensor]) + group * strides_[tensor];
    };
    const Plan& plan = plans_[chosen_];
    for (std::int64_t i = 0; i < plan.groups; ++i) {
      plan.matmul.run(context_, at(0, i), at(1, i), at(2, i), stream);
    }
  }
  // Split-k adds a kernel that sums.
  int launches() const override {
    constexpr std::int64_t kMany = 1'000'000;
    return static_cast<int>(std::min(kMany, 2 * plans_[chosen_].groups));
  }

  int choices() const override {
    int all = 0;
    for (const Plan& plan : plans_) all += plan.matmul.choices();
    return all;
  }
  void choose(int choice) override {
    chosen_ = 0;
    while (choice >= plans_[chosen_].matmul.choices()) choice -= plans_[chosen_++].matmul.choices();
    plans_[chosen_].matmul.choose(choice);
  }
  std::string algorithm() const override {
    const Plan& plan = plans_[chosen_];
    return plan.what + plan.matmul.algorithm();
  }

 private:
  const MatmulContext& context_;
  std::vector<std::int64_t> strides_;  // bytes from one group to the next, for each operand
  std::vector<Plan> plans_;
  std::size_t chosen_ = 0;
};

std::string why_not_fp8(const Gemm& op) {
  // cuBLASLt, "To use FP8 kernels": dimensions in multiples of 16. Its m and k are our n and k.
  const bool odd = op.dtype == DataType::fp8_e4m3 && (op.n % 16 != 0 || op.k % 16 != 0);
  return odd ? "FP8 products need n and k in multiples of 16" : "";
}

std::optional<Matmul> plan_grouped(const GroupedGemm& op, const MatmulContext& context, bool batched,
                                   int most) {
  if (batched) return Matmul::plan(context, all_groups(op), batch_alignment(all_groups(op)), most);
  return Matmul::plan(context, one_group(op), start_alignment(one_group(op), op.groups), most);
}

}  // namespace

std::unique_ptr<Launcher> make_gemm(const Gemm& op, const MatmulContext& context, int algorithms) {
  std::optional<Matmul> matmul = Matmul::plan(context, op, batch_alignment(op), algorithms);
  if (!matmul) throw DeviceError("cuBLASLt has no algorithm for " + to_string(Op(op)));
  std::vector<Plan> plans;
  plans.push_back({std::move(*matmul), 1, ""});
  return std::make_unique<GemmLauncher>(op, std::move(plans), context);
}

std::unique_ptr<Launcher> make_grouped_gemm(const GroupedGemm& op, const MatmulContext& context,
                                            int algorithms) {
  std::vector<Plan> plans;
  if (auto matmul = plan_grouped(op, context, true, algorithms)) {
    plans.push_back({std::move(*matmul), 1, "strided-batched "});
  }
  if (plans.empty() || algorithms > 1) {
    if (auto matmul = plan_grouped(op, context, false, algorithms)) {
      plans.push_back({std::move(*matmul), op.groups, "one product a group "});
    }
  }
  if (plans.empty()) throw DeviceError("cuBLASLt has no algorithm for " + to_string(Op(op)));
  return std::make_unique<GemmLauncher>(one_group(op), std::move(plans), context);
}

std::string why_no_gemm(const Gemm& op, const MatmulContext& context) {
  if (std::string why = why_not_fp8(op); !why.empty()) return why;
  return Matmul::plan(context, op, batch_alignment(op)) ? "" : "cuBLASLt has no algorithm for it";
}

std::string why_no_grouped_gemm(const GroupedGemm& op, const MatmulContext& context) {
  if (std::string why = why_not_fp8(one_group(op)); !why.empty()) return why;
  const bool any = plan_grouped(op, context, true, 1) || plan_grouped(op, context, false, 1);
  return any ? "" : "cuBLASLt has no algorithm for it";
}

}  // namespace traincast::cuda
