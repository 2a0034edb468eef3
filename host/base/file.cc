#include "host/base/file.h"

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

// An open file descriptor; closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

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

// A new, empty file beside the target; removed again unless renamed.
class Temporary {
 public:
  // `shown` is the path as the user gave it, for messages.
  Temporary(fs::path shown, const fs::path& target) : shown_(std::move(shown)), fd_(create(target)) {}
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  ~Temporary() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) cannot_write(shown_, errno_text());
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void flush() {
    // Some file systems know no fsync and answer EINVAL.
    if (::fsync(fd_.get()) != 0 && errno != EINVAL) cannot_write(shown_, errno_text());
    if (!fd_.close()) cannot_write(shown_, errno_text());
  }
  void rename_to(const fs::path& target) {
    struct stat old {};
    if (::stat(target.c_str(), &old) == 0 && ::chmod(path_.c_str(), old.st_mode & 07777) != 0) {
      cannot_write(shown_, errno_text());
    }
    if (::rename(path_.c_str(), target.c_str()) != 0) cannot_write(shown_, errno_text());
    path_.clear();
  }

 private:
  int create(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    std::string stem = ".";
    stem += target.filename().string() + "." + std::to_string(::getpid()) + ".";
    const fs::path folder = target.parent_path();
    for (;;) {
      const fs::path candidate = folder / (stem + std::to_string(counter++) + ".tmp");
      const int fd = ::open(candidate.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (fd >= 0) {
        path_ = candidate;
        return fd;
      }
      if (errno != EEXIST && errno != EINTR) cannot_write(shown_, errno_text());
    }
  }

  fs::path shown_, path_;
  Descriptor fd_;
};

// Makes the rename itself last through a power failure, where the file system can.
void flush_folder(const fs::path& target) {
  const fs::path folder = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() >= 0) static_cast<void>(::fsync(fd.get()));
}

}  // namespace

std::string read_file(const fs::path& path) {
  const auto refuse = [&](const std::string& reason) {
    throw ConfigError("cannot read " + path.string() + ": " + reason);
  };
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) refuse(errno_text());
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) refuse(errno_text());
  if (S_ISDIR(status.st_mode)) refuse("it is a folder");
  const std::string too_large = "it is larger than " + std::to_string(kMaxFileBytes) + " bytes";
  if (status.st_size > kMaxFileBytes) refuse(too_large);
  std::string bytes;
  bytes.reserve(static_cast<std::size_t>(status.st_size));
  // A pipe tells no size, so the limit is kept while reading, too.
  std::string buffer(std::size_t{1} << 16, '\0');
  for (;;) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse(errno_text());
    if (count == 0) return bytes;
    bytes.append(buffer, 0, static_cast<std::size_t>(count));
    if (bytes.size() > static_cast<std::size_t>(kMaxFileBytes)) refuse(too_large);
  }
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  const fs::path target = target_of(path);
  Temporary temporary(path, target);
  temporary.write(bytes);
  temporary.flush();
  temporary.rename_to(target);
  flush_folder(target);
}

void check_writable(const fs::path& path) {
  const Temporary probe(path, target_of(path));
}

}  // namespace traincast
