#include "kernels/cuda/check.h"

namespace traincast::cuda {
namespace {

[[noreturn]] void fail(const char* call, const char* file, int line, const std::string& text) {
  throw DeviceError(std::string(call) + " failed at " + file + ":" + std::to_string(line) + ": " + text);
}

}  // namespace

void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  fail(call, file, line, std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + ")");
}

void check(cublasStatus_t status, const char* call, const char* file, int line) {
  if (status != CUBLAS_STATUS_SUCCESS) fail(call, file, line, cublasLtGetStatusName(status));
}

}  // namespace traincast::cuda
