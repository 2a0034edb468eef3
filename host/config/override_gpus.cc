// `gpus` alone: a run on another number of GPUs, its plan's and its parts' replicas with it.
#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <utility>

#include "host/base/errors.h"
#include "host/config/check_plan.h"
#include "host/config/load.h"
#include "host/config/load_parts.h"
#include "host/config/override.h"

namespace traincast {
namespace {

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

}  // namespace traincast
