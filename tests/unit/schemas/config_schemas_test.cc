// share/schemas/config-*.schema.json against the readers: the same keys, the same needs, the same refusals.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>

#include "tests/unit/schemas/config_files.h"
#include "tests/unit/schemas/json_schema.h"

namespace traincast {
namespace {

using Json = nlohmann::json;
using Pointer = Json::json_pointer;

std::set<std::string> words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

// What follows `mark` in a message; "" where it has none.
std::string after(const std::string& message, const std::string& mark) {
  const auto at = message.find(mark);
  return at == std::string::npos ? "" : message.substr(at + mark.size());
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// " TB/s" of "3.35 TB/s", "text" of any other text; "" where it is none.
std::string unit_of(const Json& value) {
  static const std::regex kQuantity("^[0-9.e]+( [A-Za-z/]+)$");
  if (!value.is_string()) return "";
  std::smatch match;
  const auto text = value.get<std::string>();
  return std::regex_match(text, match, kQuantity) ? match[1].str() : "text";
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class ConfigSchema : public testing::TestWithParam<std::string_view> {
 protected:
  std::string_view kind() const { return GetParam(); }
  std::vector<std::string> errors(const Json& value) const { return schema_errors(schema_, value); }
  std::string refused(const ConfigFile& file, const Json& value) const {
    return refusal(kind(), file.name, value);
  }

  // Neither may accept what the other refuses for its type, unit, range or absence. The reader refuses more:
  // what rests on other values.
  void compare(const ConfigFile& file, const Json& value, const std::string& at,
               const std::string& what) const {
    const std::string reader = refused(file, value);
    const std::vector<std::string> schema = errors(value);
    if (!schema.empty()) {
      EXPECT_NE(reader, "") << what << ": the reader accepts, the schema: " << schema[0];
    }
    // Changed values may make others wrong, such as more rows than there are.
    const auto says = [&](const char* plain) { return has(reader, plain); };
    const auto anywhere = {"missing key", "unknown key", "can be tested by nothing"};
    const auto here = {"out of range", "unknown unit", "whole number", "found the", "the text is empty"};
    if (std::any_of(anywhere.begin(), anywhere.end(), says) ||
        (has(reader, "#" + at + ": ") && std::any_of(here.begin(), here.end(), says))) {
      EXPECT_NE(schema.size(), 0U) << what << ": the schema accepts, the reader: " << reader;
    }
  }

  // Of profiles the sample alone, which has every key: the others are thousands of rows.
  std::vector<ConfigFile> changed_files() const {
    std::vector<ConfigFile> files = config_files(kind());
    if (kind() == "profiles") std::erase_if(files, [](const ConfigFile& f) { return f.name != "all-keys"; });
    return files;
  }

  // Each member of every object, but few of the same kind (fleets, rows of profiles), choice or unit.
  template <typename Visit>
  void for_each_member(Visit visit) const {
    std::map<std::string, int> seen;
    for (const ConfigFile& file : changed_files()) {
      for (const ClosedObject& object : closed_objects(schema_, file.value)) {
        const Json& members = file.value.at(Pointer(object.at));
        for (const auto& [key, value] : members.items()) {
          const Json rule = schema_.at(Pointer(object.location + "/properties/" + key));
          const bool choice = rule.is_object() && rule.contains("enum");
          std::string sort = object.location + "/" + key;
          sort += choice ? value.dump() : unit_of(value);
          if (++seen[sort] > 2) continue;
          SCOPED_TRACE(file.name + object.at + "/" + key);
          visit(file, object, key, value);
        }
      }
    }
  }
  static Json with(const ConfigFile& file, const ClosedObject& object, const std::string& key,
                   const Json& value) {
    Json changed = file.value;
    changed.at(Pointer(object.at))[key] = value;
    return changed;
  }

  Json schema_ = config_schema(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Kinds, ConfigSchema, testing::ValuesIn(kSchemaKinds), [](const auto& tested) {
  std::string name(tested.param);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(ConfigSchema, AcceptsWhatTheReaderAccepts) {
  const std::vector<ConfigFile> files = config_files(kind());
  EXPECT_FALSE(files.empty());
  for (const ConfigFile& file : files) {
    EXPECT_EQ(joined(errors(file.value)), "") << file.name;
    EXPECT_EQ(refused(file, file.value), "") << file.name;
  }
}

TEST_P(ConfigSchema, KnowsExactlyTheKeysOfTheReader) {
  std::map<std::string, std::set<std::string>> known;
  std::map<std::string, int> seen;
  for (const ConfigFile& file : changed_files()) {
    for (const ClosedObject& object : closed_objects(schema_, file.value)) {
      if (++seen[object.location] > 40) continue;
      SCOPED_TRACE(file.name + object.at);
      const Json changed = with(file, object, "zz_unknown", 1);
      EXPECT_NE(errors(changed).size(), 0U);
      const std::string message = refused(file, changed);
      EXPECT_TRUE(has(message, "#" + object.at + ": unknown key \"zz_unknown\"")) << message;
      known[object.location].merge(words(after(message, "; accepted: ")));
    }
  }
  for (const std::string& location : closed_locations(schema_)) {
    SCOPED_TRACE(location);
    ASSERT_TRUE(known.contains(location)) << "no config and no sample has such an object";
    std::set<std::string> listed;
    for (const auto& [key, part] : schema_.at(Pointer(location + "/properties")).items()) listed.insert(key);
    EXPECT_EQ(listed, known.at(location));
  }
}

TEST_P(ConfigSchema, NeedsWhatTheReaderNeeds) {
  for_each_member(
      [&](const ConfigFile& file, const ClosedObject& object, const std::string& key, const Json&) {
        Json changed = file.value;
        Json& members = changed.at(Pointer(object.at));
        members.erase(key);
        // Whether a set states how long a restart takes stands in another file.
        if (key == "restart" && members.contains("set")) return;
        compare(file, changed, object.at, "without it");
      });
}

TEST_P(ConfigSchema, RefusesOtherTypes) {
  for_each_member(
      [&](const ConfigFile& file, const ClosedObject& object, const std::string& key, const Json& value) {
        const auto another = [](const Json& of) { return of.is_number() ? Json("zz") : Json(17); };
        std::vector<Json> others = {another(value)};
        if (value.is_array()) others.push_back(Json::array({another(value.empty() ? Json() : value[0])}));
        if (value.is_object()) others.push_back({{"zz", 17}});
        for (const Json& other : others) {
          const Json changed = with(file, object, key, other);
          EXPECT_NE(errors(changed).size(), 0U) << other;
          EXPECT_NE(refused(file, changed), "") << other;
        }
      });
}

TEST_P(ConfigSchema, RefusesTheSameTexts) {
  for_each_member(
      [&](const ConfigFile& file, const ClosedObject& object, const std::string& key, const Json& value) {
        if (!value.is_string()) return;
        const auto text = value.get<std::string>();
        std::vector<std::string> texts = {"3 parsec", "", "zz"};
        if (const std::string unit = unit_of(value); unit != "text") {
          texts.insert(texts.end(), {"0" + unit, "0.00" + unit, "-1" + unit, "1e3" + unit, "5", "inf" + unit,
                                     "x" + text, text + "x"});
        }
        for (const std::string& other : texts)
          compare(file, with(file, object, key, other), object.at + "/" + key, "\"" + other + "\"");
      });
}

TEST_P(ConfigSchema, HasTheSameBounds) {
  for_each_member([&](const ConfigFile& file, const ClosedObject& object, const std::string& key,
                      const Json& value) {
    if (!value.is_number()) return;
    for (const Json& other :
         {Json(-1e30), Json(-1), Json(0), Json(1), Json(0.5), Json(1'000'000'000'000'000'000), Json(1e30)}) {
      compare(file, with(file, object, key, other), object.at + "/" + key, other.dump());
    }
  });
}

TEST_P(ConfigSchema, ListsTheSameChoices) {
  for_each_member(
      [&](const ConfigFile& file, const ClosedObject& object, const std::string& key, const Json&) {
        Json rule = schema_.at(Pointer(object.location + "/properties/" + key));
        if (rule.is_object() && rule.contains("$ref")) {
          rule = schema_.at(Pointer(rule.at("$ref").get<std::string>().substr(1)));
        }
        const std::string message = refused(file, with(file, object, key, "zz"));
        const std::string listed = after(message, "accepted: one of ");
        if (listed.empty() || has(message, "a text of a number")) return;
        std::set<std::string> choices = words(listed);
        if (rule.contains("const")) return;  // one alternative of several objects
        if (kind() == "uncertainty" && key == "distribution") choices.insert("residual");
        ASSERT_TRUE(rule.contains("enum")) << message;
        // By words: "at least" is two.
        EXPECT_EQ(words(joined(rule.at("enum").get<std::vector<std::string>>())), choices);
      });
}

// Of a choice that goes with some keys and not with others.
TEST_P(ConfigSchema, BindsKeysToTheSameChoices) {
  for_each_member(
      [&](const ConfigFile& file, const ClosedObject& object, const std::string& key, const Json& value) {
        const Json rule = schema_.at(Pointer(object.location + "/properties/" + key));
        if (!rule.is_object() || !rule.contains("enum")) return;
        for (const Json& other : rule.at("enum")) {
          if (other == value) continue;
          compare(file, with(file, object, key, other), object.at, key + " " + other.dump());
        }
      });
}

// A key that stands in some objects of a kind, in those that lack it.
TEST_P(ConfigSchema, ExcludesTheSameKeys) {
  std::map<std::string, Json> examples;
  for_each_member([&](const ConfigFile&, const ClosedObject& object, const std::string& key,
                      const Json& value) { examples.emplace(object.location + "/" + key, value); });
  std::set<std::string> shapes;
  for (const ConfigFile& file : changed_files()) {
    for (const ClosedObject& object : closed_objects(schema_, file.value)) {
      const Json& members = file.value.at(Pointer(object.at));
      std::string shape = object.location;
      for (const auto& [key, value] : members.items()) shape += " " + key;
      if (!shapes.insert(shape).second) continue;
      for (const auto& [key, rule] : schema_.at(Pointer(object.location + "/properties")).items()) {
        const auto example = examples.find(object.location + "/" + key);
        if (members.contains(key) || example == examples.end()) continue;
        SCOPED_TRACE(file.name + object.at);
        compare(file, with(file, object, key, example->second), object.at, "with " + key);
      }
    }
  }
}

}  // namespace
}  // namespace traincast
