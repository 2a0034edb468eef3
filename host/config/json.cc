#include "host/config/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "host/base/errors.h"

namespace traincast {
namespace {

using nlohmann::json;

// Builds the tree from the parser's events. nlohmann's parser itself does not recurse.
class Builder final : public nlohmann::json_sax<json> {
 public:
  Builder(std::string_view text, const std::string& file) : text_(text), file_(file) {}
  JsonValue take() { return std::move(root_); }

  bool null() override { return add({nullptr}), true; }
  bool boolean(bool value) override { return add({value}), true; }
  bool number_integer(std::int64_t value) override {
    return add({JsonNumber{static_cast<double>(value), value, true}}), true;
  }
  bool number_unsigned(std::uint64_t value) override {
    const bool fits = value <= static_cast<std::uint64_t>(INT64_MAX);
    return add({JsonNumber{static_cast<double>(value), fits ? static_cast<std::int64_t>(value) : 0, fits}}),
           true;
  }
  bool number_float(double value, const std::string& /*text*/) override {
    return add({JsonNumber{value, 0, false}}), true;
  }
  bool string(std::string& value) override { return add({std::move(value)}), true; }
  bool binary(json::binary_t& /*value*/) override { return false; }  // not in JSON texts
  bool start_object(std::size_t /*size*/) override { return open({JsonValue::Object{}}), true; }
  bool start_array(std::size_t /*size*/) override { return open({JsonValue::Array{}}), true; }
  bool end_object() override { return open_.pop_back(), true; }
  bool end_array() override { return open_.pop_back(), true; }
  bool key(std::string& key) override {
    if (!open_.back().keys.insert(key).second) {
      throw ConfigError(file_ + "#" + pointer() + json_pointer_step(key) + ": duplicate key " +
                        quote_for_message(key) + "; accepted: each key once");
    }
    std::get<JsonValue::Object>(open_.back().value->value).push_back({std::move(key), {}});
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    std::string what = error.what();
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ..."
    for (const std::string_view prefix : {"] ", ": syntax error "}) {
      const auto at = what.find(prefix);
      if (at != std::string::npos) what.erase(0, at + prefix.size());
    }
    // The parser repeats the token that it could not finish, however long.
    constexpr std::size_t kLongest = 240;
    if (what.size() > kLongest)
      what = what.substr(0, kLongest / 2) + " ... " + what.substr(what.size() - kLongest / 2);
    const std::string_view read = text_.substr(0, std::min(position, text_.size()));
    const auto newline = read.rfind('\n', read.empty() ? 0 : read.size() - 1);
    const auto lines = 1 + std::count(read.begin(), read.end(), '\n') - (read.ends_with('\n') ? 1 : 0);
    const std::size_t column = newline == std::string_view::npos || newline + 1 == read.size()
                                   ? read.size()
                                   : read.size() - newline - 1;
    throw ConfigError(file_ + ": not JSON: line " + std::to_string(lines) + ", column " +
                      std::to_string(column) + ": " + what);
  }

 private:
  struct Level {
    JsonValue* value;
    std::set<std::string> keys;  // of an object, to find duplicates
  };

  JsonValue* add(JsonValue value) {
    if (++values_ > kMaxJsonValues) {
      throw ConfigError(file_ + ": holds more than " + std::to_string(kMaxJsonValues) + " values");
    }
    if (open_.empty()) return &(root_ = std::move(value));
    JsonValue& parent = *open_.back().value;
    if (auto* list = std::get_if<JsonValue::Array>(&parent.value)) {
      return &list->emplace_back(std::move(value));
    }
    return &(std::get<JsonValue::Object>(parent.value).back().value = std::move(value));
  }
  void open(JsonValue value) {
    JsonValue* added = add(std::move(value));
    if (open_.size() >= kMaxJsonDepth) {
      throw ConfigError(file_ + ": nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    }
    open_.push_back({added, {}});
  }
  // Of the innermost open value.
  std::string pointer() const {
    std::string text;
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      const JsonValue& value = *open_[i].value;
      if (const auto* list = value.get<JsonValue::Array>()) {
        text += "/" + std::to_string(list->size() - 1);
      } else {
        text += json_pointer_step(value.get<JsonValue::Object>()->back().key);
      }
    }
    return text;
  }

  std::string_view text_;
  const std::string& file_;
  JsonValue root_;
  std::int64_t values_ = 0;
  std::vector<Level> open_;
};

}  // namespace

void check_json_size(std::uintmax_t bytes, const std::string& file) {
  if (bytes > static_cast<std::uintmax_t>(kMaxJsonBytes)) {
    throw ConfigError(file + ": " + std::to_string(bytes) + " bytes; accepted: JSON of up to " +
                      std::to_string(kMaxJsonBytes) + " bytes");
  }
}

JsonValue parse_json(std::string_view text, const std::string& file) {
  check_json_size(text.size(), file);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw ConfigError(file + ": not JSON: the file is empty");
  }
  // The parser takes a zero byte for the end of its input and would not see what follows.
  if (text.find('\0') != std::string_view::npos) throw ConfigError(file + ": not JSON: it has a zero byte");
  Builder builder(text, file);
  json::sax_parse(text, &builder);
  return builder.take();
}

std::string json_quote(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (c == '\t') {
      quoted += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view kHex = "0123456789abcdef";
      quoted += "\\u00";
      quoted += kHex[static_cast<unsigned char>(c) / 16];
      quoted += kHex[static_cast<unsigned char>(c) % 16];
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string quote_for_message(std::string_view text) {
  constexpr std::size_t kLongest = 80;
  return text.size() <= kLongest ? json_quote(text) : json_quote(text.substr(0, kLongest)) + "...";
}

std::string json_pointer_step(std::string_view key) {
  std::string step = "/";
  // Quoted, so that a line feed in a key does not break the one line of a message.
  const std::string quoted = json_quote(key);
  for (const char c : std::string_view(quoted).substr(1, quoted.size() - 2)) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

std::string describe(const JsonValue& value) {
  if (value.get<std::nullptr_t>() != nullptr) return "null";
  if (const bool* flag = value.get<bool>()) return *flag ? "true" : "false";
  if (const auto* number = value.get<JsonNumber>()) {
    return "the number " + (number->integral ? std::to_string(number->integer) : shortest(number->value));
  }
  if (const auto* text = value.get<std::string>()) return "the text " + quote_for_message(*text);
  return value.get<JsonValue::Array>() != nullptr ? "a list" : "an object";
}

std::string shortest(double number) {
  std::array<char, 32> buffer{};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), result.ptr};
}

}  // namespace traincast
