// Vendor calls that fail become DeviceError: the call, file:line and the vendor's text.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include <mutex>
#include <string>

#include "host/base/errors.h"

namespace traincast::cuda {

// After an error that leaves the process's CUDA context unusable, every later check fails at once and names
// that first error, instead of whichever call happens to meet its remains. Safe to use from several threads.
class ErrorCheck {
 public:
  void check(cudaError_t status, const char* call, const char* file, int line);
  void check(cublasStatus_t status, const char* call, const char* file, int line);
  // For libraries with status types of their own: "" is success.
  void check_text(const std::string& error, const char* call, const char* file, int line);

 private:
  void fail_if_dead();
  [[noreturn]] void fail(const std::string& text, cudaError_t status);
  std::mutex mutex_;
  std::string dead_;  // the first sticky error
};

// The process's own.
ErrorCheck& errors();

// CUDA: "leaves the process in an inconsistent state and any further CUDA work will return the same error"
// (driver_types.h).
bool is_sticky(cudaError_t status);

}  // namespace traincast::cuda

#define TRAINCAST_CHECK(call) ::traincast::cuda::errors().check((call), #call, __FILE__, __LINE__)
