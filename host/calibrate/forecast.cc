#include "host/calibrate/forecast.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "host/base/errors.h"
#include "host/calibrate/part_phases.h"
#include "host/calibrate/rank_spread.h"
#include "host/calibrate/run_phases.h"
#include "host/model/history.h"
#include "host/model/straggler.h"

namespace traincast {
namespace {

using enum FigureGroup;
constexpr FigureGroups kTimes = figure_groups({step, memory, days, energy, cost});
constexpr FigureGroups kModel = figure_groups({step, memory, work, checkpoints, days, energy, cost});
constexpr FigureGroups kTokens = figure_groups({work, days, energy, cost});
constexpr FigureGroups kFailures = figure_groups({failures, days, energy, cost});
constexpr FigureGroups kCheckpoints = figure_groups({checkpoints, days, energy, cost});

// Parts rest on the plans that they name, and on what is said of them.
void add_part_inputs(Forecast& out) {
  const Run& run = out.run;
  std::set<std::string> plans = {run.plan.name};
  for (std::size_t i = 0; i < run.parts.size(); ++i) {
    const RunPart& part = run.parts[i];
    if (plans.insert(part.plan.name).second) {
      out.inputs.push_back({"plan", part.plan.name, part.plan.from, kTokens});
    }
    out.inputs.push_back({"part " + std::to_string(i + 1), part.title, part.from, kTokens});
  }
}

void add_run_inputs(Forecast& out, Calibrator& calibrator) {
  const Run& run = out.run;
  out.inputs.push_back({"stack", run.stack.name, run.stack.from, kTimes});
  out.inputs.push_back({"plan", run.plan.name, run.plan.from, kTimes});
  out.inputs.push_back({"model", run.model.name, run.model.from, kModel});
  out.inputs.push_back({"tokens", run.name, run.from, kTokens});
  add_part_inputs(out);
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
  const FigureGroups by_date = figure_groups({days, energy, cost});
  const Date end = run.start.value_or(Date{}) + out.estimate.expected;
  if (run.cluster.timeline) {
    for (const InstalledFleets& there : run.cluster.timeline->installed) {
      if (there.from > end) continue;
      out.inputs.push_back({"GPUs from " + to_string(there.from), run.cluster.name, there.source, by_date});
    }
    for (const PowerSource& source : run.cluster.timeline->sources) {
      if (source.from > end || (source.until && *source.until <= run.start)) continue;
      out.inputs.push_back(
          {source.name + " from " + to_string(source.from), run.cluster.name, source.source, by_date});
    }
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
  found.spread_from = pace.gpu->sustained.from;
  found.slowest = found.spread * expected_maximum(phase.gpus);
  const std::optional<RankSpread> measured =
      out.profile_used ? rank_spread(*calibrator.profile()) : std::nullopt;
  if (measured) {
    found.measured = true;
    found.spread_from = calibrator.profile()->from;
    found.jitter = measured->jitter;
    // Each layer of each micro-batch has a draw of its own, at least: their mean jitters less.
    const Plan& plan = out.run.plan;
    const std::int64_t layers = std::max<std::int64_t>(1, out.run.model.layers / plan.pipeline_parallel);
    const auto draws = static_cast<double>(phase.step.micro_batches * layers);
    found.jitter_slowest = found.jitter / std::sqrt(draws) * expected_maximum(phase.gpus);
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
  for (const double watts : supplies) {
    out.feeds.push_back(supply_feeds(power, gpu, out.run.plan.gpus(), Watts(watts)));
  }
}

std::size_t fleet_of(const Run& run, const std::string& gpu) {
  std::size_t at = 0;
  while (at + 1 < run.cluster.fleets.size() && run.cluster.fleets[at].gpu != gpu) ++at;
  return at;
}

void estimate(Forecast& out, Calibrator& calibrator, std::span<const FleetGpus> fleets) {
  const RunSystems systems = run_systems(calibrator, out.run);
  out.phases = out.run.parts.empty() ? phases_of(out.run, systems) : phases_of_parts(out.run, calibrator);
  out.estimate = run_phases(out.run, out.phases);
  if (out.estimate.expected > kHorizon) {
    const double years = 100 * (out.estimate.expected / kHorizon);
    throw InfeasiblePlan("takes " + std::to_string(std::llround(std::min(years, 1e15))) +
                         " years; accepted: up to 100");
  }
  out.parts = part_forecasts(out.run, out.phases);
  for (const RunPhase& phase : out.phases) add_up(out.sources, phase.used);
  const RunPhase& most = out.phases[main_phase(out.phases)];
  const CalibratedSystem& pace = systems.systems[fleet_of(out.run, most.pace)];
  out.step = most.step;
  out.pace = most.pace;
  out.profile_used = calibrator.uses_profile(most.pace);
  out.inputs = pace.inputs();
  Plan plan = out.run.plan;
  plan.data_parallel = most.replicas;
  out.memory = estimate_memory(out.run.model, plan, out.run.stack);
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
    require_parts_fit(run, calibrator.gpu(out.smallest));
    estimate(out, calibrator, fleets);
  } catch (const InfeasiblePlan& reason) {
    out.infeasible = reason.what();
    return out;
  }
  out.published = compare_published(run, out.step, out.estimate);
  return out;
}

}  // namespace traincast
