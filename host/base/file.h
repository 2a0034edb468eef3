// Whole files: read in one piece, written whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace traincast {

inline constexpr std::int64_t kMaxFileBytes = std::int64_t{1} << 30;

// The bytes of a file. Throws ConfigError "cannot read PATH: reason" for what is no readable file (a folder
// too) or is larger than `limit`, before reading it where the size is known.
std::string read_file(const std::filesystem::path& path, std::int64_t limit = kMaxFileBytes);

// Replaces or creates `path`: writes a temporary file in the same folder, flushes it to the disk and renames
// it, so that nobody ever sees half a file. A symbolic link is followed. On any failure the temporary is
// removed, an old file stays as it was, and ConfigError "cannot write PATH: reason" is thrown; what exists
// and is no regular file (a folder, a device) is refused.
void write_file_atomically(const std::filesystem::path& path, std::string_view bytes);

// Files that belong together: each is whole in a temporary file before the first takes its place.
struct FileText {
  std::filesystem::path path;
  std::string_view bytes;
};
void write_files_atomically(std::span<const FileText> files);

// Throws as write_file_atomically would if it could not even begin; call it before long work.
void check_writable(const std::filesystem::path& path);

}  // namespace traincast
