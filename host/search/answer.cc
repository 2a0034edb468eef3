#include "host/search/answer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "host/base/errors.h"
#include "host/calibrate/forecast.h"
#include "host/config/check_plan.h"
#include "host/model/simulate.h"

namespace traincast {
namespace {

std::string fixed(double value, int decimals) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

Forecast forecast_of(Calibrator& calibrator, const SearchSpace& space, const Choice& choice) {
  Run run = *space.run;
  run.plan = to_plan(choice, run.plan);
  run.stack = space.stacks[static_cast<std::size_t>(choice.overlap)].stack;
  run.published.reset();
  return forecast(calibrator, run);
}

double score_of(const Forecast& f, Objective objective) {
  switch (objective) {
    case Objective::days:
      return f.estimate.expected.value();
    case Objective::mfu:
      return f.step.time.value() /
             (static_cast<double>(f.run.plan.global_batch) * static_cast<double>(f.run.model.sequence));
    case Objective::cost:
      return f.estimate.rent.value();
    case Objective::energy:
      break;
  }
  return f.estimate.energy.value();
}

// The run's own plan, where it can be laid out on these GPUs.
std::optional<PricedPlan> own_plan(Calibrator& calibrator, const SearchSpace& space, const Gates& gates,
                                   Objective objective) {
  const Run& run = *space.run;
  if (plan_problem(run.plan, run.model, space.gpus)) return std::nullopt;
  PricedPlan own;
  own.forecast = forecast(calibrator, run);
  own.plan.choice = to_choice(run.plan);
  own.plan.memory = own.forecast.memory.total().value();
  if (!own.forecast.infeasible.empty()) return own;
  own.plan.step = own.forecast.step.time.value();
  own.plan.bubble = own.forecast.step.parts[Part::bubble];
  own.plan.expected = own.forecast.estimate.expected.value();
  own.plan.score = score_of(own.forecast, objective);
  own.plan.broken = gates.broken(own.plan.choice);
  if (gates.bubble_breaks(own.plan.bubble, own.plan.step)) own.plan.broken |= bit(Gate::bubble);
  return own;
}

// Where tasks times events would take more than seconds: left out.
Seconds simulated_step(const SearchSpace& space, const Choice& choice) {
  constexpr double kMostTasks = 4e6;
  const Run& run = *space.run;
  const Plan plan = to_plan(choice, run.plan);
  const double micro_batches =
      static_cast<double>(plan.global_batch) / static_cast<double>(plan.micro_batch * plan.data_parallel);
  if (3 * micro_batches * static_cast<double>(plan.pipeline_parallel * plan.virtual_stages) > kMostTasks) {
    return {};
  }
  const Stack& stack = space.stacks[static_cast<std::size_t>(choice.overlap)].stack;
  Seconds slowest;
  for (const System& system : space.systems) {
    slowest = std::max(slowest, simulate_step(run.model, plan, stack, system).total);
  }
  return slowest;
}

[[noreturn]] void nothing_fits(const SearchSpace& space, const SearchResult& result) {
  const std::string on = space.run->name + " on " + std::to_string(space.gpus) + " GPUs: ";
  if (result.counts.evaluated == 0) {
    throw InfeasiblePlan(on + "no plan can be laid out: a batch of " +
                         std::to_string(space.axes.global_batch.back()) +
                         " sequences, heads, layers and GPUs have no common way to divide");
  }
  if (result.counts.endless > 0) {
    throw InfeasiblePlan(on + "never finishes: " + std::to_string(result.counts.endless) +
                         " plans fit, and by none of them a millionth of the time between interruptions and "
                         "restarts is useful; see the cluster's reliability");
  }
  const double missing = result.nearest->memory - space.capacity.value();
  throw InfeasiblePlan(on + "none of " + std::to_string(result.counts.evaluated) + " plans fits " +
                       fixed(space.capacity.value() / kGiB, 1) + " GiB; the nearest, " +
                       choice_text(result.nearest->choice) + ", needs " +
                       fixed(result.nearest->memory / kGiB, 1) + " GiB, " + fixed(missing / kGiB, 1) +
                       " GiB too much");
}

}  // namespace

SearchAnswer find_best(Calibrator& calibrator, const Run& run, const SetupOptions& setup_options,
                       const Gates& gates, Objective objective, std::size_t top,
                       const SearchWorkers& workers) {
  const SearchSetup setup(calibrator, run, setup_options);
  const SearchSpace& space = setup.space();
  SearchAnswer out;
  out.run = setup.run();
  out.gpus = space.gpus;
  out.extends_cluster = setup.extends_cluster();
  out.objective = objective;
  out.gates = setup.complete(gates);
  out.capacity = space.capacity;
  out.own = own_plan(calibrator, space, out.gates, objective);
  SearchOptions options{.objective = objective,
                        .top = top,
                        .threads = workers.threads,
                        .part = workers.part,
                        .progress = workers.progress};
  // Its own plan is no better than itself, whatever the rounding.
  if (out.own && out.own->forecast.infeasible.empty()) options.own_score = out.own->plan.score * (1 - 1e-9);
  SearchResult found = search(space, out.gates, options);
  if (workers.gather) {
    SearchResult all(top);
    for (const std::string& text : workers.gather(found.packed())) all.merge_packed(text);
    found = std::move(all);
  }
  if (found.counts.feasible == 0) nothing_fits(space, found);
  out.counts = found.counts;
  const auto priced = [&](const RankedPlan& plan) {
    return PricedPlan{plan, space.stacks[static_cast<std::size_t>(plan.choice.overlap)].name,
                      forecast_of(calibrator, space, plan.choice)};
  };
  for (const RankedPlan& plan : found.best.plans()) out.best.push_back(priced(plan));
  for (const RankedPlan& plan : found.broken.plans()) {
    if (out.best.empty() || plan.score < out.best.front().plan.score) out.broken.push_back(priced(plan));
  }
  out.front = found.front.plans();
  if (!out.best.empty()) out.simulated = simulated_step(space, out.best.front().plan.choice);
  return out;
}

std::string choice_text(const Choice& c) {
  std::string text;
  const auto part = [&](const char* word, std::int64_t count, bool always) {
    if (count > 1 || always) text += (text.empty() ? "" : " ") + std::string(word) + std::to_string(count);
  };
  part("tp", c.tensor, true);
  part("pp", c.pipeline, true);
  if (c.virtual_stages > 1) text += "x" + std::to_string(c.virtual_stages);
  part("cp", c.context, false);
  part("dp", c.data, true);
  part("ep", c.expert, false);
  part("etp", c.expert_tensor, false);
  part("zero", c.zero, true);
  if (c.shard > 0) text += "/" + std::to_string(c.shard);
  part("mb", c.micro_batch, true);
  text += " " + std::string(name(c.precision));
  if (c.recompute != Recompute::none) text += " recompute-" + std::string(name(c.recompute));
  if (c.recompute == Recompute::full && c.share_percent < 100) text += "-" + std::to_string(c.share_percent);
  if (c.schedule == Schedule::zb_h1 || c.schedule == Schedule::dual_pipe) {
    text += " " + std::string(name(c.schedule));
  }
  if (c.tensor > 1 && !c.sequence_parallel) text += " no-sp";
  return text;
}

std::vector<Loss> losses(const Forecast& better, const Forecast& worse) {
  const auto per_token = [](const Forecast& f, Part part) {
    const Plan& plan = f.run.plan;
    const double tokens = static_cast<double>(plan.global_batch) * static_cast<double>(f.run.model.sequence);
    return f.step.parts[part] * static_cast<double>(plan.gpus()) / tokens;
  };
  std::vector<Loss> out;
  for (int i = 0; i < kParts; ++i) {
    const auto part = static_cast<Part>(i);
    const double more = per_token(worse, part) - per_token(better, part);
    if (more > 0) out.push_back({part, more});
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Loss& a, const Loss& b) { return a.seconds > b.seconds; });
  return out;
}

std::string why_lost(const Forecast& better, const Forecast& worse) {
  const Plan& plan = worse.run.plan;
  const double tokens =
      static_cast<double>(plan.global_batch) * static_cast<double>(worse.run.model.sequence);
  const double whole = worse.step.time.value() * static_cast<double>(plan.gpus()) / tokens;
  std::string text;
  int shown = 0;
  for (const Loss& loss : losses(better, worse)) {
    if (shown == 3 || loss.seconds < 5e-5 * whole) break;
    text += (shown > 0 ? ", " : "") + std::string(name(loss.part)) + " +" +
            fixed(100 * loss.seconds / whole, loss.seconds < 1e-3 * whole ? 2 : 1) + " %";
    ++shown;
  }
  return text;
}

}  // namespace traincast
