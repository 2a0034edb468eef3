// Config files of every kind as JSON values, and what their readers say of changed ones.
#pragma once

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace traincast {

// The folders of configs/ that have a schema, share/schemas/config-KIND.schema.json.
inline constexpr std::string_view kSchemaKinds[] = {"gpus",        "clusters", "models",   "plans",
                                                    "stacks",      "runs",     "profiles", "reliability",
                                                    "uncertainty", "gates"};

struct ConfigFile {
  std::string name;
  nlohmann::json value;
};

// Those in configs/, and samples with what no shipped file has.
std::vector<ConfigFile> config_files(std::string_view kind);
nlohmann::json config_schema(std::string_view kind);

// What the reader says of `value` in the place of that file; "" where it accepts it.
std::string refusal(std::string_view kind, const std::string& name, const nlohmann::json& value);

// An object of a config that a closed part of the schema ("additionalProperties": false) describes.
struct ClosedObject {
  std::string at;        // JSON pointer in the config
  std::string location;  // of that part, JSON pointer in the schema
};
std::vector<ClosedObject> closed_objects(const nlohmann::json& schema, const nlohmann::json& value);
// All closed parts of a schema.
std::set<std::string> closed_locations(const nlohmann::json& schema);

}  // namespace traincast
