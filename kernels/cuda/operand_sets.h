// The operands of an op on the device, in as many copies as it takes to defeat the cache.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/cuda/launch.h"
#include "kernels/cuda/resources.h"
#include "kernels/operands.h"

namespace traincast::cuda {

// Every operand starts at a multiple of this, which is what cudaMalloc and cuBLASLt's heuristic assume.
inline constexpr std::size_t kAlignment = 256;

// Bytes of one copy, with alignment.
std::size_t set_bytes(const Op& op);

class OperandSets {
 public:
  // Fills the operands from `seed` and copies them until they exceed `cache` bytes, or half of the memory
  // that is free.
  OperandSets(const Op& op, std::uint64_t seed, const Launch& launch, std::size_t cache);

  std::size_t copies() const { return copies_; }
  // Device pointers of one copy, in the order of kernels/operands.h.
  std::vector<void*> pointers(std::size_t copy) const;

  // Fresh accumulators and outputs full of NaNs in copy 0.
  void reset();
  // Accumulators and outputs of copy 0, concatenated. Waits for the stream.
  std::vector<float> download() const;

 private:
  void fill(std::size_t tensor);

  Op op_;
  std::uint64_t seed_;
  Launch launch_;
  std::vector<Operand> operands_;
  std::vector<std::size_t> offsets_;  // of each operand within a copy, and the size of a copy
  std::size_t copies_ = 1;
  DeviceBuffer memory_;
};

}  // namespace traincast::cuda
