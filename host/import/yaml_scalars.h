// The scalars of a YAML of nested maps, as training programs write them; no anchors, tags or inline maps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace traincast {

struct YamlScalar {
  std::vector<std::string> path;  // "model", "optim", "name"
  std::string text;               // without quotes; lists in brackets, "[16, 16, 100000]"
};

// In the order of the file. Null and lists of maps are left out.
std::vector<YamlScalar> yaml_scalars(std::string_view text);

// True where a line has one of the keys that a training's YAML has; a shell script has none.
bool looks_like_yaml(std::string_view text);

}  // namespace traincast
