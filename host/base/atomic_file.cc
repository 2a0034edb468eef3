#include "host/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

#include "host/base/errors.h"
#include "host/base/temporaries.h"

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

fs::path folder_of(const fs::path& target) {
  return target.has_parent_path() ? target.parent_path() : fs::path(".");
}

// Makes the rename itself last through a power failure, where the file system can.
void flush_folder(const fs::path& target) {
  const int fd = ::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
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
  if (temporary_.empty()) return;
  ::unlink(temporary_.c_str());
  forget_temporary(temporary_);
}

void AtomicFile::create() {
  // Without a name until it is whole, so that a process killed while it writes leaves nothing behind.
  fd_ = ::open(folder_of(target_).c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
  if (fd_ >= 0) return;
  name([this](const char* path) {
    fd_ = ::open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return fd_ >= 0;
  });
}

// Makes `temporary_` by a call that fails with EEXIST where there is such a file.
void AtomicFile::name(const std::function<bool(const char*)>& make) {
  static std::atomic<unsigned> counter{0};
  const std::string stem = "." + target_.filename().string() + "." + std::to_string(::getpid()) + ".";
  for (;;) {
    const fs::path candidate = target_.parent_path() / (stem + std::to_string(counter++) + ".tmp");
    if (make(candidate.c_str())) {
      temporary_ = candidate;
      note_temporary(temporary_);
      return;
    }
    if (errno != EEXIST && errno != EINTR) cannot_write(shown_, errno_text());
  }
}

// Gives the bytes of a file without a name one; by a copy where the file system cannot (no /proc, some
// network file systems).
void AtomicFile::give_name() {
  const std::string own = "/proc/self/fd/" + std::to_string(fd_);
  bool linked = true;
  name([&](const char* path) {
    linked = ::linkat(AT_FDCWD, own.c_str(), AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
    return linked || errno != EEXIST;
  });
  if (linked) return;
  const int source = std::exchange(fd_, -1);
  fd_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd_ < 0) {
    const std::string reason = errno_text();
    ::close(source);
    cannot_write(shown_, reason);
  }
  std::string buffer(std::size_t{1} << 16, '\0');
  off_t at = 0;
  ssize_t count = 0;
  while ((count = ::pread(source, buffer.data(), buffer.size(), at)) > 0) {
    write(std::string_view(buffer).substr(0, static_cast<std::size_t>(count)));
    at += count;
  }
  const std::string reason = count < 0 ? errno_text() : "";
  ::close(source);
  if (count < 0) cannot_write(shown_, reason);
  if (::fsync(fd_) != 0 && errno != EINVAL) cannot_write(shown_, errno_text());
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
  if (temporary_.empty()) give_name();
  if (::close(std::exchange(fd_, -1)) != 0) cannot_write(shown_, errno_text());
  struct stat old {};
  if (::stat(target_.c_str(), &old) == 0 && ::chmod(temporary_.c_str(), old.st_mode & 07777) != 0) {
    cannot_write(shown_, errno_text());
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) cannot_write(shown_, errno_text());
  forget_temporary(temporary_);
  temporary_.clear();
  flush_folder(target_);
}

}  // namespace traincast
