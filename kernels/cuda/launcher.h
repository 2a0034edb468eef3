// An op planned for one device: launches itself on operands that somebody else holds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/base/op.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/matmul.h"

namespace traincast::cuda {

class Launcher {
 public:
  virtual ~Launcher() = default;
  // Asynchronous on the stream; operands in the order of kernels/operands.h. Scratch memory belongs to the
  // launcher, so executions of one launcher must follow one another, and different launchers may run on
  // different streams at once.
  virtual void launch(const std::vector<void*>& tensors, cudaStream_t stream) = 0;
};

// Batches are strided-batched products.
std::unique_ptr<Launcher> make_gemm(const Gemm& op, const MatmulContext& context);
// One product a group, back to back on the stream: what a framework without a grouped kernel does. A fused
// grouped kernel would save the launches and the tail of each product.
std::unique_ptr<Launcher> make_grouped_gemm(const GroupedGemm& op, const MatmulContext& context);
// "" or why cuBLASLt cannot.
std::string why_no_gemm(const Gemm& op, const MatmulContext& context);
std::string why_no_grouped_gemm(const GroupedGemm& op, const MatmulContext& context);

std::unique_ptr<Launcher> make_memory_bound(const MemoryBound& op, std::uint64_t seed, const Launch& launch);
// Device memory that make_memory_bound() takes beside the operands.
std::size_t scratch_bytes(const MemoryBound& op, const Launch& launch);

}  // namespace traincast::cuda
