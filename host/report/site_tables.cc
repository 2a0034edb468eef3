#include "host/report/site_tables.h"

#include <algorithm>
#include <string>
#include <utility>

#include "host/report/by_date.h"
#include "host/report/energy_tables.h"
#include "host/report/fleet_tables.h"
#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}
Column right(std::string key, std::string title, std::string unit = "") {
  return {.key = std::move(key), .title = std::move(title), .unit = std::move(unit)};
}

Cell date_cell(const std::optional<Date>& date) {
  return date ? text_cell(to_string(*date)) : missing_cell();
}
Cell supply_cell(const std::optional<Watts>& supply) {
  return supply ? megawatts_cell(*supply) : missing_cell();
}
bool changes(const Forecast& f) {
  return dates_of(f) > 1 || f.phases.front().supply.has_value();
}

Table phases_table(const Forecast& f) {
  Table table{.key = "phases",
              .title = "The run by date",
              .columns = {left("from", "from"), right("length_s", "days"),
                          right("gpus_installed", "GPUs there"), right("gpus", "in the run"),
                          left("limited_by", "limited by", 12), right("clock", "clock", "%"),
                          right("step_time_s", "step", "s"), right("goodput", "goodput", "%"),
                          right("power_w", "power", "MW"), right("token_share", "of tokens", "%")}};
  if (!f.run.parts.empty()) table.columns.insert(table.columns.begin() + 1, left("part", "part", 16));
  for (const auto& [phase, share] : shown_phases(f, true)) {
    if (!phase.in_run()) continue;
    const bool waits = phase.replicas == 0;
    const std::string bound = waits ? "waits: " + phase.waits : std::string(name(phase.bound));
    const double goodput = waits ? 0 : phase.steps * phase.step.time.value() / phase.length.value();
    table.rows.push_back(
        {date_cell(phase.from),
         days_cell(phase.length),
         count_cell(phase.installed),
         count_cell(phase.gpus),
         text_cell(bound),
         {plain(100 * phase.clock), phase.clock},
         waits ? missing_cell() : Cell{plain(phase.step.time.value()), phase.step.time.value()},
         {plain(100 * goodput), goodput},
         megawatts_cell(waits ? Watts(0) : phase.power),
         {plain(100 * share), share}});
    if (f.run.parts.empty()) continue;
    std::vector<Cell>& row = table.rows.back();
    row.insert(row.begin() + 1, text_cell(f.run.parts[phase.part].title));
  }
  const std::int64_t replica = f.run.plan.gpus() / f.run.plan.data_parallel;
  table.footnotes.push_back(
      "Data parallelism follows the GPUs, by whole replicas of " + grouped(replica) +
      " GPUs and at most the plan's " + grouped(f.run.plan.data_parallel) +
      "; the batch stays, so that replicas with a micro-batch more set the pace. Where the "
      "GPUs change, one restart.");
  if (std::any_of(f.phases.begin(), f.phases.end(),
                  [](const RunPhase& phase) { return phase.in_run() && phase.replicas == 0; })) {
    table.footnotes.emplace_back(
        "Rent and capital are of GPUs in the run: those that wait for power cost nothing here.");
  }
  if (f.run.start) {
    table.footnotes.push_back("Starts on " + to_string(*f.run.start) + ", ends on " +
                              to_string(*f.run.start + f.estimate.expected) + ".");
  }
  return table;
}

std::string sources_text(const RunPhase& phase) {
  std::string text;
  for (const PowerSource& source : phase.sources) {
    text += (text.empty() ? "" : ", ") + source.name + " " + plain(source.power.value() / 1e6);
  }
  return text.empty() ? "grid" : text;
}

// Every date of the site, those after the end of the run too: made for charts.
Table power_table(const Forecast& f) {
  Table table{.key = "power_timeline",
              .title = "Power by date",
              .columns = {left("date", "date"),
                          right("supply_w", "supply", "MW"),
                          right("demand_w", "demand", "MW"),
                          right("power_w", "used", "MW"),
                          right("gpus_installed", "GPUs there"),
                          right("gpus_fed", "GPUs fed"),
                          right("gpus", "in the run"),
                          left("sources", "sources, MW", 20),
                          {.key = "in_run", .audience = Audience::machines}}};
  for (const auto& [phase, share] : shown_phases(f, false)) {
    table.rows.push_back({date_cell(phase.from), supply_cell(phase.supply), megawatts_cell(phase.demand),
                          megawatts_cell(phase.power), count_cell(phase.installed), count_cell(phase.fed),
                          count_cell(phase.gpus), text_cell(sources_text(phase)), bool_cell(phase.in_run())});
  }
  table.footnotes = {
      "Demand: what the plan's GPUs, as far as they are there, draw in training at their full clock. Where "
      "the "
      "supply is below it, " +
          std::string(f.run.cluster.power.cap_by == CapBy::gpus ? "GPUs stand still"
                                                                : "all run at a lower clock") +
          " (power.cap_by \"" + std::string(name(f.run.cluster.power.cap_by)) + "\").",
      "Dates after the end of the run show what it could have used."};
  return table;
}

Table feeds_table(const Forecast& f) {
  const bool slowed = f.feeds.front().lowest_clock < 1;
  Table table{.key = "supply_feeds",
              .title = "How many " + f.pace + " a supply feeds",
              .columns = {right("supply_w", "supply", "MW"), right("gpus", "GPUs in training")}};
  if (slowed) {
    table.columns.push_back(
        right("gpus_slowed", "at " + plain(100 * f.feeds.front().lowest_clock) + " % of the clock"));
    table.columns.push_back(right("clock_for_all", "clock that feeds the plan's", "%"));
  }
  for (const SupplyFeeds& row : f.feeds) {
    table.rows.push_back({megawatts_cell(row.supply), count_cell(row.gpus)});
    if (!slowed) continue;
    table.rows.back().push_back(count_cell(row.gpus_slowed));
    table.rows.back().push_back(row.clock_for_all > 0
                                    ? Cell{plain(100 * row.clock_for_all), row.clock_for_all}
                                    : missing_cell("none"));
  }
  return table;
}

}  // namespace

std::vector<Table> site_tables(const Forecast& forecast) {
  std::vector<Table> tables;
  if (forecast.phases.empty()) return tables;
  if (changes(forecast)) {
    tables.push_back(phases_table(forecast));
    tables.push_back(power_table(forecast));
  }
  if (!forecast.feeds.empty()) tables.push_back(feeds_table(forecast));
  for (Table& table : energy_tables(forecast)) tables.push_back(std::move(table));
  if (!forecast.choices.empty()) tables.push_back(mixed_table(forecast));
  if (forecast.stragglers.nodes > 1) {
    tables.push_back(straggler_parts_table(forecast));
    tables.push_back(ejection_table(forecast));
  }
  return tables;
}

}  // namespace traincast
