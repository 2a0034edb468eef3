// A JSON text as a tree. Stricter than JSON: no duplicate keys, no deep nesting; the one place with nlohmann.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace traincast {

inline constexpr int kMaxJsonDepth = 100;
// A full profile of hours has about 10^7 samples. Together they bound the memory of a hostile file to 2 GB.
inline constexpr std::int64_t kMaxJsonBytes = std::int64_t{1} << 28;
inline constexpr std::int64_t kMaxJsonValues = std::int64_t{1} << 24;

struct JsonNumber {
  double value = 0;
  std::int64_t integer = 0;  // valid if integral
  bool integral = false;     // written without fraction and exponent, and within 64 bits
};

struct JsonMember;

struct JsonValue {
  using Array = std::vector<JsonValue>;
  using Object = std::vector<JsonMember>;  // in the order written
  std::variant<std::nullptr_t, bool, JsonNumber, std::string, Array, Object> value;

  template <typename T>
  const T* get() const {
    return std::get_if<T>(&value);
  }
};

struct JsonMember {
  std::string key;
  JsonValue value;
};

// Throws ConfigError, one line: "FILE: not JSON: line 3, column 7: ..." or "FILE#/pointer: ...". A leading
// UTF-8 byte-order mark is skipped.
JsonValue parse_json(std::string_view text, const std::string& file);
// Throws ConfigError that names the file where so many bytes are too many. parse_json does; so can who reads
// a file, before it is in memory.
void check_json_size(std::uintmax_t bytes, const std::string& file);

// In double quotes, escaped as JSON does; long texts are cut to 80 bytes and "..." when `cut`.
std::string json_quote(std::string_view text);
std::string quote_for_message(std::string_view text);

// "/a~1b": one step of a JSON pointer (RFC 6901).
std::string json_pointer_step(std::string_view key);

// What a value is, for messages: `the number 3.35`, `the text "x"`, `a list`, `an object`.
std::string describe(const JsonValue& value);

// The shortest text that reads back as the same double.
std::string shortest(double number);

}  // namespace traincast
