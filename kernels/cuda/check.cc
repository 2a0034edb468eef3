#include "kernels/cuda/check.h"

namespace traincast::cuda {
namespace {

std::string message(const char* call, const char* file, int line, const std::string& text) {
  return std::string(call) + " failed at " + file + ":" + std::to_string(line) + ": " + text;
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
    case cudaErrorTensorMemoryLeak:
    case cudaErrorMpsClientTerminated:
    case cudaErrorContained:
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

void ErrorCheck::check(cudaError_t status, const char* call, const char* file, int line) {
  fail_if_dead();
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an error that is not sticky must not be reported again by the next launch's check
  const std::string text = message(
      call, file, line, std::string(cudaGetErrorName(status)) + " (" + cudaGetErrorString(status) + ")");
  if (!is_sticky(status)) throw DeviceError(text);
  const std::lock_guard lock(mutex_);
  dead_ = text;
  throw DeviceError(text + "; the GPU cannot be used again by this process");
}

void ErrorCheck::check(cublasStatus_t status, const char* call, const char* file, int line) {
  fail_if_dead();
  if (status != CUBLAS_STATUS_SUCCESS) {
    throw DeviceError(message(call, file, line, cublasLtGetStatusName(status)));
  }
}

void ErrorCheck::check_text(const std::string& error, const char* call, const char* file, int line) {
  fail_if_dead();
  if (!error.empty()) throw DeviceError(message(call, file, line, error));
}

ErrorCheck& errors() {
  static ErrorCheck the_check;
  return the_check;
}

}  // namespace traincast::cuda
