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
  // Called once for each copy of the operands, after they are filled and before any launch on them: for what
  // must be computed from them first.
  virtual void bind(const std::vector<void*>& /*tensors*/, cudaStream_t /*stream*/) {}
  // Asynchronous on the stream; operands in the order of kernels/operands.h. Scratch memory belongs to the
  // launcher, so executions of one launcher must follow one another, and different launchers may run on
  // different streams at once.
  virtual void launch(const std::vector<void*>& tensors, cudaStream_t stream) = 0;
  // At most so many kernels in one launch().
  virtual int launches() const { return 2; }

  // Ways to execute the op that the library suggests, the one that frameworks take first; number 0 is chosen
  // already.
  virtual int choices() const { return 1; }
  virtual void choose(int /*choice*/) {}
  virtual std::string algorithm() const { return ""; }
};

// Both plan at most `algorithms` ways. Batches are strided-batched products.
std::unique_ptr<Launcher> make_gemm(const Gemm& op, const MatmulContext& context, int algorithms);
// One strided-batched product, which equal groups allow and which comes nearest to a fused grouped kernel;
// where cuBLASLt has none, or as a further way, one product a group, back to back. (cuBLASLt 13.1 has no
// grouped product.)
std::unique_ptr<Launcher> make_grouped_gemm(const GroupedGemm& op, const MatmulContext& context,
                                            int algorithms);
// "" or why cuBLASLt cannot.
std::string why_no_gemm(const Gemm& op, const MatmulContext& context);
std::string why_no_grouped_gemm(const GroupedGemm& op, const MatmulContext& context);

std::unique_ptr<Launcher> make_memory_bound(const MemoryBound& op, std::uint64_t seed, const Launch& launch);
// Device memory that make_memory_bound() takes beside the operands.
std::size_t scratch_bytes(const MemoryBound& op, const Launch& launch);

}  // namespace traincast::cuda
