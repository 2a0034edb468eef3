// CUDA's and NCCL's error codes as exceptions.
#pragma once

#include <cuda_runtime_api.h>
#include <nccl.h>

namespace traincast {

// Both throw CommError "<call> failed at <file>:<line>: <the library's text>" unless `code` is success.
void check_cuda(const char* call, const char* file, int line, cudaError_t code);
void check_nccl(const char* call, const char* file, int line, ncclResult_t code);

}  // namespace traincast

#define TRAINCAST_COMM_CUDA(call) ::traincast::check_cuda(#call, __FILE__, __LINE__, call)
#define TRAINCAST_COMM_NCCL(call) ::traincast::check_nccl(#call, __FILE__, __LINE__, call)
