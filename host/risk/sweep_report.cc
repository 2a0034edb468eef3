#include "host/risk/sweep_report.h"

#include <algorithm>
#include <utility>

#include "host/report/run_cells.h"

namespace traincast {
namespace {

// "cluster.reliability.restart" -> "restart", or with more steps where two axes end alike.
std::string short_name(const std::vector<SweepAxis>& axes, const SweepAxis& axis) {
  std::size_t dot = axis.path.size();
  while (true) {
    dot = dot == 0 ? std::string::npos : axis.path.rfind('.', dot - 1);
    if (dot == std::string::npos) return axis.path;
    std::string end = axis.path.substr(dot + 1);
    const auto alike = std::count_if(axes.begin(), axes.end(), [&](const SweepAxis& other) {
      return other.path == end || other.path.ends_with("." + end);
    });
    if (alike == 1) return end;
  }
}

bool whole(const std::string& text) {
  return !text.empty() && text.size() < 18 && text.find_first_not_of("0123456789") == std::string::npos;
}

std::vector<Column> figure_columns(const std::vector<SweepAxis>& axes) {
  const bool over_gpus =
      std::any_of(axes.begin(), axes.end(), [](const SweepAxis& axis) { return axis.path == "gpus"; });
  std::vector<Column> columns = {{.key = over_gpus ? "run_gpus" : "gpus",
                                  .title = "GPUs",
                                  .audience = over_gpus ? Audience::machines : Audience::everyone},
                                 {.key = "expected_time_s", .title = "days"},
                                 {.key = "goodput", .title = "goodput", .unit = "%"},
                                 {.key = "power_w", .title = "MW"},
                                 {.key = "rent_usd_per_mtoken", .title = "rent", .unit = "USD/Mtoken"},
                                 {.key = "mfu", .title = "MFU", .unit = "%"},
                                 {.key = "step_time_s", .title = "step", .unit = "s"},
                                 {.key = "energy_j", .title = "GWh", .priority = 2},
                                 {.key = "rent_usd", .title = "rent", .unit = "M USD", .priority = 1}};
  for (const char* key : {"ideal_time_s", "interruptions", "checkpoint_interval_s", "gpu_hours",
                          "amortised_usd", "electricity_usd", "co2_kg", "memory_bytes", "status"}) {
    columns.push_back({.key = key, .audience = Audience::machines});
  }
  return columns;
}

// Under the whole path where another column has the short one's key: a fleet's "gpus" beside the run's.
Column axis_column(const std::vector<SweepAxis>& axes, const SweepAxis& axis,
                   const std::vector<Column>& others) {
  const auto first = any_quantity(axis.values.front());
  const std::string suffix(first ? unit_suffix(first->dimension) : "");
  const auto named = [&](const std::string& name) {
    std::string key = name;
    std::replace(key.begin(), key.end(), '.', '_');
    return Column{.key = key + suffix, .title = name};
  };
  Column column = named(short_name(axes, axis));
  const bool taken =
      std::any_of(others.begin(), others.end(), [&](const Column& other) { return other.key == column.key; });
  return taken ? named(axis.path) : column;
}

Cell value_cell(const std::string& value) {
  if (whole(value)) return count_cell(std::stoll(value));
  const auto quantity = any_quantity(value);
  return quantity ? Cell{value, quantity->si} : text_cell(value);
}

std::vector<Cell> figure_cells(const SweepFigures& f) {
  const RunEstimate& e = f.estimate;
  const double dollars_per_mtoken = e.rent.value() / (f.tokens.value() / 1e6);
  return {count_cell(f.gpus),
          days_cell(e.expected),
          {plain(100 * e.goodput()), e.goodput()},
          megawatts_cell(e.power),
          {plain(dollars_per_mtoken), dollars_per_mtoken},
          {plain(100 * f.step.mfu), f.step.mfu},
          {plain(f.step.time.value()), f.step.time.value()},
          gigawatt_hours_cell(e.energy),
          megadollars_cell(e.rent),
          {"", e.ideal.value()},
          {"", e.interruptions},
          {"", e.schedule.interval.value()},
          {"", e.gpu_hours},
          {"", e.amortised.value()},
          {"", e.electricity.value()},
          {"", e.co2.value()},
          {"", f.memory.value()}};
}

}  // namespace

Report sweep_report(const Sweep& sweep) {
  Table table{.key = "points", .columns = figure_columns(sweep.axes)};
  const std::size_t first = sweep.axes.size();
  for (std::size_t a = 0; a < first; ++a) {
    Column column = axis_column(sweep.axes, sweep.axes[a], table.columns);
    table.columns.insert(table.columns.begin() + static_cast<std::ptrdiff_t>(a), std::move(column));
  }
  std::vector<std::pair<std::string, std::string>> reasons;  // for people: the same words once
  for (const SweepPoint& point : sweep.points) {
    std::vector<Cell> row;
    std::string at;
    for (std::size_t a = 0; a < point.values.size(); ++a) {
      row.push_back(value_cell(point.values[a]));
      at += (a > 0 ? ", " : "") + table.columns[a].title + " " + row.back().text;
    }
    if (point.figures) {
      for (Cell& cell : figure_cells(*point.figures)) row.push_back(std::move(cell));
    } else {
      reasons.emplace_back(at, point.reason);
    }
    while (row.size() + 1 < table.columns.size()) row.push_back(missing_cell());
    if (!point.figures) row[first + 1] = missing_cell("none");
    row.push_back({"", point.figures ? "ok" : point.reason});
    table.rows.push_back(std::move(row));
  }
  for (const auto& [at, reason] : reasons)
    table.footnotes.push_back(std::string(at).append(": ").append(reason));
  table.footnotes.emplace_back(
      "Days with interruptions and checkpoints; MW while steps run; rent of the GPUs for the whole run. "
      "Where "
      "GPUs vary, data parallelism does, and a step keeps its sequences.");
  if (!sweep.of_part.empty()) {
    table.footnotes.push_back("Step and MFU are of " + sweep.of_part + "; days are of all parts.");
  }
  Report report{.name = "sweep", .title = sweep.title, .scalars = {{"run", "", text_cell(sweep.run)}}};
  report.tables.push_back(std::move(table));
  return report;
}

}  // namespace traincast
