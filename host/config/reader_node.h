// What stands behind a Reader: one opened object, what was asked of it, and the words of every refusal.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "host/config/json.h"
#include "host/config/reader.h"

namespace traincast {

// `steps` are JSON pointer steps below this object ("/fleets/1"); `key` is a member of it ("" = the object).
struct Reader::Node {
  std::shared_ptr<const JsonValue> root;  // owns every value
  const JsonValue::Object* members = nullptr;
  std::string file, pointer;
  std::optional<Origin> origin;
  std::optional<std::string> source;
  std::vector<std::string> known;               // keys that somebody asked for
  std::vector<std::shared_ptr<Node>> children;  // in the order opened
  std::unordered_map<const JsonValue*, std::size_t> child_of;

  [[noreturn]] void fail_at(const std::string& steps, const std::string& what) const;
  [[noreturn]] void fail(std::string_view key, const std::string& what) const;
  [[noreturn]] void wrong_kind(std::string_view key, const JsonValue& value,
                               const std::string& accepted) const;

  const JsonValue* find(std::string_view key) const;
  const JsonValue* ask(std::string_view key);  // find, and the key is known from now on
  const JsonValue& demand(std::string_view key);
  // The list under a key; null where the key is absent.
  const JsonValue::Array* list(std::string_view key, const std::string& accepted);
  // The node of an object at `steps` below this one, made on first use.
  std::shared_ptr<Node> open(const std::string& steps, const JsonValue& value, const std::string& accepted);

  double checked_number(const std::string& steps, const JsonValue& value, double min, double max) const;
  std::string checked_text(const std::string& steps, const JsonValue& value) const;
  // "origin", "source", "$schema" and "notes" are checked as soon as an object is opened.
  void read_common_keys();
  void finish() const;
  // Adds what asked() lists, with `prefix` before each pointer.
  void list_asked(const std::string& prefix, std::vector<Asked>& list) const;
};

// "from 1 to 5", "from 1".
std::string range_text(const std::string& min, const std::string& max, bool bounded);

}  // namespace traincast
