// share/schemas/config-*.schema.json against the readers: the same keys, the same needs, the same refusals.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>

#include "host/base/units.h"
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
    const bool here = has(reader, "#" + at + ": ") || has(reader, "missing key");
    for (const char* plain : {"missing key", "out of range", "unknown unit", "whole number", "found the"}) {
      if (!here || !has(reader, plain)) continue;
      EXPECT_NE(schema.size(), 0U) << what << ": the schema accepts, the reader: " << reader;
    }
  }

  // Of profiles the sample alone, which has every key: the others are thousands of rows.
  std::vector<ConfigFile> changed_files() const {
    std::vector<ConfigFile> files = config_files(kind());
    if (kind() == "profiles") std::erase_if(files, [](const ConfigFile& f) { return f.name != "all-keys"; });
    return files;
  }

  // Each member of every object, but few of the same kind: fleets, rows of profiles.
  template <typename Visit>
  void for_each_member(Visit visit) const {
    std::map<std::string, int> seen;
    for (const ConfigFile& file : changed_files()) {
      for (const ClosedObject& object : closed_objects(schema_, file.value)) {
        const Json& members = file.value.at(Pointer(object.at));
        for (const auto& [key, value] : members.items()) {
          if (++seen[object.location + "/" + key + (value.is_string() ? " text" : "")] > 2) continue;
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

INSTANTIATE_TEST_SUITE_P(Kinds, ConfigSchema, testing::ValuesIn(kSchemaKinds),
                         [](const auto& tested) { return std::string(tested.param); });

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
        const Json changed = with(file, object, key, value.is_number() ? Json("zz") : Json(17));
        EXPECT_NE(errors(changed).size(), 0U);
        EXPECT_NE(refused(file, changed), "");
      });
}

TEST_P(ConfigSchema, RefusesTheSameTexts) {
  static const std::regex kQuantity("^[0-9.e]+ [A-Za-z/]+$");
  for_each_member(
      [&](const ConfigFile& file, const ClosedObject& object, const std::string& key, const Json& value) {
        if (!value.is_string()) return;
        const auto text = value.get<std::string>();
        std::vector<std::string> texts = {"3 parsec", "", "zz"};
        if (std::regex_match(text, kQuantity)) {
          const std::string unit = text.substr(text.find(' '));
          texts.insert(texts.end(), {"0" + unit, "0.00" + unit, "-1" + unit, "1e3" + unit, "5", "inf" + unit,
                                     "x" + text, text + "x"});
        }
        for (const std::string& other : texts)
          compare(file, with(file, object, key, other), object.at + "/" + key, "\"" + other + "\"");
      });
}

TEST_P(ConfigSchema, HasTheSameBounds) {
  for_each_member(
      [&](const ConfigFile& file, const ClosedObject& object, const std::string& key, const Json& value) {
        if (!value.is_number()) return;
        for (const Json& other :
             {Json(-1), Json(0), Json(1), Json(0.5), Json(1'000'000'000'000'000'000), Json(1e30)}) {
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
        EXPECT_EQ(rule.at("enum").get<std::set<std::string>>(), choices);
      });
}

TEST(ConfigSchemas, UnitsAreThoseOfTheProgram) {
  const std::map<std::string, Dimension> dimensions = {
      {"time", Seconds::kDimension},    {"frequency", Frequency::kDimension},
      {"data", Bytes::kDimension},      {"bandwidth", Bandwidth::kDimension},
      {"flop", Flops::kDimension},      {"flop_rate", FlopRate::kDimension},
      {"power", Watts::kDimension},     {"money", Dollars::kDimension},
      {"rent", DollarRate::kDimension}, {"energy_price", EnergyPrice::kDimension},
      {"tokens", Tokens::kDimension},   {"emission", EmissionRate::kDimension}};
  std::size_t checked = 0;
  for (const std::string_view kind : kSchemaKinds) {
    const Json schema = config_schema(kind);
    for (const auto& [name, rule] : schema.at("$defs").items()) {
      if (!rule.contains("pattern") || name == "date") continue;
      SCOPED_TRACE(std::string(kind) + " " + name);
      const bool zero = name.ends_with("_or_zero");
      const std::string own = zero ? name.substr(0, name.size() - 8) : name;
      ASSERT_TRUE(dimensions.contains(own));
      ++checked;
      for (const auto& [other, dimension] : dimensions) {
        for (const std::string& unit : words(accepted_units(dimension))) {
          const auto ok = [&](const std::string& text) { return schema_errors(rule, Json(text)).empty(); };
          EXPECT_EQ(ok("3.5 " + unit), other == own) << unit;
          EXPECT_EQ(ok(" .5e-3" + unit + " "), other == own) << unit;
          EXPECT_EQ(ok("0.0 " + unit), other == own && zero) << unit;
          EXPECT_FALSE(ok("-1 " + unit)) << unit;
          EXPECT_FALSE(ok(unit)) << unit;
        }
      }
    }
  }
  EXPECT_GT(checked, 20U);
}

// As editors resolve it, from the file's own folder.
TEST(ConfigSchemas, ShippedConfigsNameTheirSchema) {
  namespace fs = std::filesystem;
  const fs::path configs = fs::path(TRAINCAST_TEST_SOURCE) / "configs";
  for (const std::string_view kind : kSchemaKinds) {
    const std::string expected = "../../share/schemas/config-" + std::string(kind) + ".schema.json";
    EXPECT_TRUE(fs::exists(configs / kind / expected)) << expected;
    for (const auto& entry : fs::directory_iterator(configs / kind)) {
      if (entry.path().extension() != ".json") continue;
      const Json value = Json::parse(std::ifstream(entry.path()));
      EXPECT_EQ(value.value("$schema", ""), expected) << entry.path();
    }
  }
}

}  // namespace
}  // namespace traincast
