#include "host/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include "host/base/errors.h"

namespace traincast {
namespace fs = std::filesystem;
namespace {

std::string errno_text() {
  return std::generic_category().message(errno);
}

[[noreturn]] void cannot_write(const fs::path& path, const std::string& reason) {
  throw ConfigError("cannot write " + path.string() + ": " + reason);
}

// Where the bytes go: the end of a chain of links, or the path itself where nothing is there yet.
fs::path target_of(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return path;
  if (!fs::is_regular_file(status)) {
    cannot_write(path, fs::is_directory(status) ? "it is a folder" : "it is not a regular file");
  }
  const fs::path target = fs::canonical(path, error);
  return error ? path : target;
}

// Makes the rename itself last through a power failure, where the file system can.
void flush_folder(const fs::path& target) {
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  static_cast<void>(::fsync(fd));
  ::close(fd);
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& path) : shown_(path), target_(target_of(path)) {
  create();
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::create() {
  static std::atomic<unsigned> counter{0};
  std::string stem = ".";
  stem += target_.filename().string() + "." + std::to_string(::getpid()) + ".";
  const fs::path folder = target_.parent_path();
  for (;;) {
    const fs::path candidate = folder / (stem + std::to_string(counter++) + ".tmp");
    fd_ = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ >= 0) {
      temporary_ = candidate;
      return;
    }
    if (errno != EEXIST && errno != EINTR) cannot_write(shown_, errno_text());
  }
}

void AtomicFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) cannot_write(shown_, errno_text());
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  // Some file systems know no fsync and answer EINVAL.
  if (::fsync(fd_) != 0 && errno != EINVAL) cannot_write(shown_, errno_text());
  if (::close(std::exchange(fd_, -1)) != 0) cannot_write(shown_, errno_text());
  struct stat old {};
  if (::stat(target_.c_str(), &old) == 0 && ::chmod(temporary_.c_str(), old.st_mode & 07777) != 0) {
    cannot_write(shown_, errno_text());
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) cannot_write(shown_, errno_text());
  temporary_.clear();
  flush_folder(target_);
}

}  // namespace traincast
