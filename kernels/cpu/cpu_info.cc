#include "kernels/cpu/cpu_info.h"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "kernels/cpu/sgemm.h"

namespace traincast {
namespace {

// The text after "key <spaces> :" in a file of such lines, or "".
std::string value_of(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(key, 0) != 0) continue;
    const auto colon = line.find(':');
    const auto start = colon == std::string::npos ? colon : line.find_first_not_of(" \t", colon + 1);
    if (start != std::string::npos) return line.substr(start);
  }
  return "";
}

// "MemTotal:   24684092 kB".
Bytes memory_line(const char* key) {
  return Bytes(std::strtod(value_of("/proc/meminfo", key).c_str(), nullptr) * 1024);
}

// The largest cache of processor 0: Linux writes "32768K" there.
Bytes largest_cache() {
  double largest = 0;
  for (int index = 0;; ++index) {
    std::ifstream file("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/size");
    double size = 0;
    char unit = 'K';
    if (!(file >> size)) break;
    file >> unit;
    largest = std::max(largest, size * (unit == 'M' ? 1024 * 1024 : 1024));
  }
  return Bytes(largest);
}

std::string kernel_release() {
  utsname names{};
  return uname(&names) == 0 ? std::string(names.sysname) + " " + names.release : "unknown";
}

}  // namespace

DeviceInfo cpu_info() {
  DeviceInfo info;
  info.backend = "cpu";
  info.name = value_of("/proc/cpuinfo", "model name");
  if (info.name.empty()) info.name = "unknown";
  info.id = "cpu";
  info.driver = kernel_release();
  info.libraries = {{"blas", sgemm_library()}};
  info.memory = memory_line("MemTotal");
  info.last_level_cache = largest_cache();
  info.multiprocessors = static_cast<int>(std::thread::hardware_concurrency());
  return info;
}

Bytes available_memory() {
  return memory_line("MemAvailable");
}

}  // namespace traincast
