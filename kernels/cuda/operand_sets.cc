#include "kernels/cuda/operand_sets.h"

#include <algorithm>
#include <cstddef>

#include "host/base/counter_random.h"
#include "kernels/cuda/matmul.h"
#include "kernels/number_format.h"

namespace traincast::cuda {
namespace {

std::size_t bytes_of(const Operand& operand) {
  return static_cast<std::size_t>(static_cast<double>(operand.elements) * bytes_per_element(operand.format));
}

std::vector<std::size_t> offsets_of(const std::vector<Operand>& all) {
  std::vector<std::size_t> offsets{0};
  for (const Operand& operand : all) {
    offsets.push_back(offsets.back() + (bytes_of(operand) + kAlignment - 1) / kAlignment * kAlignment);
  }
  return offsets;
}

// How the tensor is stored: as numbered, except for FP8 operands that must be transposed.
struct OrderOf {
  std::size_t tensor;
  std::int64_t elements;

  FillOrder operator()(const Gemm& op) const {
    if (!stored_transposed(op, tensor)) return {.columns = elements};
    return {.batch = op.batch, .rows = op.k, .columns = tensor == 0 ? op.m : op.n, .transposed = true};
  }
  FillOrder operator()(const GroupedGemm& op) const {
    return (*this)(
        Gemm{.m = op.m, .n = op.n, .k = op.k, .dtype = op.dtype, .layout = op.layout, .batch = op.groups});
  }
  FillOrder operator()(const Attention&) const { return {.columns = elements}; }
  FillOrder operator()(const MemoryBound&) const { return {.columns = elements}; }
};

std::size_t copies_for(std::size_t set, std::size_t cache) {
  std::size_t free = 0;
  std::size_t total = 0;
  TRAINCAST_CHECK(cudaMemGetInfo(&free, &total));
  const std::size_t wanted = cache / set + 1;
  return std::clamp<std::size_t>(free / 2 / set, 1, wanted);
}

}  // namespace

std::size_t set_bytes(const Op& op) {
  return offsets_of(operands(op)).back();
}

OperandSets::OperandSets(const Op& op, std::uint64_t seed, const Launch& launch, std::size_t cache)
    : op_(op), seed_(seed), launch_(launch), operands_(operands(op)), offsets_(offsets_of(operands_)) {
  const std::size_t set = offsets_.back();
  copies_ = copies_for(set, cache);
  memory_ = make_buffer(copies_ * set);
  for (std::size_t i = 0; i < operands_.size(); ++i) fill(i);
  for (std::size_t filled = 1; filled < copies_;) {
    const std::size_t more = std::min(filled, copies_ - filled);
    TRAINCAST_CHECK(cudaMemcpyAsync(memory_.get() + filled * set, memory_.get(), more * set,
                                    cudaMemcpyDeviceToDevice, launch_.stream));
    filled += more;
  }
}

void OperandSets::fill(std::size_t tensor) {
  const Operand& operand = operands_[tensor];
  void* memory = memory_.get() + offsets_[tensor];
  if (operand.role == Role::output) {  // all ones is a NaN in every format
    TRAINCAST_CHECK(cudaMemsetAsync(memory, 0xFF, bytes_of(operand), launch_.stream));
    return;
  }
  const FillOrder order = std::visit(OrderOf{tensor, operand.elements}, op_);
  TRAINCAST_CHECK(fill_normal(launch_, operand.format, memory, order, counter_key(seed_, tensor),
                              operand.fill == Fill::squared_normal));
}

std::vector<void*> OperandSets::pointers(std::size_t copy) const {
  std::vector<void*> result;
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    result.push_back(memory_.get() + copy * offsets_.back() + offsets_[i]);
  }
  return result;
}

void OperandSets::reset() {
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    if (operands_[i].role != Role::input) fill(i);
  }
}

std::vector<float> OperandSets::download() const {
  std::vector<float> values;
  for (std::size_t i = 0; i < operands_.size(); ++i) {
    const Operand& operand = operands_[i];
    if (operand.role == Role::input) continue;
    std::vector<std::byte> host(bytes_of(operand));
    TRAINCAST_CHECK(cudaMemcpyAsync(host.data(), memory_.get() + offsets_[i], host.size(),
                                    cudaMemcpyDeviceToHost, launch_.stream));
    TRAINCAST_CHECK(cudaStreamSynchronize(launch_.stream));
    for (std::size_t j = 0; j < static_cast<std::size_t>(operand.elements); ++j) {
      values.push_back(load_element(operand.format, host.data(), j));
    }
  }
  return values;
}

}  // namespace traincast::cuda
