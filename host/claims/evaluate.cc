#include "host/claims/evaluate.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "host/base/errors.h"
#include "host/claims/formula.h"

namespace traincast {
namespace {

[[noreturn]] void fail(const Computation& computation, const std::string& what) {
  throw ConfigError(computation.where + ": " + what);
}

const Formula& formula_of(const Computation& computation) {
  if (const Formula* found = find_formula(computation.formula)) return *found;
  throw std::logic_error("read_claims lets no unknown formula through: " + computation.formula);
}

void bind_run(Bound& bound, const std::string& target, Evidence& evidence) {
  bound.origin = Origin::measured;
  const auto take = [&](Level level, const std::string& run) {
    const Forecast& f = evidence.forecast_of(run);
    bound.runs[static_cast<std::size_t>(level)] = &f;
    for (const InputUsed& input : f.inputs) {
      if (input.in(FigureGroup::days)) bound.origin = weakest(bound.origin, input.from.origin);
    }
  };
  const RunRange* range = evidence.run_range(target);
  bound.varies = range != nullptr;
  take(Level::low, range == nullptr ? target : range->low);
  take(Level::value, range == nullptr ? target : range->value);
  take(Level::high, range == nullptr ? target : range->high);
}

void bind_fact(Bound& bound, const InputSpec& spec, const Fact& fact) {
  if (fact.dimension != spec.dimension) {
    throw ConfigError("the input " + std::string(spec.name) + " cannot be the fact " + fact.name +
                      ", which is of another dimension");
  }
  bound.si = {fact.low, fact.value, fact.high};
  bound.varies = fact.low < fact.high;
  bound.origin = fact.from.origin;
}

Bound bind(const InputSpec& spec, const std::string& target, Evidence& evidence) {
  Bound bound{.name = spec.name, .label = target};
  switch (spec.kind) {
    case InputKind::fact:
      bind_fact(bound, spec, evidence.fact(target));
      break;
    case InputKind::gpu:
      bound.gpu = &evidence.gpu(target);
      bound.origin = bound.gpu->compute.from.origin;
      break;
    case InputKind::cluster:
      bound.cluster = &evidence.cluster(target);
      bound.origin = bound.cluster->power.from.origin;
      break;
    case InputKind::run:
      bind_run(bound, target, evidence);
      break;
  }
  return bound;
}

std::vector<Bound> bind_all(const Computation& computation, const Formula& formula, Evidence& evidence) {
  for (const auto& [key, target] : computation.inputs) {
    const bool known = std::any_of(formula.inputs.begin(), formula.inputs.end(),
                                   [&k = key](const InputSpec& spec) { return spec.name == k; });
    if (!known) fail(computation, "the formula " + computation.formula + " has no input \"" + key + "\"");
  }
  std::vector<Bound> bounds;
  for (const InputSpec& spec : formula.inputs) {
    const auto found = std::find_if(computation.inputs.begin(), computation.inputs.end(),
                                    [&](const auto& input) { return input.first == spec.name; });
    if (found == computation.inputs.end()) {
      fail(computation,
           "the formula " + computation.formula + " needs the input \"" + std::string(spec.name) + "\"");
    }
    try {
      bounds.push_back(bind(spec, found->second, evidence));
    } catch (const ConfigError& error) {
      fail(computation, "input " + std::string(spec.name) + ": " + error.what());
    }
  }
  return bounds;
}

// SI of one of the unit in which the figure is printed.
double one_of(const Computation& computation, const Formula& formula) {
  if (formula.result == Dimension{}) return 1;
  try {
    return parse_quantity(computation.one ? *computation.one : "1 " + computation.unit, formula.result);
  } catch (const UnitError& error) {
    fail(computation, error.what());
  }
}

void add_interval(Figure& figure) {
  bool positive = figure.value > 0;
  for (const Swing& swing : figure.swings) positive = positive && swing.low > 0;
  const auto measure = [&](double x) { return positive ? std::log(x / figure.value) : x - figure.value; };
  double down = 0, up = 0;
  for (const Swing& swing : figure.swings) {
    down += std::pow(measure(std::min(swing.low, figure.value)), 2);
    up += std::pow(measure(std::max(swing.high, figure.value)), 2);
  }
  const auto back = [&](double d) { return positive ? figure.value * std::exp(d) : figure.value + d; };
  figure.low = down == 0 ? figure.value : back(-std::sqrt(down));
  figure.high = up == 0 ? figure.value : back(std::sqrt(up));
}

std::string_view word(InputKind kind) {
  constexpr std::string_view kWords[] = {"", "GPU ", "cluster ", "run "};
  return kWords[static_cast<int>(kind)];
}

}  // namespace

Figure evaluate(const Computation& computation, Evidence& evidence) {
  const Formula& formula = formula_of(computation);
  const std::vector<Bound> bounds = bind_all(computation, formula, evidence);
  const double one = one_of(computation, formula);
  const auto at = [&](int moved, Level level) { return formula.compute(Inputs(bounds, moved, level)) / one; };
  Figure figure;
  figure.value = at(-1, Level::value);
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const Bound& bound = bounds[i];
    figure.rests_on.push_back(std::string(word(formula.inputs[i].kind)) + bound.label);
    if (i == 0 || bound.origin > figure.weakest) {
      figure.weakest = bound.origin;
      figure.weakest_input = bound.label;
    }
    if (!bound.varies) continue;
    const double a = at(static_cast<int>(i), Level::low);
    const double b = at(static_cast<int>(i), Level::high);
    figure.swings.push_back({bound.label, std::min(a, b), std::max(a, b)});
  }
  std::stable_sort(figure.swings.begin(), figure.swings.end(),
                   [](const Swing& a, const Swing& b) { return a.high - a.low > b.high - b.low; });
  add_interval(figure);
  return figure;
}

}  // namespace traincast
