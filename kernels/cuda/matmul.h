// One cuBLASLt matrix product whose descriptors, layouts and algorithm live from plan to plan's end.
#pragma once

#include <cublasLt.h>

#include <memory>
#include <optional>
#include <string>

#include "host/base/op.h"
#include "kernels/cuda/resources.h"

namespace traincast::cuda {

// The library's handle and the scales of FP8 operands (all 1), shared by all plans of a device.
class MatmulContext {
 public:
  explicit MatmulContext(cudaStream_t stream);
  cublasLtHandle_t handle() const { return handle_.get(); }
  const void* unit_scale() const { return unit_scale_.get(); }
  // NVIDIA recommends 32 MiB on Hopper (cuBLAS documentation, "cublasSetWorkspace"); it suits all others.
  static constexpr std::size_t kWorkspaceBytes = std::size_t{32} << 20;

 private:
  struct HandleDeleter {
    void operator()(cublasLtHandle_t handle) const { cublasLtDestroy(handle); }
  };
  std::unique_ptr<std::remove_pointer_t<cublasLtHandle_t>, HandleDeleter> handle_;
  DeviceBuffer unit_scale_;
};

// FP8 products exist only as TN on Hopper, so an FP8 operand whose k is not contiguous is stored transposed,
// as Transformer Engine's cast-and-transpose leaves it. Tells it for operand 0 or 1 of a Gemm.
bool stored_transposed(const Gemm& op, std::size_t operand);

class Matmul {
 public:
  // The heuristic's first `most` choices, its favourite first. Operands start at multiples of `alignment`
  // bytes. Nothing where cuBLASLt has no algorithm for the op.
  static std::optional<Matmul> plan(const MatmulContext& context, const Gemm& op, std::size_t alignment,
                                    int most = 1);

  int choices() const;
  // Takes the workspace of that choice: each plan its own, because plans may run on several streams at once.
  // Once at least before run().
  void choose(int choice);
  // "cublasLt algo 66 tile 20 stages 35 split-k 1 cluster 2".
  std::string algorithm() const;

  // Operands in the order of kernels/operands.h.
  void run(const MatmulContext& context, const void* a, const void* b, void* c, cudaStream_t stream) const;

 private:
  struct Descriptors;
  struct DescriptorsDeleter {
    void operator()(Descriptors* descriptors) const;
  };
  using Handle = std::unique_ptr<Descriptors, DescriptorsDeleter>;
  explicit Matmul(Handle descriptors) : descriptors_(std::move(descriptors)) {}
  Handle descriptors_;
};

}  // namespace traincast::cuda
