#include "host/risk/uncertainty.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <thread>
#include <utility>

#include "host/risk/sensitivity.h"
#include "host/risk/uncertainty_design.h"

namespace traincast {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// A draw that never finishes counts, where a variance needs a number, as the longest that is called
// finishing: less than a millionth of useful time (host/model/reliability.h).
constexpr double kLongest = 1e6;

unsigned thread_count(unsigned wanted, std::size_t work) {
  const unsigned cores = std::max(1U, wanted > 0 ? wanted : std::thread::hardware_concurrency());
  return static_cast<unsigned>(std::clamp<std::size_t>(work / 256, 1, cores));
}

// body(first, last) on consecutive parts of 0 ... work; each part writes only what is its own.
void in_parallel(std::size_t work, unsigned wanted,
                 const std::function<void(std::size_t, std::size_t)>& body) {
  const unsigned threads = thread_count(wanted, work);
  std::vector<std::jthread> others;
  for (unsigned t = 1; t < threads; ++t) {
    others.emplace_back(body, work * t / threads, work * (t + 1) / threads);
  }
  body(0, work / threads);
}

// The design: half of the draws are points A, the other half B; each has a coordinate for every input, and
// the last for chance.
class Design {
 public:
  Design(const UncertainRun& run, const UncertaintyOptions& options)
      : run_(run), seed_(options.seed), half_(options.draws / 2), columns_(run.inputs.size() + 1) {}

  std::size_t half() const { return half_; }
  std::size_t columns() const { return columns_; }
  // Of a half (0: A, 1: B): values of the inputs, and for chance deviations from the mean.
  double value(std::size_t side, std::size_t draw, std::size_t column) const {
    const double u = latin_hypercube(seed_, side * columns_ + column, draw, half_);
    return column + 1 < columns_ ? run_.inputs[column].distribution.quantile(u) : normal_quantile(u);
  }

 private:
  const UncertainRun& run_;
  std::uint64_t seed_, half_;
  std::size_t columns_;
};

using Row = std::vector<double>;

RiskOutcome outcome_at(RunArithmetic& arithmetic, const Row& row) {
  return arithmetic.at(std::span(row).first(row.size() - 1), {.deviations = row.back()});
}

Row design_row(const Design& design, std::size_t side, std::size_t draw) {
  Row row(design.columns());
  for (std::size_t c = 0; c < row.size(); ++c) row[c] = design.value(side, draw, c);
  return row;
}

// Rows of both halves, A first, and their outcomes: with the deviation from the mean that the row has, and
// with a simulated history.
struct Sample {
  std::vector<Row> rows;
  std::vector<RiskOutcome> outcomes;
  std::vector<RiskOutcome> histories;  // the same as `outcomes` where none is wanted
};

Sample sample(const UncertainRun& run, const UncertaintyOptions& options) {
  const Design design(run, options);
  const std::size_t half = design.half();
  Sample out{std::vector<Row>(2 * half), std::vector<RiskOutcome>(2 * half),
             std::vector<RiskOutcome>(2 * half)};
  in_parallel(2 * half, options.threads, [&](std::size_t first, std::size_t last) {
    RunArithmetic arithmetic(run);
    for (std::size_t i = first; i < last; ++i) {
      out.rows[i] = design_row(design, i / half, i % half);
      const Row& row = out.rows[i];
      out.outcomes[i] = outcome_at(arithmetic, row);
      out.histories[i] = !options.histories
                             ? out.outcomes[i]
                             : arithmetic.at(std::span(row).first(row.size() - 1),
                                             {.simulate = true, .seed = options.seed, .index = i});
    }
  });
  return out;
}

double log_of(const RiskOutcome& outcome, RiskFigure figure, double estimate) {
  if (!outcome.finishes) {
    return std::log(figure == RiskFigure::goodput ? 1 / kLongest : estimate * kLongest);
  }
  return std::log(outcome[figure]);
}

void add_indices(Uncertainty& out, const Sample& sample, const std::vector<std::vector<RiskOutcome>>& mixed) {
  const std::size_t half = sample.outcomes.size() / 2;
  for (int f = 0; f < kRiskFigures; ++f) {
    const auto figure = static_cast<RiskFigure>(f);
    const auto index = static_cast<std::size_t>(f);
    if (!(out.estimate[index] > 0)) continue;  // a price of zero
    const auto logs = [&](const RiskOutcome* from) {
      std::vector<double> list(half);
      for (std::size_t j = 0; j < half; ++j) list[j] = log_of(from[j], figure, out.estimate[index]);
      return list;
    };
    std::vector<std::vector<double>> columns;
    columns.reserve(mixed.size());
    for (const std::vector<RiskOutcome>& column : mixed) columns.push_back(logs(column.data()));
    const SobolIndices indices =
        sobol_indices(logs(sample.outcomes.data()), logs(sample.outcomes.data() + half), columns);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      out.effects[c].first[index] = indices.first[c];
      out.effects[c].total[index] = indices.total[c];
    }
  }
}

double figure_or_never(const RiskOutcome& outcome, std::size_t figure) {
  if (outcome.finishes) return outcome.figures[figure];
  return static_cast<RiskFigure>(figure) == RiskFigure::goodput ? 0 : kNever;
}

// One input at a time away from the medians.
void add_swings(Uncertainty& out, const UncertainRun& run) {
  RunArithmetic arithmetic(run);
  Row medians;
  for (const BoundInput& input : run.inputs) medians.push_back(input.distribution.quantile(0.5));
  medians.push_back(0);
  for (std::size_t c = 0; c < medians.size(); ++c) {
    const bool chance = c + 1 == medians.size();
    InputEffect& effect = out.effects[c];
    const auto at = [&](double u, double& value, std::array<double, kRiskFigures>& figures) {
      Row row = medians;
      row[c] = value = chance ? normal_quantile(u) : run.inputs[c].distribution.quantile(u);
      const RiskOutcome outcome = outcome_at(arithmetic, row);
      for (std::size_t f = 0; f < kRiskFigures; ++f) figures[f] = figure_or_never(outcome, f);
    };
    at(0.1, effect.p10, effect.at_p10);
    at(0.9, effect.p90, effect.at_p90);
    effect.p50 = medians[c];
  }
}

std::vector<double> times_of(const std::vector<RiskOutcome>& outcomes) {
  std::vector<double> times;
  times.reserve(outcomes.size());
  for (const RiskOutcome& outcome : outcomes) {
    times.push_back(figure_or_never(outcome, static_cast<std::size_t>(RiskFigure::days)));
  }
  return times;
}

}  // namespace

double percentile_with_infinite(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const double position = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const double part = position - static_cast<double>(below);
  if (part == 0 || below + 1 == values.size()) return values[below];
  if (std::isinf(values[below + 1])) return values[below + 1];
  return std::lerp(values[below], values[below + 1], part);
}

std::vector<double> draw_times(const UncertainRun& run, const UncertaintyOptions& options) {
  return times_of(sample(run, options).histories);
}

Uncertainty estimate_uncertainty(const UncertainRun& run, const UncertaintyOptions& options) {
  Uncertainty out;
  const Sample drawn = sample(run, options);
  const std::size_t half = drawn.rows.size() / 2;
  const std::size_t columns = run.inputs.size() + 1;
  std::vector<std::vector<RiskOutcome>> mixed(columns, std::vector<RiskOutcome>(half));
  in_parallel(columns * half, options.threads, [&](std::size_t first, std::size_t last) {
    RunArithmetic arithmetic(run);
    Row row;
    for (std::size_t i = first; i < last; ++i) {
      const std::size_t c = i / half;
      const std::size_t draw = i % half;
      row = drawn.rows[draw];
      row[c] = drawn.rows[half + draw][c];
      mixed[c][draw] = outcome_at(arithmetic, row);
    }
  });

  out.seed = options.seed;
  out.draws = drawn.rows.size();
  out.evaluations = out.draws + columns * half;
  out.inputs = run.inputs;
  out.inputs.push_back({UncertainInput::failures,
                        0,
                        Distribution::normal(0, 1, -kNever, kNever),
                        {Origin::assumed,
                         "failures are independent (Poisson): the variance of the time they "
                         "and their restarts take, in closed form"}});
  out.effects.resize(columns);
  std::vector<double> own;
  for (const BoundInput& input : run.inputs) own.push_back(input.base);
  out.estimate = RunArithmetic(run).at(own, {}).figures;
  const auto finished =
      static_cast<double>(std::count_if(drawn.histories.begin(), drawn.histories.end(),
                                        [](const RiskOutcome& outcome) { return outcome.finishes; }));
  out.finishing = finished / static_cast<double>(out.draws);
  for (std::size_t f = 0; f < kRiskFigures; ++f) {
    std::vector<double> values;
    values.reserve(drawn.histories.size());
    for (const RiskOutcome& outcome : drawn.histories) values.push_back(figure_or_never(outcome, f));
    out.figures[f] = {percentile_with_infinite(values, 0.1), percentile_with_infinite(values, 0.5),
                      percentile_with_infinite(values, 0.9)};
  }
  add_indices(out, drawn, mixed);
  add_swings(out, run);
  out.times = times_of(drawn.histories);
  return out;
}

}  // namespace traincast
