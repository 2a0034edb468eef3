#include "host/config/override.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "host/base/errors.h"
#include "host/config/load.h"
#include "host/config/near.h"

namespace traincast {
namespace {

struct Prefix {
  std::string_view word;
  ConfigKind kind;
};
constexpr std::array<Prefix, 8> kPrefixes = {{{"run", ConfigKind::runs},
                                              {"model", ConfigKind::models},
                                              {"plan", ConfigKind::plans},
                                              {"cluster", ConfigKind::clusters},
                                              {"stack", ConfigKind::stacks},
                                              {"gpu", ConfigKind::gpus},
                                              {"reliability_set", ConfigKind::reliability},
                                              {"communicators", ConfigKind::communicators}}};
constexpr std::string_view kGpus = "gpus";
constexpr std::size_t kMostCandidates = 12;

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> steps;
  while (true) {
    const std::size_t dot = path.find('.');
    steps.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return steps;
    path.remove_prefix(dot + 1);
  }
}

std::string dotted(std::string_view prefix, std::string pointer) {
  std::replace(pointer.begin(), pointer.end(), '/', '.');
  return std::string(prefix) + pointer;
}

// "restart" and "reliability.restart" end "cluster.reliability.restart"; "start" does not.
bool ends_path(std::string_view full, std::string_view end) {
  if (full.size() == end.size()) return full == end;
  return full.size() > end.size() && full.ends_with(end) && full[full.size() - end.size() - 1] == '.';
}

// The last so many steps.
std::string_view tail(std::string_view path, std::size_t steps) {
  std::size_t at = path.size();
  for (; steps > 0 && at != std::string_view::npos && at != 0; --steps) at = path.rfind('.', at - 1);
  return at == std::string_view::npos || at == 0 ? path : path.substr(at + 1);
}

const Prefix* prefix_of(std::string_view path) {
  const std::string_view word = path.substr(0, path.find('.'));
  const auto* found =
      std::find_if(kPrefixes.begin(), kPrefixes.end(), [&](const Prefix& p) { return p.word == word; });
  return found == kPrefixes.end() ? nullptr : found;
}

std::string pointer_of(const Edit& edit) {
  std::string pointer;
  for (const std::string& step : edit.steps) pointer += json_pointer_step(step);
  return pointer;
}

}  // namespace

std::string typed_text(const Override& one) {
  return one.option + " " + one.path + "=" + one.value;
}

Override parse_override(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    throw UsageError("--set " + std::string(text) +
                     " is not accepted; accepted: PATH=VALUE, such as cluster.reliability.restart=5min");
  }
  return {std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

RunConfigs::RunConfigs(const ConfigStore& store, std::string run)
    : store_(store), name_(std::move(run)), files_(std::make_shared<ParsedFiles>()) {
  const auto files = std::make_shared<EditedFiles>(files_, std::vector<Edit>{}, std::vector<std::string>{});
  const ConfigStore recording = store_.with(files);
  run_ = load_run(recording, name_);
  std::set<std::string> paths = {std::string(kGpus)};
  for (const Fleet& fleet : run_.cluster.fleets) load_gpu(recording, fleet.gpu);
  for (const OpenedConfig& config : files->opened()) {
    const auto* prefix = std::find_if(kPrefixes.begin(), kPrefixes.end(),
                                      [&](const Prefix& p) { return p.kind == config.kind; });
    if (prefix == kPrefixes.end()) continue;
    for (const Reader::Asked& key : config.reader.asked()) {
      // What a set of reliability leaves out, the cluster says: cluster.reliability.restart.
      const bool elsewhere = config.kind == ConfigKind::reliability && key.value == nullptr;
      if (key.pointer != "/parent" && !elsewhere) paths.insert(dotted(prefix->word, key.pointer));
    }
  }
  paths_.assign(paths.begin(), paths.end());
}

std::string RunConfigs::resolve(std::string_view path, std::string_view option) const {
  const std::string shown = std::string(option) + " " + std::string(path);
  if (std::binary_search(paths_.begin(), paths_.end(), path)) return std::string(path);
  std::vector<std::string> found;
  for (const std::string& full : paths_) {
    if (ends_path(full, path)) found.push_back(full);
  }
  if (found.size() == 1) return found.front();
  if (found.size() > 1) throw UsageError(shown + " names several inputs; accepted: " + join(found, " "));
  // gpu.NAME.PATH is gpu.PATH of one GPU.
  const std::vector<std::string> steps = split(path);
  if (steps.size() > 2 && steps[0] == "gpu") {
    const std::vector<std::string> gpus = store_.names(ConfigKind::gpus);
    const std::string all = "gpu." + std::string(path.substr(5 + steps[1].size()));
    if (std::binary_search(gpus.begin(), gpus.end(), steps[1]) &&
        std::binary_search(paths_.begin(), paths_.end(), all)) {
      return std::string(path);
    }
  }
  std::vector<std::string> tails;
  std::vector<std::string> near;
  for (const std::string& full : paths_) tails.emplace_back(tail(full, steps.size()));
  for (const std::string& name : near_names(path, tails, kMostCandidates)) {
    for (const std::string& full : paths_) {
      const bool listed = std::find(near.begin(), near.end(), full) != near.end();
      if (!listed && ends_path(full, name) && near.size() < 4) near.push_back(full);
    }
  }
  throw UsageError(shown + " names no input of the run " + run_.name + "; " +
                   (near.empty() ? "accepted: gpus, or the path of a value in one of its configs, such as "
                                   "cluster.reliability.restart or plan.micro_batch"
                                 : "near it: " + join(near, " ")));
}

std::vector<Edit> RunConfigs::edits(std::span<const Override> overrides) const {
  std::vector<Edit> list;
  for (const Override& one : overrides) {
    const std::string full = resolve(one.path, one.option);
    if (full == kGpus) continue;
    Edit edit;
    std::vector<std::string> steps = split(full);
    edit.kind = prefix_of(full)->kind;
    steps.erase(steps.begin());
    if (edit.kind == ConfigKind::gpus && !std::binary_search(paths_.begin(), paths_.end(), full)) {
      edit.config = steps.front();
      steps.erase(steps.begin());
    }
    edit.steps = std::move(steps);
    edit.value = one.value;
    edit.words = full + " = " + one.value;
    list.push_back(std::move(edit));
  }
  return list;
}

EditedRun RunConfigs::load(const std::vector<Edit>& edits, std::vector<std::string> assumptions) const {
  EditedRun edited{store_.with(std::make_shared<EditedFiles>(files_, edits, std::move(assumptions))), {}};
  edited.run = load_run(edited.store, name_);
  return edited;
}

EditedRun RunConfigs::with(std::span<const Override> overrides) const {
  std::vector<Edit> list = edits(overrides);
  std::vector<std::string> assumptions;
  assumptions.reserve(overrides.size());
  for (const Override& one : overrides) {
    assumptions.push_back("Set by hand: " + resolve(one.path, one.option) + " = " + one.value + ".");
  }
  const std::size_t typed = list.size();
  try {
    for (const Override& one : overrides) {
      if (one.path == kGpus) add_gpus(one, list, assumptions);
    }
    EditedRun edited = load(list, std::move(assumptions));
    // A GPU whose values were set is checked now, not when an estimate first needs it.
    for (const Fleet& fleet : edited.run.cluster.fleets) load_gpu(edited.store, fleet.gpu);
    return edited;
  } catch (const ConfigError& error) {
    const std::string what = error.what();
    std::size_t next = 0;
    for (const Override& one : overrides) {
      if (one.path == kGpus) continue;
      if (next < typed && what.find("#" + pointer_of(list[next]) + ":") != std::string::npos) {
        throw ConfigError(typed_text(one) + ": " + what);
      }
      ++next;
    }
    throw;
  }
}

}  // namespace traincast
