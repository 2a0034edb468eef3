// A file that appears whole or not at all, for what is too large to hold in memory; see file.h for the rest.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace traincast {

// Writes to a temporary file in the folder of `path`, without a name where the file system can; commit()
// flushes it to the disk and renames it, and nobody ever sees half a file. Without commit(), or when a signal
// ends the process, the temporary is removed and an old file stays as it was. A symbolic
// link is followed. Every failure is a ConfigError "cannot write PATH: reason"; what exists and is no regular
// file (a folder, a device) is refused at once.
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::string_view bytes);
  void commit();  // once, and nothing is written after it

 private:
  void create();
  void name(const std::function<bool(const char*)>& make);
  void give_name();

  std::filesystem::path shown_;      // as the caller gave it, for messages
  std::filesystem::path target_;     // where a chain of links ends
  std::filesystem::path temporary_;  // "" while it has no name, and once renamed
  int fd_ = -1;
};

}  // namespace traincast
