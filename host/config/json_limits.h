// How large a JSON text may be. A value takes some 100 bytes of memory for as little as two of the text, so
// that a hostile file of a gigabyte would take a hundred; the largest profile that measure writes has 10^5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace traincast {

inline constexpr std::size_t kMaxJsonValues = 5'000'000;
inline constexpr std::uintmax_t kMaxJsonBytes = std::uintmax_t{1} << 28;

// Throws ConfigError that names the file where so many bytes are too many. parse_json does; so can who reads
// a file, before it is in memory.
void check_json_size(std::uintmax_t bytes, const std::string& file);

}  // namespace traincast
