#include <algorithm>
#include <array>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/cli/command.h"
#include "host/cli/output.h"
#include "host/config/json.h"
#include "host/config/near.h"

namespace traincast {
namespace {

// The first of these texts describes a config in one line.
constexpr std::array<std::string_view, 3> kDescribing = {"product", "title", "source"};

// What the file says about itself. A file that is broken stays in the list, with the reason.
std::string description(const std::filesystem::path& path) {
  try {
    const JsonValue root = parse_json(read_file(path, kMaxJsonBytes), path.filename().string());
    const auto* members = root.get<JsonValue::Object>();
    if (members == nullptr) return "(not readable: " + path.filename().string() + " holds no object)";
    for (const std::string_view key : kDescribing) {
      for (const JsonMember& member : *members) {
        if (member.key != key) continue;
        if (const auto* text = member.value.get<std::string>(); text != nullptr) return *text;
      }
    }
    return "(describes itself with none of product, title, source)";
  } catch (const ConfigError& error) {
    return "(not readable: " + std::string(error.what()) + ")";
  }
}

std::vector<ConfigKind> wanted_kinds(const Arguments& arguments) {
  std::vector<ConfigKind> kinds;
  const std::vector<std::string> names(std::begin(kConfigKindNames), std::end(kConfigKindNames));
  for (const std::string& word : arguments.positional()) {
    const auto found = std::find(names.begin(), names.end(), word);
    if (found == names.end()) {
      throw UsageError("unknown kind \"" + word + "\"; accepted: " + join(names, " "));
    }
    kinds.push_back(static_cast<ConfigKind>(found - names.begin()));
  }
  if (!kinds.empty()) return kinds;
  for (int i = 0; i < kConfigKinds; ++i) kinds.push_back(static_cast<ConfigKind>(i));
  return kinds;
}

int run_list(const Arguments& arguments) {
  const std::vector<ConfigKind> kinds = wanted_kinds(arguments);
  const ConfigStore store = open_configs(arguments);
  Table table;
  table.columns = {{.key = "kind", .title = "kind", .align = Align::left},
                   {.key = "name", .title = "name", .align = Align::left},
                   {.key = "description", .title = "description", .align = Align::left, .wrap_width = 24}};
  for (const ConfigKind kind : kinds) {
    for (const std::string& config : store.names(kind)) {
      table.rows.push_back(
          {text_cell(name(kind)), text_cell(config), text_cell(description(store.path(kind, config)))});
    }
  }
  emit(arguments, {.name = "list", .tables = {table}});
  return 0;
}

}  // namespace

extern const CommandSpec kListCommand;
const CommandSpec kListCommand{
    .name = "list",
    .summary = "list GPUs, clusters, models, plans, stacks, profiles and runs",
    .details = "Every name listed can be used where a command takes one; so can the path of a .json file.",
    .example = "traincast list gpus models",
    .options = {},
    .positional = {"KIND",
                   "gpus, clusters, models, plans, stacks, profiles or runs; all where none is named",
                   0,
                   kConfigKinds,
                   {std::begin(kConfigKindNames), std::end(kConfigKindNames)}},
    .ranks = Ranks::one,
    .run = run_list};

}  // namespace traincast
