// Config files of every kind as JSON values, and what their readers say of changed ones.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace traincast {

// Each has a schema, share/schemas/config-KIND.schema.json.
inline constexpr std::string_view kSchemaKinds[] = {"gpus",
                                                    "clusters",
                                                    "models",
                                                    "plans",
                                                    "stacks",
                                                    "runs",
                                                    "profiles",
                                                    "reliability",
                                                    "communicators",
                                                    "uncertainty",
                                                    "gates",
                                                    "claims",
                                                    "facts",
                                                    "published-reliability",
                                                    "published-residuals"};

// The files of a kind in configs/: those of the folder of its name, or the one file that there is.
std::vector<std::filesystem::path> shipped_files(std::string_view kind);

struct ConfigFile {
  std::string name;
  nlohmann::json value;
};

// The shipped ones, and samples with what none of those has.
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
