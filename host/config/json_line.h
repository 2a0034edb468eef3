// Writes one JSON object on one line, member by member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/json.h"

namespace traincast {

class Line {
 public:
  Line& text(std::string_view key, std::string_view value) { return raw(key, json_quote(value)); }
  Line& count(std::string_view key, std::int64_t value) { return raw(key, std::to_string(value)); }
  Line& number(std::string_view key, double value) { return raw(key, shortest(value)); }
  Line& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  Line& numbers(std::string_view key, const std::vector<double>& values) {
    if (values.empty()) return *this;
    std::string list;
    for (const double value : values) {
      list += list.empty() ? '[' : ',';
      list += shortest(value);
    }
    return raw(key, list + ']');
  }
  Line& texts(std::string_view key, const std::vector<std::string>& values) {
    if (values.empty()) return *this;
    std::string list;
    for (const std::string& value : values) {
      list += list.empty() ? '[' : ',';
      list += json_quote(value);
    }
    return raw(key, list + ']');
  }
  // Left out where there is nothing: the reader takes no empty texts.
  Line& text_if(std::string_view key, const std::string& value) {
    return value.empty() ? *this : text(key, value);
  }
  Line& number_if(std::string_view key, double value) { return value == 0 ? *this : number(key, value); }
  Line& raw(std::string_view key, const std::string& json) {
    body_ += body_.empty() ? "{" : ", ";
    body_ += json_quote(key);
    body_ += ": ";
    body_ += json;
    return *this;
  }
  std::string str() const { return body_.empty() ? "{}" : body_ + "}"; }

 private:
  std::string body_;
};

}  // namespace traincast
