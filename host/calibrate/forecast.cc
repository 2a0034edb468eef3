#include "host/calibrate/forecast.h"

#include <algorithm>
#include <set>
#include <vector>

#include "host/base/errors.h"
#include "host/calibrate/rank_spread.h"
#include "host/calibrate/run_phases.h"
#include "host/model/straggler.h"

namespace traincast {
namespace {

using enum FigureGroup;
constexpr FigureGroups kTimes = figure_groups({step, memory, days, energy, cost});
constexpr FigureGroups kModel = figure_groups({step, memory, work, checkpoints, days, energy, cost});
constexpr FigureGroups kTokens = figure_groups({work, days, energy, cost});
constexpr FigureGroups kFailures = figure_groups({failures, days, energy, cost});
constexpr FigureGroups kCheckpoints = figure_groups({checkpoints, days, energy, cost});

void add_run_inputs(Forecast& out, Calibrator& calibrator) {
  const Run& run = out.run;
  out.inputs.push_back({"stack", run.stack.name, run.stack.from, kTimes});
  out.inputs.push_back({"plan", run.plan.name, run.plan.from, kTimes});
  out.inputs.push_back({"model", run.model.name, run.model.from, kModel});
  out.inputs.push_back({"tokens", run.name, run.from, kTokens});
  out.inputs.push_back(
      {"GPU memory", out.smallest, calibrator.gpu(out.smallest).memory.from, figure_groups({memory})});
  out.inputs.push_back({"reliability", run.cluster.name, run.cluster.reliability.from, kFailures});
  out.inputs.push_back({"checkpoint storage", run.cluster.name, run.cluster.storage.from, kCheckpoints});
  out.inputs.push_back(
      {"cooling, electricity", run.cluster.name, run.cluster.power.from, figure_groups({energy})});
  for (const Fleet& fleet : run.cluster.fleets) {
    const Gpu& gpu = calibrator.gpu(fleet.gpu);
    out.inputs.push_back({"server power", gpu.name, gpu.power.from, figure_groups({energy})});
    out.inputs.push_back({"prices", gpu.name, gpu.price.from, figure_groups({cost})});
  }
}

void add_site_inputs(Forecast& out, const RunSystems& systems) {
  const Run& run = out.run;
  if (run.cluster.timeline) {
    out.inputs.push_back({"GPUs and power by date", run.cluster.name, run.cluster.timeline->from,
                          figure_groups({days, energy, cost})});
  }
  if (run.cluster.slow_nodes) {
    out.inputs.push_back({"slow nodes (table only)", run.cluster.name, run.cluster.slow_nodes->from, {}});
  }
  const bool clocks = std::any_of(out.phases.begin(), out.phases.end(),
                                  [](const RunPhase& phase) { return phase.clock < 1; });
  if (!clocks) return;
  for (const Gpu* gpu : systems.gpus) {
    out.inputs.push_back({"power at lower clocks", gpu->name, gpu->power.clocked->from, kTimes});
  }
}

// What equal and unequal work would make of the whole plan.
void add_choices(Forecast& out, const RunSystems& systems, std::span<const FleetGpus> fleets) {
  if (fleets.size() < 2) return;
  const Plan& plan = out.run.plan;
  const double tokens = static_cast<double>(plan.global_batch) * static_cast<double>(out.run.model.sequence);
  for (const bool unequal : {false, true}) {
    FleetStep found = fleet_step(out.run, plan, systems, fleets, 1, unequal);
    out.choices.push_back({.unequal = unequal,
                           .chosen = unequal == plan.unequal_work,
                           .step = found.step.time,
                           .tokens = Tokens(tokens) / found.step.time,
                           .fleets = std::move(found.fleets)});
  }
}

void add_stragglers(Forecast& out, const Calibrator& calibrator, const System& pace, const RunPhase& phase) {
  Stragglers& found = out.stragglers;
  found.spread = pace.gpu->sustained.spread;
  found.slowest = found.spread * expected_maximum(phase.gpus);
  const std::optional<RankSpread> measured =
      out.profile_used ? rank_spread(*calibrator.profile()) : std::nullopt;
  if (measured) {
    found.measured = true;
    found.jitter = measured->jitter;
  }
  const Cluster& cluster = out.run.cluster;
  found.slow_nodes = cluster.slow_nodes;
  found.nodes = std::max<std::int64_t>(1, phase.gpus / cluster.gpus_per_node);
  found.ejections = ejections(phase.step, {found.spread, cluster.slow_nodes}, phase.gpus,
                              cluster.gpus_per_node, {0, 0.001, 0.01});
}

void add_feeds(Forecast& out, const Gpu& gpu) {
  const Cluster::Power& power = out.run.cluster.power;
  std::set<double> supplies;
  for (const RunPhase& phase : out.phases) {
    if (phase.supply) supplies.insert(phase.supply->value());
  }
  constexpr std::int64_t kAny = 1'000'000'000;
  const FleetGpus any{&gpu, kAny};
  const FleetGpus all{&gpu, out.run.plan.gpus()};
  for (const double watts : supplies) {
    SupplyFeeds row{.supply = Watts(watts)};
    row.lowest_clock = lowest_clock({&any, 1});
    row.gpus = gpus_fed(power, {&any, 1}, row.supply);
    row.gpus_slowed = gpus_fed(power, {&any, 1}, row.supply, row.lowest_clock);
    const double clock = clock_within(power, {&all, 1}, row.supply);
    row.clock_for_all = gpus_fed(power, {&all, 1}, row.supply, clock) == all.count ? clock : 0;
    out.feeds.push_back(row);
  }
}

std::size_t fleet_of(const Run& run, const std::string& gpu) {
  std::size_t at = 0;
  while (at + 1 < run.cluster.fleets.size() && run.cluster.fleets[at].gpu != gpu) ++at;
  return at;
}

void estimate(Forecast& out, Calibrator& calibrator, std::span<const FleetGpus> fleets) {
  const RunSystems systems = run_systems(calibrator, out.run);
  out.phases = phases_of(out.run, systems);
  out.estimate = run_phases(out.run, out.phases);
  for (const RunPhase& phase : out.phases) add_up(out.sources, phase.used);
  const RunPhase& most = out.phases[main_phase(out.phases)];
  const CalibratedSystem& pace = systems.systems[fleet_of(out.run, most.pace)];
  out.step = most.step;
  out.pace = most.pace;
  out.profile_used = calibrator.uses_profile(most.pace);
  out.inputs = pace.inputs();
  add_choices(out, systems, fleets);
  add_stragglers(out, calibrator, pace.view(), most);
  add_feeds(out, *pace.view().gpu);
  add_run_inputs(out, calibrator);
  add_site_inputs(out, systems);
}

}  // namespace

Forecast forecast(Calibrator& calibrator, const Run& run) {
  Forecast out;
  out.run = run;
  std::vector<FleetGpus> fleets;
  for (const Fleet& fleet : run.cluster.fleets) {
    const Gpu& gpu = calibrator.gpu(fleet.gpu);
    fleets.push_back({&gpu, fleet.gpus});
    if (out.smallest.empty() || gpu.memory.capacity < out.capacity) {
      out.smallest = gpu.name;
      out.capacity = gpu.memory.capacity;
    }
  }
  out.memory = estimate_memory(run.model, run.plan, run.stack);
  try {
    require_fit(out.memory, calibrator.gpu(out.smallest));
    estimate(out, calibrator, fleets);
  } catch (const InfeasiblePlan& reason) {
    out.infeasible = reason.what();
    return out;
  }
  out.published = compare_published(run, out.step, out.estimate);
  return out;
}

}  // namespace traincast
