#include "host/risk/uncertainty_report.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "host/report/run_cells.h"

namespace traincast {
namespace {

struct FigureRow {
  RiskFigure figure;
  const char* key;
  const char* title;
  const char* unit;
  double unit_si;
};
constexpr FigureRow kFigureRows[] = {
    {RiskFigure::days, "days", "days", "d", kSecondsPerDay},
    {RiskFigure::goodput, "goodput", "goodput", "%", 0.01},
    {RiskFigure::mfu, "mfu", "MFU of a step", "%", 0.01},
    {RiskFigure::gpu_hours, "gpu_hours", "GPU-hours", "M GPU-h", 1e6},
    {RiskFigure::power, "power", "power while steps run", "MW", 1e6},
    {RiskFigure::energy, "energy", "energy", "GWh", 1e9 * kSecondsPerHour},
    {RiskFigure::co2, "co2", "CO2", "kt", 1e6},
    {RiskFigure::rent, "rent", "rent of the GPUs", "M USD", 1e6},
    {RiskFigure::owning, "owning", "or: capital over 4 years and electricity", "M USD", 1e6},
    {RiskFigure::electricity, "electricity", "of which electricity", "M USD", 1e6}};

// An infinite value: the run does not finish.
Cell amount(double si, double unit_si) {
  if (std::isinf(si)) return missing_cell("never");
  return {plain(si / unit_si), si / unit_si};
}

std::string input_text(const BoundInput& input, double value) {
  if (input.input == UncertainInput::flops) return scientific(value);
  if (dimension(input.input) == Dimension{}) return plain(value);
  return format_quantity(value, dimension(input.input));
}

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}

std::string share_text(double index) {
  return plain(100 * std::clamp(index, 0.0, 1.0));
}

Table figures_table(const Uncertainty& u) {
  Table table{.key = "uncertainty",
              .title = "How uncertain that is",
              .columns = {left("figure", ""),
                          {.key = "title", .title = "figure", .align = Align::left},
                          {.key = "estimate", .title = "estimate"},
                          {.key = "p10", .title = "P10"},
                          {.key = "p50", .title = "P50"},
                          {.key = "p90", .title = "P90"},
                          left("unit", "unit")}};
  table.columns[0].audience = Audience::machines;
  for (const FigureRow& row : kFigureRows) {
    const auto f = static_cast<std::size_t>(row.figure);
    const Percentiles& p = u.figures[f];
    table.rows.push_back({text_cell(row.key), text_cell(row.title), amount(u.estimate[f], row.unit_si),
                          amount(p.p10, row.unit_si), amount(p.p50, row.unit_si), amount(p.p90, row.unit_si),
                          text_cell(row.unit)});
  }
  table.footnotes.push_back(
      "P10, P50, P90: a tenth, half and nine tenths of " + grouped(static_cast<std::int64_t>(u.draws)) +
      " draws of the inputs below, each with a history of failures, lie under the value (seed " +
      std::to_string(u.seed) + "). The estimate takes each input's own value, which need not be its median.");
  if (u.finishing < 1) {
    table.footnotes.push_back(plain(100 * (1 - u.finishing)) +
                              " % of the draws do not finish: interruptions leave no time for useful steps. "
                              "They count as longer and dearer than any other.");
  }
  return table;
}

std::vector<std::size_t> by_importance(const Uncertainty& u) {
  std::vector<std::size_t> order(u.inputs.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  constexpr auto kDays = static_cast<std::size_t>(RiskFigure::days);
  constexpr auto kRent = static_cast<std::size_t>(RiskFigure::rent);
  constexpr auto kEnergy = static_cast<std::size_t>(RiskFigure::energy);
  const auto weight = [&](std::size_t i) {
    const InputEffect& e = u.effects[i];
    // Those that do not move the days follow, by what they do to the cost and the energy.
    return e.total[kDays] > 1e-6 ? 2 + e.total[kDays] : std::max(e.total[kRent], e.total[kEnergy]);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return weight(a) > weight(b); });
  return order;
}

Table sensitivity_table(const Uncertainty& u) {
  Table table{.key = "sensitivity",
              .title = "Which inputs matter",
              .columns = {left("input", ""),
                          left("title", "input", 20),
                          left("unit", ""),
                          {.key = "p10", .title = "P10"},
                          {.key = "p50", .audience = Audience::machines},
                          {.key = "p90", .title = "P90"}}};
  table.columns[0].audience = table.columns[2].audience = Audience::machines;
  struct Shown {
    RiskFigure figure;
    const char* key;
    const char* title;
    double unit_si;
  };
  constexpr Shown kShown[] = {{RiskFigure::days, "days", "days", kSecondsPerDay},
                              {RiskFigure::energy, "energy", "GWh", 1e9 * kSecondsPerHour},
                              {RiskFigure::rent, "rent", "M USD", 1e6},
                              {RiskFigure::owning, "owning", "M USD", 1e6}};
  for (const Shown& shown : kShown) {
    const std::string key = shown.key;
    const bool days = shown.figure == RiskFigure::days;
    const Audience who = days ? Audience::everyone : Audience::machines;
    table.columns.push_back({.key = key + "_at_p10", .title = "days there", .audience = who});
    table.columns.push_back({.key = key + "_at_p90", .title = "and there", .audience = who});
    table.columns.push_back(
        {.key = "first_order_" + key, .title = "alone", .unit = "%", .priority = 1, .audience = who});
    table.columns.push_back({.key = "total_" + key, .title = "in all", .unit = "%", .audience = who});
  }
  for (const char* key : {"energy", "rent"}) {  // for people, beside the days
    const std::string title = std::string(key) == "rent" ? "of rent" : "of energy";
    table.columns.push_back({.title = title, .unit = "%", .priority = 3, .audience = Audience::people});
  }
  table.columns.push_back(left("distribution", ""));
  table.columns.push_back(left("origin", "origin"));
  table.columns.push_back(left("source", ""));
  const std::size_t end = table.columns.size();
  table.columns[end - 2].priority = 2;
  table.columns[end - 3].audience = table.columns[end - 1].audience = Audience::machines;
  for (const std::size_t i : by_importance(u)) {
    const BoundInput& input = u.inputs[i];
    const InputEffect& e = u.effects[i];
    const bool chance = input.input == UncertainInput::failures;
    const auto value = [&](double v) {
      return chance ? Cell{plain(v) + " sd", v} : Cell{input_text(input, v), v};
    };
    const std::string_view unit =
        chance ? std::string_view("standard deviations of the time") : std::string_view("SI");
    std::vector<Cell> row = {text_cell(key(input.input)),
                             text_cell(title(input.input)),
                             text_cell(unit),
                             value(e.p10),
                             value(e.p50),
                             value(e.p90)};
    for (const Shown& shown : kShown) {
      const auto f = static_cast<std::size_t>(shown.figure);
      row.push_back(amount(e.at_p10[f], shown.unit_si));
      row.push_back(amount(e.at_p90[f], shown.unit_si));
      row.push_back({share_text(e.first[f]), e.first[f]});
      row.push_back({share_text(e.total[f]), e.total[f]});
    }
    for (const RiskFigure figure : {RiskFigure::energy, RiskFigure::rent}) {
      row.push_back({share_text(e.total[static_cast<std::size_t>(figure)]), {}});
    }
    row.push_back(text_cell(name(input.distribution.kind())));
    row.push_back(text_cell(name(input.from.origin)));
    row.push_back(text_cell(input.from.source));
    table.rows.push_back(std::move(row));
  }
  table.footnotes = {
      "Days there: with this input at its P10, and at its P90, and every other at its median. Alone and in "
      "all: "
      "the share of the variance of the days' logarithm that is this input's by itself, and with what it "
      "does "
      "together with others (Sobol indices, first order and total, from " +
          grouped(static_cast<std::int64_t>(u.evaluations)) + " evaluations); of energy and of rent: in all.",
      "The step's time carries the errors of this model on published runs (validate runs), of its kind of "
      "model "
      "and software and, beyond the largest of them, of their slope with GPUs."};
  return table;
}

}  // namespace

std::vector<Table> uncertainty_tables(const Uncertainty& uncertainty) {
  return {figures_table(uncertainty), sensitivity_table(uncertainty)};
}

std::vector<Scalar> uncertainty_scalars(const Uncertainty& u) {
  return {{"seed", "", {"", static_cast<std::int64_t>(u.seed)}},
          {"draws", "", {"", static_cast<std::int64_t>(u.draws)}},
          {"finishing_share", "", {"", u.finishing}}};
}

}  // namespace traincast
