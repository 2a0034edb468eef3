#include "host/config/reader.h"

#include <algorithm>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/config/json.h"
#include "host/config/near.h"
#include "host/config/reader_node.h"

namespace traincast {

Reader Reader::from_file(const std::filesystem::path& path) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  if (!error) check_json_size(bytes, path.string());  // a pipe has none; parse_json counts what came
  return from_text(read_file(path), path.string());
}

Reader Reader::from_text(std::string_view text, const std::string& file) {
  return from_value(std::make_shared<const JsonValue>(parse_json(text, file)), file);
}

Reader Reader::from_value(std::shared_ptr<const JsonValue> root, const std::string& file) {
  auto node = std::make_shared<Node>();
  node->file = file;
  node->members = root->get<JsonValue::Object>();
  if (node->members == nullptr) node->fail("", "found " + describe(*root) + "; accepted: an object");
  node->root = std::move(root);
  node->read_common_keys();
  return Reader(std::move(node));
}

bool Reader::has(std::string_view key) {
  return node_->ask(key) != nullptr;
}

Reader Reader::object(std::string_view key) {
  const JsonValue& value = node_->demand(key);
  return Reader(node_->open(json_pointer_step(key), value, "an object"));
}

std::optional<Reader> Reader::object_if(std::string_view key) {
  if (!has(key)) return std::nullopt;
  return object(key);
}

std::vector<Reader> Reader::objects(std::string_view key) {
  node_->demand(key);
  const JsonValue::Array& elements = *node_->list(key, "a list of objects");
  std::vector<Reader> readers;
  readers.reserve(elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    readers.push_back(
        Reader(node_->open(json_pointer_step(key) + "/" + std::to_string(i), elements[i], "an object")));
  }
  return readers;
}

std::int64_t Reader::count(std::string_view key, std::int64_t min, std::int64_t max) {
  const JsonValue& value = node_->demand(key);
  const auto* number = value.get<JsonNumber>();
  const std::string accepted = "a whole number " + range_text(std::to_string(min), std::to_string(max), true);
  if (number == nullptr) node_->wrong_kind(key, value, accepted);
  if (!number->integral) {
    node_->fail(key, shortest(number->value) +
                         " is not written as a whole number within 64 bits; accepted: " + accepted);
  }
  if (number->integer < min || number->integer > max) {
    node_->fail(key, std::to_string(number->integer) + " is out of range; accepted: " + accepted);
  }
  return number->integer;
}

std::int64_t Reader::count_or(std::string_view key, std::int64_t fallback, std::int64_t min,
                              std::int64_t max) {
  return has(key) ? count(key, min, max) : fallback;
}

double Reader::number(std::string_view key, double min, double max) {
  const JsonValue& value = node_->demand(key);
  return node_->checked_number(json_pointer_step(key), value, min, max);
}

double Reader::number_or(std::string_view key, double fallback, double min, double max) {
  return has(key) ? number(key, min, max) : fallback;
}

std::vector<double> Reader::numbers_or_none(std::string_view key, double min, double max) {
  std::vector<double> numbers;
  const auto* elements = node_->list(key, "a list of numbers");
  if (elements == nullptr) return numbers;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    numbers.push_back(
        node_->checked_number(json_pointer_step(key) + "/" + std::to_string(i), (*elements)[i], min, max));
  }
  return numbers;
}

double Reader::quantity_si(std::string_view key, Dimension dimension, Zero zero) {
  const JsonValue& value = node_->demand(key);
  const auto* text = value.get<std::string>();
  if (text == nullptr) {
    node_->wrong_kind(key, value, "a text of a number and one of " + accepted_units(dimension));
  }
  double si = 0;
  try {
    si = parse_quantity(*text, dimension);
  } catch (const UnitError& error) {
    node_->fail(key, error.what());
  }
  if (si < 0 || (si == 0 && zero == Zero::refused)) {
    node_->fail(key, quote_for_message(*text) + " is out of range; accepted: " +
                         (zero == Zero::refused ? "more than zero" : "zero or more"));
  }
  return si;
}

bool Reader::boolean(std::string_view key) {
  const JsonValue& value = node_->demand(key);
  const bool* flag = value.get<bool>();
  if (flag == nullptr) node_->wrong_kind(key, value, "true or false");
  return *flag;
}

bool Reader::boolean_or(std::string_view key, bool fallback) {
  return has(key) ? boolean(key) : fallback;
}

std::string Reader::text(std::string_view key) {
  return node_->checked_text(json_pointer_step(key), node_->demand(key));
}

std::string Reader::text_or(std::string_view key, std::string_view fallback) {
  return has(key) ? text(key) : std::string(fallback);
}

std::vector<std::string> Reader::texts_or_none(std::string_view key) {
  std::vector<std::string> texts;
  const auto* elements = node_->list(key, "a list of texts");
  if (elements == nullptr) return texts;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    texts.push_back(node_->checked_text(json_pointer_step(key) + "/" + std::to_string(i), (*elements)[i]));
  }
  return texts;
}

std::vector<std::pair<std::string, std::string>> Reader::text_map_or_none(std::string_view key) {
  std::vector<std::pair<std::string, std::string>> map;
  const JsonValue* value = node_->ask(key);
  if (value == nullptr) return map;
  const auto* object = value->get<JsonValue::Object>();
  if (object == nullptr) node_->wrong_kind(key, *value, "an object of texts");
  for (const JsonMember& member : *object) {
    const auto* text = member.value.get<std::string>();
    if (text == nullptr) {
      node_->fail_at(json_pointer_step(key) + json_pointer_step(member.key),
                     "found " + describe(member.value) + "; accepted: a text");
    }
    map.emplace_back(member.key, *text);
  }
  return map;
}

std::size_t Reader::choice_index(std::string_view key, std::span<const std::string_view> names) {
  const JsonValue& value = node_->demand(key);
  const auto* text = value.get<std::string>();
  const auto found = text == nullptr ? names.end() : std::find(names.begin(), names.end(), *text);
  if (found == names.end()) {
    const std::vector<std::string> accepted(names.begin(), names.end());
    node_->wrong_kind(key, value, "one of " + join(accepted, " "));
  }
  return static_cast<std::size_t>(found - names.begin());
}

Provenance Reader::provenance() const {
  if (!node_->origin) node_->fail("", "missing key \"origin\"");
  if (!node_->source) node_->fail("", "missing key \"source\"");
  return {*node_->origin, *node_->source};
}

void Reader::finish() const {
  node_->finish();
}

std::vector<Reader::Asked> Reader::asked() const {
  std::vector<Asked> list;
  node_->list_asked("", list);
  return list;
}

const std::string& Reader::file() const {
  return node_->file;
}

std::string Reader::where(std::string_view key) const {
  return node_->file + "#" + node_->pointer + (key.empty() ? "" : json_pointer_step(key));
}

void Reader::fail(std::string_view key, const std::string& what) const {
  node_->fail(key, what);
}

}  // namespace traincast
