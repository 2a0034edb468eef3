#include "host/config/override.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include "host/base/errors.h"
#include "host/config/check_plan.h"
#include "host/config/load.h"
#include "host/config/load_parts.h"
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

std::string typed_text(const Override& one) {
  return one.option + " " + one.path + "=" + one.value;
}

std::string pointer_of(const Edit& edit) {
  std::string pointer;
  for (const std::string& step : edit.steps) pointer += json_pointer_step(step);
  return pointer;
}

Plan with_replicas(Plan plan, std::int64_t replicas) {
  plan.data_parallel = replicas;
  return plan;
}

std::int64_t replica_gpus(const Plan& plan) {
  return plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel;
}

bool can_be_laid_out(const std::vector<LaidOut>& all, std::int64_t gpus) {
  return std::all_of(all.begin(), all.end(), [&](const LaidOut& one) {
    const std::int64_t replica = replica_gpus(one.plan);
    return gpus % replica == 0 && !plan_problem(with_replicas(one.plan, gpus / replica), one.model, gpus);
  });
}

// The nearest number of replicas of the first plan that all take, below (step -1) or above (step 1); 0 for
// none.
std::int64_t nearest_replicas(const std::vector<LaidOut>& all, std::int64_t from, std::int64_t step) {
  const Plan& plan = all.front().plan;
  const std::int64_t most = plan.global_batch / plan.micro_batch;
  for (std::int64_t replicas = from; replicas >= 1 && replicas <= most; replicas += step) {
    if (can_be_laid_out(all, replicas * replica_gpus(plan))) return replicas;
  }
  return 0;
}

}  // namespace

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

RunConfigs::Layout RunConfigs::layout(const std::vector<Edit>& edits,
                                      const std::vector<std::string>& assumptions) const {
  const ConfigStore store = store_.with(std::make_shared<EditedFiles>(files_, edits, assumptions));
  Reader reader = store.read(ConfigKind::runs, store.path(ConfigKind::runs, name_));
  Run run;
  run.plan = load_plan(store, reference(reader, "plan", store, ConfigKind::plans));
  run.model = load_transformer(store, reference(reader, "model", store, ConfigKind::models));
  Layout out{{{run.plan, run.model}},
             load_cluster(store, reference(reader, "cluster", store, ConfigKind::clusters))};
  for (const StatedPart& stated : read_parts(reader, store)) {
    const RunPart part = part_layout(stated, run, store);
    Transformer model = run.model;
    model.sequence = part.sequence;
    // An increment that is not stated follows the replicas.
    for (Plan& plan : part_plans(part, stated.rampup_increment.has_value())) {
      out.plans.push_back({std::move(plan), model});
    }
  }
  return out;
}

std::vector<std::int64_t> RunConfigs::gpu_counts(std::span<const Override> overrides,
                                                 std::int64_t most) const {
  const Layout found = layout(edits(overrides), {});
  const std::int64_t replica = replica_gpus(found.plans.front().plan);
  std::vector<std::int64_t> counts;
  for (std::int64_t replicas = 1; replicas * replica <= most; ++replicas) {
    replicas = nearest_replicas(found.plans, replicas, 1);
    if (replicas == 0 || replicas * replica > most) break;
    counts.push_back(replicas * replica);
  }
  return counts;
}

void RunConfigs::add_gpus(const Override& gpus, std::vector<Edit>& edits,
                          std::vector<std::string>& assumptions) const {
  const std::string shown = typed_text(gpus);
  std::int64_t wanted = 0;
  const char* end = gpus.value.data() + gpus.value.size();
  const auto read = std::from_chars(gpus.value.data(), end, wanted);
  if (read.ec != std::errc() || read.ptr != end || wanted < 1 || wanted > kMaxCount) {
    throw ConfigError(shown + " is not accepted; accepted: a whole number from 1 to " +
                      std::to_string(kMaxCount));
  }
  for (const Edit& edit : edits) {
    if (edit.words.starts_with("plan.data_parallel ") || edit.words.starts_with("run.gpus ")) {
      throw UsageError(shown + " sets plan.data_parallel and run.gpus; accepted: it or them");
    }
  }
  const auto [plans, cluster] = layout(edits, assumptions);
  const Plan& plan = plans.front().plan;
  const std::int64_t replica = replica_gpus(plan);
  const std::int64_t replicas = wanted / replica;
  if (!can_be_laid_out(plans, wanted)) {
    const std::int64_t most = plan.global_batch / plan.micro_batch;
    const std::int64_t below = nearest_replicas(plans, std::min(replicas, most), -1);
    const std::int64_t above = nearest_replicas(plans, replicas + 1, 1);
    std::string near;
    if (below > 0) near += std::to_string(below * replica);
    if (above > 0) near += (near.empty() ? "" : " and ") + std::to_string(above * replica);
    throw ConfigError(shown + ": a replica of the plan " + plan.name + " is " + std::to_string(replica) +
                      " GPUs, and its " + std::to_string(plan.global_batch) +
                      " sequences a step are to be shared evenly" +
                      (plans.size() > 1 ? ", as those of all parts" : "") +
                      "; nearest accepted: " + (near.empty() ? "none" : near));
  }
  const auto add = [&](ConfigKind kind, std::vector<std::string> steps, std::int64_t value,
                       const std::string& name) {
    edits.push_back(
        {kind, "", std::move(steps), std::to_string(value), name + " = " + std::to_string(value)});
  };
  add(ConfigKind::runs, {"gpus"}, wanted, "run.gpus");
  std::set<std::string> set;
  for (const LaidOut& one : plans) {
    if (!set.insert(one.plan.name).second) continue;
    add(ConfigKind::plans, {"data_parallel"}, wanted / replica_gpus(one.plan), "plan.data_parallel");
    edits.back().config = one.plan.name;
  }
  const std::int64_t missing = wanted - cluster.gpus();
  if (missing <= 0) return;
  if (cluster.timeline) {
    throw ConfigError(shown + ": the cluster " + cluster.name + " changes by date, and has " +
                      std::to_string(cluster.gpus()) + " GPUs in the end; accepted: no more than these");
  }
  const std::size_t last = cluster.fleets.size() - 1;
  const std::string fleet = std::to_string(last);
  add(ConfigKind::clusters, {"fleets", fleet, "gpus"}, cluster.fleets[last].gpus + missing,
      "cluster.fleets." + fleet + ".gpus");
  assumptions.push_back("The cluster " + cluster.name + " has " + std::to_string(cluster.gpus()) +
                        " GPUs; it is taken as grown to " + std::to_string(wanted) + " by " +
                        cluster.fleets[last].gpu + ".");
  const std::size_t outer = cluster.network.tiers.size() - 1;
  if (cluster.network.tiers[outer].gpus < wanted) {
    add(ConfigKind::clusters, {"network", "tiers", std::to_string(outer), "gpus"}, wanted,
        "cluster.network.tiers." + std::to_string(outer) + ".gpus");
  }
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
