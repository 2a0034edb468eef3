// One object of somebody else's JSON: unknown keys are theirs to have, and null means absent.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/config/json.h"

namespace traincast {

class ForeignObject {
 public:
  ForeignObject(const JsonValue& value, std::string file, std::string pointer);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  // The first of these keys that is there: projects rename keys from release to release.
  std::int64_t count(std::initializer_list<std::string_view> keys, std::int64_t min = 1) const;
  std::int64_t count_or(std::initializer_list<std::string_view> keys, std::int64_t fallback) const;
  bool is_true(std::string_view key) const;  // whatever else it may be
  bool flag_or(std::string_view key, bool fallback) const;
  std::string text_or(std::string_view key, std::string_view fallback) const;
  std::vector<std::string> texts(std::string_view key) const;    // none where absent
  std::vector<std::int64_t> counts(std::string_view key) const;  // likewise
  std::optional<ForeignObject> object_if(std::string_view key) const;
  // The same object, with a count for each of these keys that it does not state.
  using Default = std::pair<std::string_view, std::int64_t>;
  ForeignObject with_defaults(std::initializer_list<Default> counts) const;
  [[noreturn]] void fail(std::string_view key, const std::string& what) const;

 private:
  const JsonValue* find(std::string_view key) const;
  std::optional<std::int64_t> default_of(std::initializer_list<std::string_view> keys) const;
  std::int64_t whole(std::string_view key, const JsonValue& value, std::int64_t min) const;

  const JsonValue::Object* members_;
  std::vector<Default> defaults_;
  std::string file_;
  std::string pointer_;
};

}  // namespace traincast
