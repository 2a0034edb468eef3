#include "host/model/phases.h"

#include <algorithm>
#include <cmath>

#include "host/base/errors.h"
#include "host/model/failures.h"
#include "host/model/flops.h"
#include "host/model/parameters.h"

namespace traincast {
namespace {

constexpr double kSecondsPerYear = 365.25 * kSecondsPerDay;

std::string never(const RunPhase& phase, double left, double all) {
  std::string text = "never finishes: useful work per hour is 0";
  if (phase.from) text += " from " + to_string(*phase.from) + " on";
  const double percent = std::max(0.1, std::round(1000 * left / all) / 10);
  std::string digits = std::to_string(percent);
  digits.resize(digits.find('.') + 2);
  return text + ", with " + digits + " % of the tokens to go: " + phase.waits;
}

void find_schedule(RunPhase& phase, const Run& run, const RunEstimate& all, double steps_left) {
  const JobReliability job =
      job_reliability(run.cluster, static_cast<double>(phase.gpus), static_cast<double>(phase.replicas),
                      all.checkpoint, phase.step.time, steps_left * phase.step.time);
  phase.mtbf = job.mtbf;
  phase.restart = job.replicas.count > 1 ? job.replicas.regroup : job.restart.whole;
  phase.stall = job.checkpointing.stall;
  phase.schedule = job.schedule;
}

void spend(RunPhase& phase, const Cluster& cluster, Activity activity, Seconds time) {
  const auto at = static_cast<std::size_t>(activity);
  const Watts power = phase.power * power_share(activity);
  phase.time[at] += time;
  phase.energy[at] += power * time;
  add_up(phase.used, drawn(cluster, phase.sources, power, time));
}

// Steps, and the time and energy that they take, until the phase ends or none is left.
void train(RunPhase& phase, const Cluster& cluster, Bytes checkpoint, double steps_left) {
  const Seconds per_step = phase.step.time / phase.schedule.effective;
  Seconds resize = phase.resizes * restart_time(cluster, static_cast<double>(phase.gpus), checkpoint).whole;
  if (phase.limit) resize = std::min(resize, *phase.limit);
  phase.steps = steps_left;
  if (phase.limit) phase.steps = std::min(steps_left, (*phase.limit - resize) / per_step);
  const Seconds training = phase.steps * per_step;
  phase.length = resize + training;
  const ActivityShares shares = activity_shares(phase.schedule, phase.stall);
  spend(phase, cluster, Activity::steps, shares.steps * training);
  spend(phase, cluster, Activity::checkpoint, shares.checkpoint * training);
  spend(phase, cluster, Activity::restart, shares.restart * training + resize);
}

void add_phase(RunEstimate& out, const RunPhase& phase, std::vector<SourceUse>& used) {
  out.ideal += phase.steps * phase.step.time;
  out.expected += phase.length;
  out.gpu_hours += static_cast<double>(phase.gpus) * phase.length.value() / kSecondsPerHour;
  if (phase.gpus > 0 && phase.in_run()) {
    if (phase.mtbf.value() > 0) out.interruptions += phase.length / phase.mtbf;
    out.power = std::max(out.power, phase.power);
  }
  for (const Joules energy : phase.energy) out.energy += energy;
  Dollars capital;
  for (const FleetUse& fleet : phase.fleets) {
    out.rent += fleet.rent * phase.length;
    capital += fleet.capital;
  }
  out.amortised += capital * (phase.length.value() / (kAmortisationYears * kSecondsPerYear));
  if (phase.in_run()) out.capital = std::max(out.capital, capital);
  add_up(used, phase.used);
}

void add_sources(RunEstimate& out, std::span<const SourceUse> used) {
  out.nox = Kilograms(0);
  for (const SourceUse& source : used) {
    out.co2 += source.co2;
    out.electricity += source.cost;
    if (out.nox && source.nox) {
      *out.nox += *source.nox;
    } else if (source.energy.value() > 0) {
      out.nox.reset();
    }
  }
}

}  // namespace

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

RunEstimate run_phases(const Run& run, std::span<RunPhase> phases) {
  RunEstimate out;
  const Tokens step_tokens(static_cast<double>(run.plan.global_batch) *
                           static_cast<double>(run.model.sequence));
  const Cluster::Storage& storage = run.cluster.storage;
  out.steps = std::ceil(run.tokens / step_tokens);
  out.checkpoint = Bytes(storage.bytes_per_parameter * (parameters(run.model) + mtp_parameters(run.model)));
  out.checkpoint_stall =
      checkpointing_of(storage, out.checkpoint, static_cast<double>(run.plan.gpus())).stall;
  double left = out.steps;
  std::int64_t gpus_before = 0;
  std::vector<SourceUse> used;
  for (RunPhase& phase : phases) {
    if (left <= 0) continue;
    if (phase.replicas == 0) {
      if (!phase.limit) throw InfeasiblePlan(never(phase, left, out.steps));
      phase.length = *phase.limit;
      if (gpus_before > 0) gpus_before = -1;  // it starts again, on however many
      spend(phase, run.cluster, Activity::waiting, phase.length);
    } else {
      phase.resizes = gpus_before != 0 && gpus_before != phase.gpus ? 1 : 0;
      gpus_before = phase.gpus;
      find_schedule(phase, run, out, left);
      train(phase, run.cluster, out.checkpoint, left);
      left -= phase.steps;
    }
    add_phase(out, phase, used);
  }
  add_sources(out, used);
  const RunPhase& most = phases[main_phase(phases)];
  out.mtbf = most.mtbf;
  out.restart = most.restart;
  out.schedule = most.schedule;
  out.schedule.effective = out.ideal / out.expected;
  out.mean_power = out.energy / out.expected;
  out.model_flops = run.tokens.value() * flops_per_token(run.model, AttentionCount::causal_half);
  out.full_flops = run.tokens.value() * flops_per_token(run.model, AttentionCount::full_square);
  out.tokens = run.tokens / out.expected;
  return out;
}

std::size_t main_phase(std::span<const RunPhase> phases) {
  const auto most = std::max_element(phases.begin(), phases.end(),
                                     [](const RunPhase& a, const RunPhase& b) { return a.steps < b.steps; });
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
