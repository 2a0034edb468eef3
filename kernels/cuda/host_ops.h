// Kernel launches and copies to and from the host on one GPU.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/cuda/prepared.h"

namespace traincast::cuda {

// `stream` is the one that fills.
std::unique_ptr<CudaPrepared> prepare_host_op(const HostOp& op, std::uint64_t seed, cudaStream_t stream);

}  // namespace traincast::cuda
