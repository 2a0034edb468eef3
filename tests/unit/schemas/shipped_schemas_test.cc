// share/schemas/config-*.schema.json as a whole: units of the program, closed objects, a schema for every
// shipped config.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "host/base/units.h"
#include "tests/unit/schemas/config_files.h"
#include "tests/unit/schemas/json_schema.h"

namespace traincast {
namespace {

using Json = nlohmann::json;

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
        std::istringstream units(accepted_units(dimension));
        for (std::string unit; units >> unit;) {
          const auto ok = [&rule = rule](const std::string& text) {
            return schema_errors(rule, Json(text)).empty();
          };
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

// A key that nobody reads is a slip: no object leaves room for one. One with a single property is not whole:
// that tells apart alternatives, which are closed.
void expect_closed(const Json& part, const std::string& at) {
  if (part.is_object() && part.value("type", Json()) == "object" &&
      part.value("properties", Json()).size() > 1) {
    EXPECT_EQ(part.value("additionalProperties", Json(true)), Json(false)) << at;
  }
  if (!part.is_structured()) return;
  for (const auto& [key, inner] : part.items()) {
    expect_closed(inner, std::string(at).append("/").append(key));
  }
}

TEST(ConfigSchemas, ObjectsAreClosed) {
  for (const std::string_view kind : kSchemaKinds) expect_closed(config_schema(kind), std::string(kind));
}

// As editors resolve it, from the file's own folder.
TEST(ConfigSchemas, ShippedConfigsNameTheirSchema) {
  namespace fs = std::filesystem;
  const fs::path configs = fs::path(TRAINCAST_TEST_SOURCE) / "configs";
  std::set<fs::path> of_a_kind;
  for (const std::string_view kind : kSchemaKinds) {
    const std::string expected = "../../share/schemas/config-" + std::string(kind) + ".schema.json";
    for (const fs::path& file : shipped_files(kind)) {
      EXPECT_TRUE(fs::exists(file.parent_path() / expected)) << file << " " << expected;
      EXPECT_EQ(Json::parse(std::ifstream(file)).value("$schema", ""), expected) << file;
      of_a_kind.insert(file);
    }
  }
  for (const auto& entry : fs::recursive_directory_iterator(configs)) {
    if (entry.path().extension() != ".json" || entry.path().filename() == "recorded.json") continue;
    EXPECT_TRUE(of_a_kind.contains(entry.path())) << entry.path() << " has no schema";
  }
}

}  // namespace
}  // namespace traincast
