#include "host/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include "host/base/atomic_file.h"
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

 private:
  int fd_;
};

}  // namespace

std::string read_file(const fs::path& path, std::int64_t limit) {
  const auto refuse = [&](const std::string& reason) {
    throw ConfigError("cannot read " + path.string() + ": " + reason);
  };
  const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) refuse(errno_text());
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) refuse(errno_text());
  if (S_ISDIR(status.st_mode)) refuse("it is a folder");
  const std::string too_large = "it is larger than " + std::to_string(limit) + " bytes";
  if (status.st_size > limit) refuse(too_large);
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
    if (bytes.size() > static_cast<std::size_t>(limit)) refuse(too_large);
  }
}

void write_file_atomically(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

void write_files_atomically(std::span<const FileText> files) {
  std::vector<std::unique_ptr<AtomicFile>> open;
  for (const FileText& file : files) {
    open.push_back(std::make_unique<AtomicFile>(file.path));
    open.back()->write(file.bytes);
  }
  for (const auto& file : open) file->commit();
}

void check_writable(const fs::path& path) {
  const AtomicFile probe(path);
}

}  // namespace traincast
