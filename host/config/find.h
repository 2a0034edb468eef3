// Where config files live, and which there are.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/reader.h"

namespace traincast {

enum class ConfigKind {
  gpus,
  clusters,
  models,
  plans,
  stacks,
  profiles,
  runs,
  reliability,
  communicators,
  uncertainty
};
inline constexpr std::string_view kConfigKindNames[] = {
    "gpus",     "clusters", "models",      "plans",         "stacks",
    "profiles", "runs",     "reliability", "communicators", "uncertainty"};
inline constexpr int kConfigKinds = 10;
constexpr std::string_view name(ConfigKind kind) {
  return kConfigKindNames[static_cast<int>(kind)];
}

// Opens config files otherwise than straight from the disk: with values set by hand (override.h).
class ConfigSource {
 public:
  virtual ~ConfigSource() = default;
  virtual Reader open(ConfigKind kind, const std::filesystem::path& file) = 0;
};

// A folder with one sub-folder for each kind and one NAME.json for each config.
class ConfigStore {
 public:
  // Throws ConfigError where `root` is no folder.
  explicit ConfigStore(std::filesystem::path root);

  const std::filesystem::path& root() const { return root_; }
  std::vector<std::string> names(ConfigKind kind) const;  // sorted; none where the sub-folder is absent
  // A name of this kind, or the path of any file that ends in .json. Throws ConfigError that lists near
  // names.
  std::filesystem::path path(ConfigKind kind, std::string_view name_or_path) const;

  // The file that path() gave, opened from the disk or from the source that replaces it.
  Reader read(ConfigKind kind, const std::filesystem::path& file) const;
  // The same folder, whose files come from `source`.
  ConfigStore with(std::shared_ptr<ConfigSource> source) const;

 private:
  std::filesystem::path root_;
  std::shared_ptr<ConfigSource> source_;  // null: the disk
};

// The first that is there: `explicit_folder` (of --configs) and the variable TRAINCAST_CONFIGS, which must be
// right if not empty; `configs` beside the executable or one or two folders above it (a build tree);
// ../share/traincast/configs (an installation). Throws ConfigError that lists what was tried.
ConfigStore find_configs(const std::string& explicit_folder = "");

// The text under a key that names another config; throws, at that key, where there is none of that name. A
// path is relative to the folder of the file that has the key, and comes back with that folder.
std::string reference(Reader& reader, std::string_view key, const ConfigStore& store, ConfigKind kind);

// The same of the key "parent". `open` are the files whose parent this one is, and their parents' parents: a
// cycle is refused, and so are more than kMostParents.
inline constexpr std::size_t kMostParents = 32;
std::string parent_reference(Reader& reader, const ConfigStore& store, ConfigKind kind,
                             std::span<const std::filesystem::path> open);

}  // namespace traincast
