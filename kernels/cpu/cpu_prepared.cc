#include "kernels/cpu/cpu_prepared.h"

#include <algorithm>
#include <limits>

#include "kernels/cpu/reference.h"
#include "kernels/number_format.h"
#include "kernels/operands.h"

namespace traincast {
namespace {

class CpuOp final : public CpuPrepared {
 public:
  CpuOp(const Op& op, std::uint64_t seed)
      : op_(op),
        seed_(seed),
        operands_(operands(op)),
        indices_(row_indices(op, seed)),
        angles_(rope_angles(op)) {
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      tensors_.emplace_back(static_cast<std::size_t>(operands_[i].elements));
      fill(i);
    }
    if (const auto* attention = std::get_if<Attention>(&op_);
        attention != nullptr && attention->pass == Pass::backward) {
      state_ = attention_forward(*attention, tensors_[0], tensors_[1], tensors_[2]);
      for (float& x : state_.o) x = round_to(attention->dtype, x);
    }
  }

  void run() override { std::visit(*this, op_); }

  void operator()(const Gemm& op) { run_gemm(op, tensors_); }
  void operator()(const GroupedGemm& op) {
    run_gemm({.m = op.m, .n = op.n, .k = op.k, .dtype = op.dtype, .layout = op.layout, .batch = op.groups},
             tensors_);
  }
  void operator()(const Attention& op) {
    if (op.pass == Pass::backward) {
      attention_backward(op, state_, tensors_);
    } else {
      tensors_[3] = attention_forward(op, tensors_[0], tensors_[1], tensors_[2]).o;
    }
  }
  void operator()(const MemoryBound& op) { run_memory(op, tensors_, indices_, angles_); }

  // Fresh accumulators and poisoned outputs, so that a second call gives the same and a missed element shows.
  std::vector<float> result() override {
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      if (operands_[i].role != Role::input) fill(i);
    }
    run();
    std::vector<float> values;
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      if (operands_[i].role == Role::input) continue;
      for (const float x : tensors_[i]) values.push_back(round_to(operands_[i].format, x));
    }
    return values;
  }

 private:
  void fill(std::size_t tensor) {
    const Operand& operand = operands_[tensor];
    std::vector<float>& values = tensors_[tensor];
    if (operand.role == Role::output) {
      std::fill(values.begin(), values.end(), std::numeric_limits<float>::quiet_NaN());
      return;
    }
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = operand_value(operand, seed_, tensor, i);
  }

  Op op_;
  std::uint64_t seed_;
  std::vector<Operand> operands_;
  std::vector<std::int32_t> indices_;
  std::vector<float> angles_;
  Tensors tensors_;
  AttentionState state_;
};

}  // namespace

std::unique_ptr<CpuPrepared> prepare_on_cpu(const Op& op, std::uint64_t seed) {
  return std::make_unique<CpuOp>(op, seed);
}

}  // namespace traincast
