#include "mpi/nccl/check.h"

#include <string>

#include "host/base/errors.h"

namespace traincast {
namespace {

std::string place(const char* call, const char* file, int line) {
  return std::string(call) + " failed at " + file + ":" + std::to_string(line) + ": ";
}

}  // namespace

void check_cuda(const char* call, const char* file, int line, cudaError_t code) {
  if (code == cudaSuccess) return;
  cudaGetLastError();  // forget it, or the next unrelated check would report it again
  throw CommError(place(call, file, line) + cudaGetErrorString(code));
}

void check_nccl(const char* call, const char* file, int line, ncclResult_t code) {
  if (code == ncclSuccess) return;
  const char* detail = ncclGetLastError(nullptr);  // of this process; NCCL ignores the argument
  std::string text = place(call, file, line) + ncclGetErrorString(code);
  if (detail != nullptr && *detail != '\0') text += std::string(" (") + detail + ")";
  throw CommError(text);
}

}  // namespace traincast
