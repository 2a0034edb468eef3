#include "host/model/phases.h"

#include <algorithm>
#include <utility>

namespace traincast {

RunPhase whole_run(const Run& run, const StepEstimate& step, std::span<const FleetGpus> fleets) {
  RunPhase phase;
  phase.from = run.start;
  phase.replicas = run.plan.data_parallel;
  phase.gpus = run.plan.gpus();
  phase.step = step;
  phase.power = site_power(run.cluster.power, fleets);
  phase.demand = phase.power;
  for (const FleetGpus& fleet : fleets) {
    const auto count = static_cast<double>(fleet.count);
    phase.installed += fleet.count;
    phase.fleets.push_back({.gpu = fleet.gpu->name,
                            .gpus = fleet.count,
                            .micro_batches = step.micro_batches,
                            .own_step = step.time,
                            .rent = fleet.gpu->price.rent * count,
                            .capital = fleet.gpu->price.capital * count});
  }
  phase.fed = phase.installed;
  return phase;
}

std::size_t main_phase(std::span<const RunPhase> phases) {
  // With uncertain tokens so few that no step of the main piece is left, any other.
  const auto steps = [](const RunPhase& phase) {
    return std::pair(phase.main && phase.steps > 0, phase.steps);
  };
  const auto most = std::max_element(phases.begin(), phases.end(), [&](const RunPhase& a, const RunPhase& b) {
    return steps(a) < steps(b);
  });
  return static_cast<std::size_t>(most - phases.begin());
}

std::vector<SourceUse> drawn(const Cluster& cluster, std::span<const PowerSource> sources, Watts power,
                             Seconds time) {
  std::vector<SourceUse> used;
  const auto take = [&](const std::string& name, Watts taken, EmissionRate co2,
                        std::optional<EmissionRate> nox, EnergyPrice price) {
    const Joules energy = taken * time;
    SourceUse use{.name = name, .energy = energy, .co2 = co2 * energy, .nox = {}, .cost = price * energy};
    if (nox) use.nox = *nox * energy;
    used.push_back(std::move(use));
  };
  for (const PowerSource& source : sources) {
    if (power.value() <= 0) break;
    const Watts taken = std::min(power, source.power);
    take(source.name, taken, source.co2, source.nox, source.price.value_or(cluster.power.price));
    power -= taken;
  }
  if (power.value() > 0 && time.value() > 0) {
    take("grid", power, cluster.power.co2, cluster.power.nox, cluster.power.price);
  }
  return used;
}

void add_up(std::vector<SourceUse>& sum, std::span<const SourceUse> more) {
  for (const SourceUse& use : more) {
    const auto found =
        std::find_if(sum.begin(), sum.end(), [&](const SourceUse& other) { return other.name == use.name; });
    if (found == sum.end()) {
      sum.push_back(use);
      continue;
    }
    found->energy += use.energy;
    found->co2 += use.co2;
    found->cost += use.cost;
    if (found->nox && use.nox) {
      *found->nox += *use.nox;
    } else {
      found->nox.reset();
    }
  }
}

}  // namespace traincast
