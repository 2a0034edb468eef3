// Vendor calls that fail become DeviceError: the call, file:line and the vendor's text.
#pragma once

#include <cublasLt.h>
#include <cuda_runtime_api.h>

#include "host/base/errors.h"

namespace traincast::cuda {

void check(cudaError_t status, const char* call, const char* file, int line);
void check(cublasStatus_t status, const char* call, const char* file, int line);

}  // namespace traincast::cuda

#define TRAINCAST_CHECK(call) ::traincast::cuda::check((call), #call, __FILE__, __LINE__)
