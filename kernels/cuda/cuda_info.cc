#include "kernels/cuda/cuda_info.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "kernels/cuda/check.h"

namespace traincast::cuda {
namespace {

// "GPU-" and the 16 bytes in groups of 4-2-2-2-6, as nvidia-smi prints them.
std::string uuid_text(const cudaUUID_t& uuid) {
  std::string text = "GPU";
  for (int i = 0; i < 16; ++i) {
    if (i == 0 || i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    std::array<char, 3> hex{};
    std::snprintf(hex.data(), hex.size(), "%02x", static_cast<unsigned int>(uuid.bytes[i]) & 0xFFu);
    text += hex.data();
  }
  return text;
}

// As nvidia-smi prints it; "" where CUDA does not know.
std::string bus_id_of(int device) {
  std::array<char, 32> text{};
  const cudaError_t status = cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), device);
  return status == cudaSuccess ? text.data() : "";
}

// The kernel driver's release from "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  ...": the
// first word that starts with a digit.
std::string driver_release() {
  std::ifstream file("/proc/driver/nvidia/version");
  std::string line;
  std::getline(file, line);
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (word.find_first_of("0123456789") == 0 && word.find('.') != std::string::npos) return word;
  }
  return "unknown";
}

// CUDA writes 13.0 as 13000.
std::string cuda_version(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// cuBLASLt writes 13.1.0 as 130100, and 12.8.4 as 120804.
std::string cublas_version(std::size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

}  // namespace

int count_devices(std::string& why) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return count;
  why = std::string("no GPU that CUDA can use was found (cudaGetDeviceCount: ") +
        (status == cudaSuccess ? "none" : cudaGetErrorString(status)) + ")";
  return 0;
}

std::string why_too_old(int device) {
  int major = 0;
  int minor = 0;
  TRAINCAST_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device));
  TRAINCAST_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device));
  if (major >= 8) return "";
  return "device " + std::to_string(device) + " has compute capability " + std::to_string(major) + "." +
         std::to_string(minor) + "; the kernels need 8.0 or later";
}

DeviceInfo device_info(int device, const cudaDeviceProp& properties) {
  int driver_api = 0;
  int runtime = 0;
  TRAINCAST_CHECK(cudaDriverGetVersion(&driver_api));
  TRAINCAST_CHECK(cudaRuntimeGetVersion(&runtime));
  DeviceInfo info;
  info.backend = "cuda";
  info.name = static_cast<const char*>(properties.name);
  info.id = uuid_text(properties.uuid);
  info.driver = driver_release();
  info.libraries = {{"cuda_driver_api", cuda_version(driver_api)},
                    {"cuda_runtime", cuda_version(runtime)},
                    {"cublasLt", cublas_version(cublasLtGetVersion())},
                    {"grouped_gemm", "one cuBLASLt product a group"}};
  info.memory = Bytes(static_cast<double>(properties.totalGlobalMem));
  info.last_level_cache = Bytes(properties.l2CacheSize);
  info.multiprocessors = properties.multiProcessorCount;
  info.pci_bus_id = bus_id_of(device);
  return info;
}

}  // namespace traincast::cuda
