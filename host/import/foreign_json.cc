#include "host/import/foreign_json.h"

#include <algorithm>
#include <utility>

#include "host/base/errors.h"
#include "host/config/reader.h"

namespace traincast {

ForeignObject::ForeignObject(const JsonValue& value, std::string file, std::string pointer)
    : members_(value.get<JsonValue::Object>()), file_(std::move(file)), pointer_(std::move(pointer)) {
  if (members_ == nullptr) {
    throw ConfigError(file_ + "#" + pointer_ + ": " + describe(value) + "; accepted: an object");
  }
}

const JsonValue* ForeignObject::find(std::string_view key) const {
  for (const JsonMember& member : *members_) {
    if (member.key == key && member.value.get<std::nullptr_t>() == nullptr) return &member.value;
  }
  return nullptr;
}

void ForeignObject::fail(std::string_view key, const std::string& what) const {
  throw ConfigError(file_ + "#" + pointer_ + json_pointer_step(key) + ": " + what);
}

std::int64_t ForeignObject::whole(std::string_view key, const JsonValue& value, std::int64_t min) const {
  const auto* number = value.get<JsonNumber>();
  if (number == nullptr || !number->integral || number->integer < min || number->integer > kMaxCount) {
    fail(key, describe(value) + "; accepted: a whole number from " + std::to_string(min) + " to " +
                  std::to_string(kMaxCount));
  }
  return number->integer;
}

std::int64_t ForeignObject::count(std::initializer_list<std::string_view> keys, std::int64_t min) const {
  for (const std::string_view key : keys) {
    if (const JsonValue* value = find(key)) return whole(key, *value, min);
  }
  if (const std::optional<std::int64_t> value = default_of(keys)) return *value;
  fail(*keys.begin(), "missing; accepted: a whole number");
}

std::int64_t ForeignObject::count_or(std::initializer_list<std::string_view> keys,
                                     std::int64_t fallback) const {
  for (const std::string_view key : keys) {
    if (const JsonValue* value = find(key)) return whole(key, *value, 0);
  }
  return default_of(keys).value_or(fallback);
}

bool ForeignObject::is_true(std::string_view key) const {
  const JsonValue* value = find(key);
  const bool* flag = value == nullptr ? nullptr : value->get<bool>();
  return flag != nullptr && *flag;
}

bool ForeignObject::flag_or(std::string_view key, bool fallback) const {
  const JsonValue* value = find(key);
  if (value == nullptr) return fallback;
  if (const bool* flag = value->get<bool>()) return *flag;
  fail(key, describe(*value) + "; accepted: true or false");
}

std::string ForeignObject::text_or(std::string_view key, std::string_view fallback) const {
  const JsonValue* value = find(key);
  if (value == nullptr) return std::string(fallback);
  if (const auto* text = value->get<std::string>()) return *text;
  fail(key, describe(*value) + "; accepted: a text");
}

std::vector<std::string> ForeignObject::texts(std::string_view key) const {
  const JsonValue* value = find(key);
  if (value == nullptr) return {};
  const auto* list = value->get<JsonValue::Array>();
  if (list == nullptr) fail(key, describe(*value) + "; accepted: a list of texts");
  std::vector<std::string> out;
  for (const JsonValue& one : *list) {
    const auto* text = one.get<std::string>();
    if (text == nullptr) fail(key, describe(one) + " in it; accepted: a list of texts");
    out.push_back(*text);
  }
  return out;
}

std::vector<std::int64_t> ForeignObject::counts(std::string_view key) const {
  const JsonValue* value = find(key);
  if (value == nullptr) return {};
  const auto* list = value->get<JsonValue::Array>();
  if (list == nullptr) fail(key, describe(*value) + "; accepted: a list of whole numbers");
  std::vector<std::int64_t> out;
  for (const JsonValue& one : *list) out.push_back(whole(key, one, 0));
  return out;
}

ForeignObject ForeignObject::with_defaults(std::initializer_list<Default> counts) const {
  ForeignObject out = *this;
  out.defaults_.assign(counts);
  return out;
}

std::optional<std::int64_t> ForeignObject::default_of(std::initializer_list<std::string_view> keys) const {
  for (const auto& [key, count] : defaults_) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return count;
  }
  return std::nullopt;
}

std::optional<ForeignObject> ForeignObject::object_if(std::string_view key) const {
  const JsonValue* value = find(key);
  if (value == nullptr || value->get<JsonValue::Object>() == nullptr) return std::nullopt;
  return ForeignObject(*value, file_, pointer_ + json_pointer_step(key));
}

}  // namespace traincast
