#include "kernels/cpu/cpu_backend.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "kernels/cpu/cpu_info.h"
#include "kernels/cpu/reference.h"
#include "kernels/cpu/sgemm.h"
#include "kernels/number_format.h"
#include "kernels/operands.h"

namespace traincast {
namespace {

class CpuPrepared final : public Prepared {
 public:
  CpuPrepared(const Op& op, std::uint64_t seed)
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

  void run() { std::visit(*this, op_); }

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
  std::vector<float> result() {
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

bool uses_fp4(const Op& op) {
  return std::visit([](const auto& o) { return o.dtype == DataType::fp4; }, op);
}

// CBLAS takes 32-bit dimensions.
bool too_long_for_blas(const Op& op) {
  constexpr std::int64_t kLimit = std::numeric_limits<int>::max();
  if (const auto* g = std::get_if<Gemm>(&op)) return std::max({g->m, g->n, g->k}) > kLimit;
  if (const auto* g = std::get_if<GroupedGemm>(&op)) return std::max({g->m, g->n, g->k}) > kLimit;
  return false;
}

class CpuBackend final : public Backend {
 public:
  CpuBackend() : info_(cpu_info()) { sgemm_single_thread(); }

  DeviceInfo info() const override { return info_; }

  std::string why_unsupported(const Op& op) const override {
    if (std::string why = invalid_shape(op); !why.empty()) return why;
    if (uses_fp4(op)) return "fp4 has no CPU implementation";
    if (too_long_for_blas(op)) return "m, n and k must be below 2^31";
    double needed = 0;  // every operand is held in FP32
    for (const Operand& operand : operands(op)) needed += 4.0 * static_cast<double>(operand.elements);
    const Bytes available = available_memory();
    if (available.value() > 0 && needed > available.value()) {
      return "needs " + to_string(Bytes(needed)) + " of memory, " + to_string(available) + " are available";
    }
    return "";
  }

  std::unique_ptr<Prepared> prepare(const Op& op, std::uint64_t seed) override {
    return std::make_unique<CpuPrepared>(op, seed);
  }

  Seconds time(Prepared& prepared, int repeats) override {
    auto& op = dynamic_cast<CpuPrepared&>(prepared);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < repeats; ++i) op.run();
    return Seconds(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }

  std::vector<float> result(Prepared& prepared) override {
    return dynamic_cast<CpuPrepared&>(prepared).result();
  }

  void flush_cache() override {
    flush_.resize(static_cast<std::size_t>(2 * info_.last_level_cache.value()));
    ++pattern_;
    std::fill(flush_.begin(), flush_.end(), pattern_);
  }

 private:
  DeviceInfo info_;
  std::vector<unsigned char> flush_;
  unsigned char pattern_ = 0;
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend(int) {
  return std::make_unique<CpuBackend>();
}

}  // namespace traincast
