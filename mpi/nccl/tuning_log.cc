#include "mpi/nccl/tuning_log.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "mpi/tuning_line.h"

namespace traincast {
namespace {

using Reset = void (*)();

// By name, because NCCL says that it may go.
Reset reset_function() {
  static const auto kReset = reinterpret_cast<Reset>(dlsym(RTLD_DEFAULT, "ncclResetDebugInit"));
  return kReset;
}

bool user_logs() {
  static const bool kLogs = std::getenv("NCCL_DEBUG") != nullptr || std::getenv("NCCL_DEBUG_FILE") != nullptr;
  return kLogs;
}

std::string empty_file() {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) return "";
  std::string name = (folder / "traincast-nccl-XXXXXX").string();
  const int file = mkstemp(name.data());
  if (file < 0) return "";
  close(file);
  return name;
}

}  // namespace

TuningLog::TuningLog() {
  if (user_logs() || reset_function() == nullptr) return;
  file_ = empty_file();
  if (file_.empty()) return;
  setenv("NCCL_DEBUG", "INFO", 1);
  setenv("NCCL_DEBUG_SUBSYS", "TUNING", 1);
  setenv("NCCL_DEBUG_FILE", file_.c_str(), 1);
  reset_function()();
}

TuningLog::~TuningLog() {
  if (file_.empty()) return;
  unsetenv("NCCL_DEBUG");
  unsetenv("NCCL_DEBUG_SUBSYS");
  unsetenv("NCCL_DEBUG_FILE");
  reset_function()();
  unlink(file_.c_str());
}

LibraryChoice TuningLog::read() const {
  if (file_.empty()) return {};
  std::ifstream file(file_);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return parse_tuning_log(text);
}

}  // namespace traincast
