#include "kernels/cuda/check.h"

namespace traincast::cuda {
namespace {

std::string message(const char* call, const char* file, int line, const std::string& text) {
  return std::string(call) + " failed at " + file + ":" + std::to_string(line) + ": " + text;
}

std::string text_of(cudaError_t status) {
  return std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + ")";
}

}  // namespace

bool is_sticky(cudaError_t status) {
  switch (status) {
    case cudaErrorECCUncorrectable:  // these two are not marked so, but the memory or link stays broken
    case cudaErrorNvlinkUncorrectable:
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchTimeout:
    case cudaErrorAssert:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorLaunchFailure:
    case cudaErrorExternalDevice:
    case cudaErrorMpsClientTerminated:
#if CUDART_VERSION >= 13000  // older headers may lack these
    case cudaErrorTensorMemoryLeak:
    case cudaErrorContained:
#endif
      return true;
    default:
      return false;
  }
}

void ErrorCheck::fail_if_dead() {
  const std::lock_guard lock(mutex_);
  if (!dead_.empty())
    throw DeviceError("the GPU failed before and this process cannot use it again: " + dead_);
}

void ErrorCheck::fail(const std::string& text, cudaError_t status) {
  if (!is_sticky(status)) throw DeviceError(text);
  const std::lock_guard lock(mutex_);
  dead_ = text;
  throw DeviceError(text + "; the GPU cannot be used again by this process");
}

void ErrorCheck::check(cudaError_t status, const char* call, const char* file, int line) {
  fail_if_dead();
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an error that is not sticky must not be reported again by the next launch's check
  fail(message(call, file, line, text_of(status)), status);
}

void ErrorCheck::check(cublasStatus_t status, const char* call, const char* file, int line) {
  check_text(status == CUBLAS_STATUS_SUCCESS ? "" : cublasLtGetStatusName(status), call, file, line);
}

// The library only says that something failed to execute; CUDA knows what.
void ErrorCheck::check_text(const std::string& error, const char* call, const char* file, int line) {
  fail_if_dead();
  if (error.empty()) return;
  const cudaError_t cause = cudaGetLastError();
  fail(message(call, file, line, error + (is_sticky(cause) ? ", after " + text_of(cause) : "")), cause);
}

ErrorCheck& errors() {
  static ErrorCheck the_check;
  return the_check;
}

}  // namespace traincast::cuda
