#include "host/config/reader_node.h"

#include <algorithm>
#include <array>

#include "host/base/errors.h"
#include "host/config/near.h"

namespace traincast {
namespace {

constexpr std::array<std::string_view, 4> kAlwaysAllowed{"$schema", "notes", "origin", "source"};
constexpr std::array<std::string_view, 5> kOrigins{name(Origin::measured), name(Origin::published),
                                                   name(Origin::fitted), name(Origin::datasheet),
                                                   name(Origin::assumed)};

std::string quoted_list(std::span<const std::string> texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(quote_for_message(text));
  return join(quoted, ", ");
}

}  // namespace

std::string range_text(const std::string& min, const std::string& max, bool bounded) {
  return bounded ? "from " + min + " to " + max : "from " + min;
}

void Reader::Node::fail_at(const std::string& steps, const std::string& what) const {
  throw ConfigError(file + "#" + pointer + steps + ": " + what);
}

void Reader::Node::fail(std::string_view key, const std::string& what) const {
  fail_at(key.empty() ? "" : json_pointer_step(key), what);
}

const JsonValue* Reader::Node::find(std::string_view key) const {
  const auto found =
      std::find_if(members->begin(), members->end(), [&](const JsonMember& m) { return m.key == key; });
  return found == members->end() ? nullptr : &found->value;
}

const JsonValue* Reader::Node::ask(std::string_view key) {
  if (std::find(known.begin(), known.end(), key) == known.end()) known.emplace_back(key);
  return find(key);
}

const JsonValue& Reader::Node::demand(std::string_view key) {
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

void Reader::Node::wrong_kind(std::string_view key, const JsonValue& value,
                              const std::string& accepted) const {
  fail(key, "found " + describe(value) + "; accepted: " + accepted);
}

double Reader::Node::checked_number(const std::string& steps, const JsonValue& value, double min,
                                    double max) const {
  const auto* number = value.get<JsonNumber>();
  const std::string accepted =
      "accepted: a plain number " + range_text(shortest(min), shortest(max), max != kMaxNumber);
  if (number == nullptr) fail_at(steps, "found " + describe(value) + "; " + accepted);
  if (!(number->value >= min && number->value <= max)) {
    fail_at(steps, shortest(number->value) + " is out of range; " + accepted);
  }
  return number->value;
}

std::string Reader::Node::checked_text(const std::string& steps, const JsonValue& value) const {
  const auto* text = value.get<std::string>();
  if (text == nullptr) fail_at(steps, "found " + describe(value) + "; accepted: a text");
  if (text->empty()) fail_at(steps, "the text is empty");
  return *text;
}

const JsonValue::Array* Reader::Node::list(std::string_view key, const std::string& accepted) {
  const JsonValue* value = ask(key);
  if (value == nullptr) return nullptr;
  const auto* elements = value->get<JsonValue::Array>();
  if (elements == nullptr) wrong_kind(key, *value, accepted);
  return elements;
}

std::shared_ptr<Reader::Node> Reader::Node::open(const std::string& steps, const JsonValue& value,
                                                 const std::string& accepted) {
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

void Reader::Node::read_common_keys() {
  if (const JsonValue* value = find("origin")) {
    const auto* text = value->get<std::string>();
    const auto found = text == nullptr ? kOrigins.end() : std::find(kOrigins.begin(), kOrigins.end(), *text);
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

void Reader::Node::finish() const {
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

void Reader::Node::list_asked(const std::string& prefix, std::vector<Asked>& list) const {
  for (const std::string& key : known) {
    const JsonValue* value = find(key);
    const bool holds_others = value != nullptr && (value->get<JsonValue::Object>() != nullptr ||
                                                   value->get<JsonValue::Array>() != nullptr);
    if (!holds_others) list.push_back({prefix + json_pointer_step(key), value});
  }
  for (const auto& child : children) {
    child->list_asked(prefix + child->pointer.substr(pointer.size()), list);
  }
}

}  // namespace traincast
