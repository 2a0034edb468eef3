#include "host/risk/uncertainty_run.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "host/base/errors.h"

namespace traincast {
namespace {

RestartTime restart_of(const UncertainRun& run) {
  return restart_time(run.run.cluster, static_cast<double>(run.run.plan.gpus()), run.estimate.checkpoint);
}

// What the estimate takes for an input, SI.
double base_value(const UncertainRun& run, UncertainInput input) {
  const Cluster& cluster = run.run.cluster;
  const Gpu& gpu = run.pace;
  switch (input) {
    case UncertainInput::flops:
      return run.estimate.model_flops.value();
    case UncertainInput::step_time:
    case UncertainInput::failures:
      break;
    case UncertainInput::mtbf_per_gpu:
      return cluster.reliability.mtbf_per_gpu.value();
    case UncertainInput::restart:
      return restart_of(run).whole.value();
    case UncertainInput::checkpoint_stall:
      return cluster.storage.stall.value();
    case UncertainInput::straggler_spread:
      return gpu.sustained.spread;
    case UncertainInput::server_power:
      return gpu.power.server_training.value();
    case UncertainInput::pue:
      return cluster.power.pue;
    case UncertainInput::electricity_price:
      return cluster.power.price.value();
    case UncertainInput::rent:
      return gpu.price.rent.value();
    case UncertainInput::capital:
      return gpu.price.capital.value();
    case UncertainInput::co2:
      return cluster.power.co2.value();
  }
  return 1;
}

// Mean and variance of a time.
struct Moments {
  double mean = 0, variance = 0;
};

// Time lost by tries that end in an interruption before `length` is through: tries are many with the chance p
// = 1 - e^(-length/M) of another, and each lasts an exponential time cut off at `length`, plus `then`.
Moments failed_tries(double length, double mtbf, const Moments& then) {
  const double failing = -std::expm1(-length / mtbf);
  const double passing = 1 - failing;
  // Of the cut-off exponential, with q = 1 - p: mean M - L q/p, second moment 2 M^2 - (L^2 + 2 M L) q/p.
  const double odds = passing / failing;
  const double mean = mtbf - length * odds;
  const double square = 2 * mtbf * mtbf - (length * length + 2 * mtbf * length) * odds;
  const Moments each{mean + then.mean, std::max(0.0, square - mean * mean) + then.variance};
  // A geometric number of them: mean p/q, variance p/q^2.
  const double tries = failing / passing;
  return {tries * each.mean, tries * each.variance + tries / passing * each.mean * each.mean};
}

// Of a job's interruptions, those that come unannounced: planned stops are saved before and lose no work.
double unplanned_share(const Reliability& reliability, double gpus) {
  const double per_gpu = reliability.mtbf_per_gpu.value() > 0 ? gpus / reliability.mtbf_per_gpu.value() : 0;
  double all = 0, unplanned = 0;
  for (const FailureCause& cause : reliability.causes) {
    const double rate = cause.share * per_gpu + cause.per_job.value();
    all += rate;
    if (!cause.planned) unplanned += rate;
  }
  return all > 0 ? unplanned / all : 0;
}

}  // namespace

Seconds time_deviation(Seconds work, Seconds interval, Seconds stall, Seconds mtbf, Seconds restart) {
  const double m = mtbf.value();
  Moments back;  // from an interruption until steps run again
  if (restart.value() > 0) {
    back = failed_tries(restart.value(), m, {});
    back.mean += restart.value();
  }
  const Moments segment = failed_tries((interval + stall).value(), m, back);
  return Seconds(std::sqrt(work / interval * segment.variance));
}

UncertainRun bind_uncertainty(const Forecast& forecast, const Gpu& pace, const UncertaintySet& set,
                              const ConfigStore& store) {
  UncertainRun out{forecast.run, pace, forecast.phases, forecast.step, forecast.estimate, {}};
  for (const UncertainValue& value : set.values) {
    BoundInput bound{value.input, base_value(out, value.input), value.distribution, value.from};
    if (value.residual) {
      const StepResiduals residuals = load_step_residuals(store);
      const int year = stack_year(out.run.stack.name);
      const ResidualClass* found = residuals.class_of(out.run.model.moe.has_value(), year);
      if (found == nullptr) {
        throw ConfigError("no class of published/residuals.json takes the run " + out.run.name +
                          ", whose software is " + out.run.stack.name);
      }
      const double spread = residuals.spread(*found, static_cast<double>(out.run.plan.gpus()));
      const double p90 = std::exp(spread * normal_quantile(0.9));
      bound.distribution = Distribution::lognormal(1 / p90, 1, p90);
      bound.from = residuals.from;
      bound.from.source += "; " + std::string(found->moe ? "mixture-of-experts" : "dense") + " models, " +
                           std::to_string(found->rows) + " rows of " + std::to_string(found->families) +
                           " families on up to " + std::to_string(found->most_gpus) +
                           " GPUs, and the spread of the error's slope beyond";
    } else if (value.relative) {
      bound.distribution = value.distribution.scaled(bound.base);
    }
    if (bound.base == 0 || bound.distribution.kind() == DistributionKind::fixed) continue;
    out.inputs.push_back(std::move(bound));
  }
  return out;
}

RunArithmetic::RunArithmetic(const UncertainRun& run)
    : base_(run), restart_(restart_of(run)), run_(run.run), phases_(run.phases) {}

// Its phases in proportion, but for the reading of the checkpoint.
void RunArithmetic::set_restart(Seconds whole) {
  Reliability& reliability = run_.cluster.reliability;
  const Reliability& own = base_.run.cluster.reliability;
  if (!own.by_phases) {
    reliability.restart = whole;
    return;
  }
  const double factor =
      std::max(0.0, (whole - restart_.reload).value()) / (restart_.whole - restart_.reload).value();
  reliability.detect = own.detect * factor;
  reliability.reschedule = own.reschedule * factor;
  reliability.reschedule_per_gpu = own.reschedule_per_gpu * factor;
  reliability.communicators.fixed = own.communicators.fixed * factor;
  reliability.communicators.per_rank = own.communicators.per_rank * factor;
  reliability.communicators.per_rank_squared = own.communicators.per_rank_squared * factor;
}

void RunArithmetic::set(const BoundInput& input, double value, Factors& factors) {
  const double factor = value / input.base;
  switch (input.input) {
    case UncertainInput::flops:
      factors.tokens = factor;
      break;
    case UncertainInput::step_time:
      factors.step = factor;
      break;
    case UncertainInput::mtbf_per_gpu:
      run_.cluster.reliability.mtbf_per_gpu = Seconds(value);
      break;
    case UncertainInput::restart:
      set_restart(Seconds(value));
      break;
    case UncertainInput::checkpoint_stall:
      run_.cluster.storage.stall = Seconds(value);
      break;
    case UncertainInput::straggler_spread:
      factors.spread = factor;
      break;
    case UncertainInput::server_power:
    case UncertainInput::pue:
      factors.power *= factor;
      break;
    case UncertainInput::electricity_price:
      factors.price = factor;
      break;
    case UncertainInput::rent:
      factors.rent = factor;
      break;
    case UncertainInput::capital:
      factors.capital = factor;
      break;
    case UncertainInput::co2:
      factors.co2 = factor;
      break;
    case UncertainInput::failures:
      break;
  }
}

void RunArithmetic::set_phase(RunPhase& phase, const RunPhase& own, const Factors& factors) const {
  // What run_phases finds, it adds to.
  phase.length = Seconds(0);
  phase.steps = phase.resizes = 0;
  phase.time = {};
  phase.energy = {};
  phase.used.clear();
  if (own.replicas == 0) return;
  // Part::straggler is proportional to the spread.
  const double waiting = own.step.parts[Part::straggler] * (factors.spread - 1);
  phase.step.time = (own.step.time + Seconds(waiting)) * factors.step;
  phase.power = own.power * factors.power;
  if (own.supply) {
    const bool limited = own.bound == Limit::supply || own.bound == Limit::clocks;
    const double fed = *own.supply / phase.power;
    const double there =
        static_cast<double>(std::min(own.installed, run_.plan.gpus())) / static_cast<double>(own.gpus);
    const double share = fed < 1 ? fed : limited ? std::min(fed, there) : 1;
    phase.step.time = phase.step.time / share;
    phase.power *= share;
  }
  for (std::size_t i = 0; i < own.fleets.size(); ++i) {
    phase.fleets[i].rent = own.fleets[i].rent * factors.rent;
    phase.fleets[i].capital = own.fleets[i].capital * factors.capital;
  }
  for (std::size_t i = 0; i < own.sources.size(); ++i) {
    phase.sources[i].co2 = own.sources[i].co2 * factors.co2;
    if (own.sources[i].price) phase.sources[i].price = *own.sources[i].price * factors.price;
  }
}

double RunArithmetic::time_by_chance(const RunEstimate& mean, const Chance& chance) const {
  if (chance.simulate) {
    const RunHistory history =
        simulate_history(history_inputs(run_, phases_, mean), chance.seed, chance.index);
    return history.finished ? history.wall / mean.expected : std::numeric_limits<double>::infinity();
  }
  if (chance.deviations == 0 || !(mean.mtbf.value() > 0)) return 1;
  const auto gpus = static_cast<double>(run_.plan.gpus());
  const double share = unplanned_share(run_.cluster.reliability, gpus);
  if (share == 0) return 1;
  const Seconds restart = restart_time(run_.cluster, gpus, mean.checkpoint).whole;
  const Seconds deviation =
      time_deviation(mean.ideal, mean.schedule.interval, mean.checkpoint_stall, mean.mtbf / share, restart);
  return std::max(mean.ideal / mean.expected, 1 + chance.deviations * (deviation / mean.expected));
}

RiskOutcome RunArithmetic::at(std::span<const double> values, const Chance& chance) {
  Factors factors;
  for (std::size_t i = 0; i < values.size(); ++i) set(base_.inputs[i], values[i], factors);
  run_.tokens = base_.run.tokens * factors.tokens;
  run_.cluster.power.price = base_.run.cluster.power.price * factors.price;
  run_.cluster.power.co2 = base_.run.cluster.power.co2 * factors.co2;
  for (std::size_t i = 0; i < phases_.size(); ++i) set_phase(phases_[i], base_.phases[i], factors);
  RiskOutcome outcome;
  RunEstimate e;
  try {
    e = run_phases(run_, phases_);
  } catch (const InfeasiblePlan&) {  // "never finishes"
    return outcome;
  }
  // What grows with the time moves with it.
  const double longer = time_by_chance(e, chance);
  const RunPhase& most = phases_[main_phase(phases_)];
  outcome.figures = {e.expected.value() * longer,
                     e.goodput() / longer,
                     base_.step.mfu * (base_.step.time / most.step.time),
                     e.gpu_hours * longer,
                     e.power.value(),
                     e.energy.value() * longer,
                     e.co2.value() * longer,
                     e.rent.value() * longer,
                     e.electricity.value() * longer,
                     (e.amortised + e.electricity).value() * longer};
  outcome.finishes = std::isfinite(outcome[RiskFigure::days]);
  if (!outcome.finishes) outcome.figures = {};
  return outcome;
}

}  // namespace traincast
