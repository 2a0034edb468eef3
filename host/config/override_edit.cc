#include "host/config/override_edit.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/config/json.h"

namespace traincast {
namespace {

JsonValue* member(JsonValue::Object& object, std::string_view key) {
  const auto found =
      std::find_if(object.begin(), object.end(), [&](const JsonMember& m) { return m.key == key; });
  return found == object.end() ? nullptr : &found->value;
}

JsonValue text_value(std::string text) {
  return JsonValue{std::move(text)};
}

std::optional<JsonNumber> as_number(const std::string& text) {
  const char* end = text.data() + text.size();
  JsonNumber number;
  const auto whole = std::from_chars(text.data(), end, number.integer);
  if (whole.ec == std::errc() && whole.ptr == end) {
    number.integral = true;
    number.value = static_cast<double>(number.integer);
    return number;
  }
  const auto real = std::from_chars(text.data(), end, number.value);
  if (real.ec != std::errc() || real.ptr != end || !(number.value - number.value == 0)) return std::nullopt;
  return number;
}

JsonValue typed(const std::string& text, const JsonValue* old) {
  // A path that is typed is relative to where it is typed, not to the file that it is set in.
  if (text.ends_with(".json")) {
    std::error_code error;  // of a folder that is gone: then as it is typed
    const std::filesystem::path typed = std::filesystem::absolute(text, error);
    return text_value(error ? text : typed.string());
  }
  if (old != nullptr && old->get<std::string>() != nullptr) return text_value(text);
  if (text == "true" || text == "false") return JsonValue{text == "true"};
  if (const auto number = as_number(text)) return JsonValue{*number};
  return text_value(text);  // the Reader refuses it where it wants a number
}

// What an object without an origin or a source of its own takes from those around it.
struct Inherited {
  JsonValue origin, source;
};

void take_own(Inherited& inherited, JsonValue::Object& object) {
  if (const JsonValue* origin = member(object, "origin")) inherited.origin = *origin;
  if (const JsonValue* source = member(object, "source")) inherited.source = *source;
}

void set_member(JsonValue::Object& object, const std::string& key, JsonValue value) {
  if (JsonValue* old = member(object, key)) {
    *old = std::move(value);
  } else {
    object.push_back({key, std::move(value)});
  }
}

// The object's numbers rest on an assumption from now on; those of the objects in it on what they did.
void mark(JsonValue::Object& object, const Inherited& inherited, const std::string& words) {
  const std::string* source = inherited.source.get<std::string>();
  if (source == nullptr || inherited.origin.get<std::string>() == nullptr) return;  // the Reader will say so
  for (JsonMember& inside : object) {
    auto* nested = std::get_if<JsonValue::Object>(&inside.value.value);
    if (nested == nullptr) continue;
    if (member(*nested, "origin") == nullptr) nested->push_back({"origin", inherited.origin});
    if (member(*nested, "source") == nullptr) nested->push_back({"source", inherited.source});
  }
  set_member(object, "origin", text_value("assumed"));
  set_member(object, "source", text_value("set by hand: " + words + "; else " + *source));
}

// What was published of the number of parameters holds for the published shape.
void forget_counts(JsonValue& model, const std::set<std::string_view>& edited) {
  constexpr std::array<std::string_view, 2> kCounts = {"parameters", "active_parameters"};
  auto* object = std::get_if<JsonValue::Object>(&model.value);
  if (object == nullptr || (edited.size() == 1 && edited.contains("sequence"))) return;
  const bool counts = std::all_of(edited.begin(), edited.end(), [&](std::string_view key) {
    return std::find(kCounts.begin(), kCounts.end(), key) != kCounts.end();
  });
  if (counts) return;
  for (const std::string_view key : kCounts) {
    if (!edited.contains(key)) std::erase_if(*object, [&](const JsonMember& m) { return m.key == key; });
  }
}

}  // namespace

void apply_edit(JsonValue& root, const Edit& edit, const std::string& file) {
  const auto nowhere = [&](const std::string& pointer) {
    throw ConfigError(file + "#" + pointer + ": there is nothing to set " + quote_for_message(edit.words) +
                      " in");
  };
  JsonValue* at = &root;
  JsonValue::Object* object = nullptr;  // the innermost
  Inherited inherited;
  std::string pointer;
  for (std::size_t i = 0; i < edit.steps.size(); ++i) {
    const std::string& step = edit.steps[i];
    if (auto* list = std::get_if<JsonValue::Array>(&at->value)) {
      const auto index = as_number(step);
      if (!index || !index->integral || index->integer < 0 ||
          index->integer >= static_cast<std::int64_t>(list->size())) {
        nowhere(pointer);
      }
      at = &(*list)[static_cast<std::size_t>(index->integer)];
    } else {
      object = std::get_if<JsonValue::Object>(&at->value);
      if (object == nullptr) nowhere(pointer);
      take_own(inherited, *object);
      at = member(*object, step);
      if (at == nullptr && i + 1 < edit.steps.size()) nowhere(pointer);
      if (at == nullptr) at = &object->emplace_back(JsonMember{step, {}}).value;
    }
    pointer += json_pointer_step(step);
  }
  const bool added = at->get<std::nullptr_t>() != nullptr;
  *at = typed(edit.value, added ? nullptr : at);
  if (object != nullptr) mark(*object, inherited, edit.words);
}

std::shared_ptr<const JsonValue> ParsedFiles::get(const std::filesystem::path& file) {
  std::shared_ptr<const JsonValue>& parsed = files_[file];
  if (parsed == nullptr) {
    parsed = std::make_shared<const JsonValue>(parse_json(read_file(file, kMaxJsonBytes), file.string()));
  }
  return parsed;
}

Reader EditedFiles::open(ConfigKind kind, const std::filesystem::path& file) {
  std::shared_ptr<const JsonValue> root = files_->get(file);
  const std::string config = file.stem().string();
  std::shared_ptr<JsonValue> changed;
  const auto copy = [&]() -> JsonValue& {
    if (changed == nullptr) changed = std::make_shared<JsonValue>(*root);
    return *changed;
  };
  std::set<std::string_view> edited;
  for (const Edit& edit : edits_) {
    if (edit.kind == kind && (edit.config.empty() || edit.config == config)) {
      apply_edit(copy(), edit, file.string());
      edited.insert(edit.steps.front());
    }
  }
  if (kind == ConfigKind::models && changed != nullptr) forget_counts(*changed, edited);
  if (kind == ConfigKind::runs && !assumptions_.empty()) {
    if (auto* object = std::get_if<JsonValue::Object>(&copy().value)) {
      if (member(*object, "assumptions") == nullptr) object->push_back({"assumptions", {JsonValue::Array{}}});
      // What is no list is left for the Reader to refuse.
      if (auto* list = std::get_if<JsonValue::Array>(&member(*object, "assumptions")->value)) {
        for (const std::string& words : assumptions_) list->push_back(text_value(words));
      }
    }
  }
  Reader reader = Reader::from_value(changed == nullptr ? root : changed, file.string());
  opened_.push_back({kind, config, reader});
  return reader;
}

}  // namespace traincast
