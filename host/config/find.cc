#include "host/config/find.h"

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "host/base/errors.h"
#include "host/config/json.h"
#include "host/config/near.h"

namespace traincast {
namespace fs = std::filesystem;

ConfigStore::ConfigStore(fs::path root) : root_(std::move(root)) {
  std::error_code error;
  if (!fs::is_directory(root_, error)) {
    throw ConfigError("no folder of configs at " + root_.string() +
                      "; accepted: a folder with gpus, clusters, models, plans, stacks, profiles and runs");
  }
}

std::vector<std::string> ConfigStore::names(ConfigKind kind) const {
  std::vector<std::string> found;
  std::error_code error;
  fs::directory_iterator entries(root_ / name(kind), error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    const fs::path& file = entries->path();
    const std::string stem = file.stem().string();
    if (file.extension() == ".json" && !stem.starts_with('.')) found.push_back(stem);
  }
  std::sort(found.begin(), found.end());
  return found;
}

fs::path ConfigStore::path(ConfigKind kind, std::string_view name_or_path) const {
  std::error_code error;
  if (name_or_path.ends_with(".json")) {
    fs::path file(name_or_path);
    if (!fs::exists(file, error))
      throw ConfigError("cannot read " + file.string() + ": there is no such file; accepted: a .json file");
    return file;
  }
  const std::vector<std::string> known = names(kind);
  if (std::binary_search(known.begin(), known.end(), name_or_path)) {
    return root_ / name(kind) / (std::string(name_or_path) + ".json");
  }
  const std::string folder = (root_ / name(kind)).string();
  std::string message = "no " + quote_for_message(name_or_path) + " in " + folder;
  const std::vector<std::string> near = near_names(name_or_path, known);
  if (!near.empty()) message += "; near it: " + join(near, " ");
  message += "; accepted: a path that ends in .json, or a name that `traincast list " +
             std::string(name(kind)) + "` prints";
  throw ConfigError(message);
}

Reader ConfigStore::read(ConfigKind kind, const fs::path& file) const {
  return source_ == nullptr ? Reader::from_file(file) : source_->open(kind, file);
}

ConfigStore ConfigStore::with(std::shared_ptr<ConfigSource> source) const {
  ConfigStore copy = *this;
  copy.source_ = std::move(source);
  return copy;
}

std::string reference(Reader& reader, std::string_view key, const ConfigStore& store, ConfigKind kind) {
  std::string named = reader.text(key);
  if (named.ends_with(".json")) {
    named = (fs::path(reader.file()).parent_path() / named).lexically_normal().string();
  }
  try {
    static_cast<void>(store.path(kind, named));
  } catch (const ConfigError& error) {
    reader.fail(key, error.what());
  }
  return named;
}

std::string parent_reference(Reader& reader, const ConfigStore& store, ConfigKind kind,
                             std::span<const fs::path> open) {
  std::string named = reference(reader, "parent", store, kind);
  const fs::path parent = store.path(kind, named);
  std::string chain;
  bool cycle = false;
  for (const fs::path& file : open) {
    std::error_code error;
    chain.append(file.stem().string()).append(" -> ");
    cycle = cycle || fs::equivalent(file, parent, error);
  }
  if (cycle) reader.fail("parent", "a cycle of parents: " + chain + parent.stem().string());
  if (open.size() > kMostParents) {
    reader.fail("parent", "a parent of a parent, and so on; accepted: up to " + std::to_string(kMostParents) +
                              " of them");
  }
  return named;
}

ConfigStore find_configs(const std::string& explicit_folder) {
  if (!explicit_folder.empty()) return ConfigStore(explicit_folder);
  if (const char* variable = std::getenv("TRAINCAST_CONFIGS"); variable != nullptr && *variable != '\0') {
    return ConfigStore(variable);
  }
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  std::string tried;
  for (const std::string_view candidate :
       {"configs", "../configs", "../../configs", "../share/traincast/configs"}) {
    const fs::path root = (folder / candidate).lexically_normal();
    // "gpus" tells our folder from another program's.
    if (fs::is_directory(root / "gpus", error)) return ConfigStore(root);
    tried += ' ';
    tried += root.string();
  }
  throw ConfigError("no folder of configs found; tried:" + tried +
                    "; accepted: --configs DIR, or the variable TRAINCAST_CONFIGS");
}

}  // namespace traincast
