#include "host/calibrate/run_phases.h"

#include <algorithm>
#include <set>

#include "host/base/errors.h"
#include "host/model/memory.h"

namespace traincast {
namespace {

std::vector<Date> dates_of(const Run& run) {
  std::set<Date> dates = {*run.start};
  const auto add = [&](Date date) {
    if (date > *run.start) dates.insert(date);
  };
  for (const InstalledFleets& installed : run.cluster.timeline->installed) add(installed.from);
  for (const PowerSource& source : run.cluster.timeline->sources) {
    add(source.from);
    if (source.until) add(*source.until);
  }
  return {dates.begin(), dates.end()};
}

std::int64_t sum(std::span<const FleetGpus> fleets) {
  std::int64_t gpus = 0;
  for (const FleetGpus& fleet : fleets) gpus += fleet.count;
  return gpus;
}

// By the run's fleets in order, some of which may not be there yet.
std::vector<FleetGpus> installed_at(const Run& run, const RunSystems& systems, std::optional<Date> date) {
  const std::vector<Fleet>* there = &run.cluster.fleets;
  if (date && run.cluster.timeline) {
    for (const InstalledFleets& installed : run.cluster.timeline->installed) {
      if (installed.from <= *date) there = &installed.fleets;
    }
  }
  std::vector<FleetGpus> out;
  for (std::size_t i = 0; i < run.cluster.fleets.size(); ++i) {
    out.push_back({systems.gpus[i], 0});
    for (const Fleet& fleet : *there) {
      if (fleet.gpu == run.cluster.fleets[i].gpu) out.back().count = fleet.gpus;
    }
  }
  return out;
}

std::string count_text(std::int64_t gpus) {
  return std::to_string(gpus) + (gpus == 1 ? " GPU" : " GPUs");
}

// Why no replica runs.
std::string why_none(const RunPhase& phase, std::int64_t replica) {
  const std::string needs = ", and one replica of the plan needs " + std::to_string(replica);
  if (phase.bound == Limit::gpus) return "the site has " + count_text(phase.installed) + needs;
  return "the supply of " + to_string(*phase.supply) + " feeds " + count_text(phase.fed) + needs;
}

// How many GPUs may run, and at what clock.
std::int64_t usable(RunPhase& phase, const Run& run, std::span<const FleetGpus> installed) {
  const Cluster::Power& power = run.cluster.power;
  const std::int64_t wanted = std::min(run.plan.gpus(), phase.installed);
  const std::vector<FleetGpus> planned = first_gpus(installed, wanted);
  phase.demand = site_power(power, planned);
  phase.bound = wanted < run.plan.gpus() ? Limit::gpus : Limit::plan;
  phase.fed = phase.installed;
  if (!phase.supply) return wanted;
  phase.fed = gpus_fed(power, installed, *phase.supply);
  if (phase.demand <= *phase.supply) return wanted;
  phase.bound = Limit::supply;
  if (power.cap_by == CapBy::clocks) {
    phase.bound = Limit::clocks;
    phase.clock = clock_within(power, planned, *phase.supply);
    phase.fed = gpus_fed(power, installed, *phase.supply, phase.clock);
  }
  return std::min(wanted, phase.fed);
}

void fill(RunPhase& phase, const Run& run, const RunSystems& systems, std::span<const FleetGpus> installed) {
  phase.installed = sum(installed);
  const std::int64_t replica = run.plan.gpus() / run.plan.data_parallel;
  const Plan plan = resized_plan(run, usable(phase, run, installed) / replica);
  phase.replicas = plan.data_parallel;
  if (phase.replicas == 0) {
    phase.waits = why_none(phase, replica);
    return;
  }
  phase.gpus = phase.replicas * replica;
  const std::vector<FleetGpus> used = first_gpus(installed, phase.gpus);
  // Whole replicas may leave room for a higher clock.
  if (phase.clock < 1) phase.clock = clock_within(run.cluster.power, used, *phase.supply);
  const MemoryEstimate memory = estimate_memory(run.model, plan, run.stack);
  for (const FleetGpus& fleet : used) {
    if (fleet.count == 0 || memory.total() <= fleet.gpu->memory.capacity) continue;
    try {
      require_fit(memory, *fleet.gpu);
    } catch (const InfeasiblePlan& reason) {
      phase.waits = "on " + std::to_string(phase.gpus) + " GPUs the plan " + reason.what();
    }
    phase.replicas = 0;
    phase.gpus = 0;
    return;
  }
  FleetStep found = fleet_step(run, plan, systems, used, phase.clock, run.plan.unequal_work);
  phase.step = found.step;
  phase.pace = found.fleets[found.pace].gpu;
  phase.fleets = std::move(found.fleets);
  phase.power = site_power(run.cluster.power, used, phase.clock);
}

}  // namespace

std::vector<RunPhase> phases_of(const Run& run, const RunSystems& systems) {
  std::vector<std::optional<Date>> dates;
  if (run.cluster.timeline && run.start) {
    for (const Date date : dates_of(run)) dates.emplace_back(date);
  } else {
    dates.push_back(run.start);
  }
  std::vector<RunPhase> phases;
  for (std::size_t i = 0; i < dates.size(); ++i) {
    RunPhase phase;
    phase.from = dates[i];
    if (i + 1 < dates.size()) phase.limit = *dates[i + 1] - *dates[i];
    Feed feed = feed_at(run.cluster, dates[i]);
    phase.supply = feed.supply;
    phase.sources = std::move(feed.sources);
    fill(phase, run, systems, installed_at(run, systems, dates[i]));
    phases.push_back(std::move(phase));
  }
  return phases;
}

std::vector<FleetGpus> first_gpus(std::span<const FleetGpus> fleets, std::int64_t gpus) {
  std::vector<FleetGpus> out;
  for (const FleetGpus& fleet : fleets) {
    out.push_back({fleet.gpu, std::min(gpus, fleet.count)});
    gpus -= out.back().count;
  }
  return out;
}

}  // namespace traincast
