#include "host/config/reader.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/config/json.h"
#include "host/config/near.h"

namespace traincast {
namespace {

constexpr std::array<std::string_view, 4> kAlwaysAllowed{"$schema", "notes", "origin", "source"};
constexpr std::array<std::string_view, 5> kOrigins{name(Origin::measured), name(Origin::published),
                                                   name(Origin::fitted), name(Origin::datasheet),
                                                   name(Origin::assumed)};

std::string range(const std::string& min, const std::string& max, bool bounded) {
  return bounded ? "from " + min + " to " + max : "from " + min;
}

std::string quoted_list(std::span<const std::string> texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(quote_for_message(text));
  return join(quoted, ", ");
}

}  // namespace

// An object that somebody opened. Children live as long as the root, and with them what was asked of each.
struct Reader::Node {
  std::shared_ptr<const JsonValue> root;  // owns every value
  const JsonValue::Object* members = nullptr;
  std::string file, pointer;
  std::optional<Origin> origin;
  std::optional<std::string> source;
  std::vector<std::string> known;
  std::vector<std::shared_ptr<Node>> children;  // in the order opened
  std::unordered_map<const JsonValue*, std::size_t> child_of;

  [[noreturn]] void fail_at(const std::string& steps, const std::string& what) const {
    throw ConfigError(file + "#" + pointer + steps + ": " + what);
  }
  [[noreturn]] void fail(std::string_view key, const std::string& what) const {
    fail_at(key.empty() ? "" : json_pointer_step(key), what);
  }
  const JsonValue* find(std::string_view key) const {
    const auto found =
        std::find_if(members->begin(), members->end(), [&](const JsonMember& m) { return m.key == key; });
    return found == members->end() ? nullptr : &found->value;
  }
  const JsonValue* ask(std::string_view key) {
    if (std::find(known.begin(), known.end(), key) == known.end()) known.emplace_back(key);
    return find(key);
  }
  const JsonValue& demand(std::string_view key) {
    if (const JsonValue* value = ask(key)) return *value;
    std::vector<std::string> others;
    for (const JsonMember& member : *members) {
      if (edit_distance(member.key.substr(0, 200), key) <= std::max<std::size_t>(1, key.size() / 3)) {
        others.push_back(member.key);
      }
    }
    fail("", "missing key " + quote_for_message(key) +
                 (others.empty() ? "" : "; found the similar " + quoted_list(others)));
  }
  [[noreturn]] void wrong_kind(std::string_view key, const JsonValue& value,
                               const std::string& accepted) const {
    fail(key, "found " + describe(value) + "; accepted: " + accepted);
  }
  double checked_number(const std::string& steps, const JsonValue& value, double min, double max) const {
    const auto* number = value.get<JsonNumber>();
    const std::string accepted =
        "accepted: a plain number " + range(shortest(min), shortest(max), max != kMaxNumber);
    if (number == nullptr) fail_at(steps, "found " + describe(value) + "; " + accepted);
    if (!(number->value >= min && number->value <= max)) {
      fail_at(steps, shortest(number->value) + " is out of range; " + accepted);
    }
    return number->value;
  }
  std::string checked_text(const std::string& steps, const JsonValue& value) const {
    const auto* text = value.get<std::string>();
    if (text == nullptr) fail_at(steps, "found " + describe(value) + "; accepted: a text");
    if (text->empty()) fail_at(steps, "the text is empty");
    return *text;
  }
  // The list under a key; null where the key is absent.
  const JsonValue::Array* list(std::string_view key, const std::string& accepted) {
    const JsonValue* value = ask(key);
    if (value == nullptr) return nullptr;
    const auto* elements = value->get<JsonValue::Array>();
    if (elements == nullptr) wrong_kind(key, *value, accepted);
    return elements;
  }

  // The node of an object at `steps` below this one, made on first use.
  std::shared_ptr<Node> open(const std::string& steps, const JsonValue& value, const std::string& accepted) {
    if (const auto found = child_of.find(&value); found != child_of.end()) return children[found->second];
    const auto* object = value.get<JsonValue::Object>();
    if (object == nullptr) fail_at(steps, "found " + describe(value) + "; accepted: " + accepted);
    auto child = std::make_shared<Node>();
    child->root = root;
    child->file = file;
    child->pointer = pointer + steps;
    child->members = object;
    child->origin = origin;
    child->source = source;
    child->read_common_keys();
    child_of.emplace(&value, children.size());
    children.push_back(child);
    return child;
  }

  // "origin", "source" and "notes" are checked as soon as an object is opened.
  void read_common_keys() {
    if (const JsonValue* value = find("origin")) {
      const auto* text = value->get<std::string>();
      const auto found =
          text == nullptr ? kOrigins.end() : std::find(kOrigins.begin(), kOrigins.end(), *text);
      if (found == kOrigins.end()) {
        wrong_kind("origin", *value, "one of measured published fitted datasheet assumed");
      }
      origin = static_cast<Origin>(found - kOrigins.begin());
    }
    if (const JsonValue* value = find("source")) source = checked_text("/source", *value);
    if (const JsonValue* value = find("$schema")) checked_text("/$schema", *value);
    const JsonValue* notes = find("notes");
    if (notes == nullptr) return;
    if (const auto* list = notes->get<JsonValue::Array>()) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        checked_text("/notes/" + std::to_string(i), (*list)[i]);
      }
    } else if (notes->get<std::string>() == nullptr) {
      wrong_kind("notes", *notes, "a text or a list of texts");
    }
  }

  void finish() const {
    std::vector<std::string> unknown;
    for (const JsonMember& member : *members) {
      if (std::find(kAlwaysAllowed.begin(), kAlwaysAllowed.end(), member.key) != kAlwaysAllowed.end() ||
          std::find(known.begin(), known.end(), member.key) != known.end()) {
        continue;
      }
      unknown.push_back(member.key);
    }
    if (!unknown.empty()) {
      std::vector<std::string> accepted = known;
      accepted.insert(accepted.end(), kAlwaysAllowed.begin(), kAlwaysAllowed.end());
      fail("", (unknown.size() == 1 ? "unknown key " : "unknown keys ") + quoted_list(unknown) +
                   "; accepted: " + join(accepted, " "));
    }
    for (const auto& child : children) child->finish();
  }
};

Reader Reader::from_file(const std::filesystem::path& path) {
  return from_text(read_file(path), path.string());
}

Reader Reader::from_text(std::string_view text, const std::string& file) {
  auto node = std::make_shared<Node>();
  node->file = file;
  auto root = std::make_shared<const JsonValue>(parse_json(text, file));
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
  const std::string accepted = "a whole number " + range(std::to_string(min), std::to_string(max), true);
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

std::string Reader::where(std::string_view key) const {
  return node_->file + "#" + node_->pointer + (key.empty() ? "" : json_pointer_step(key));
}

void Reader::fail(std::string_view key, const std::string& what) const {
  node_->fail(key, what);
}

}  // namespace traincast
