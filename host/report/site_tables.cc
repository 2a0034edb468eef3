#include "host/report/site_tables.h"

#include <algorithm>
#include <string>

#include "host/report/fleet_tables.h"
#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}
Column right(std::string key, std::string title, std::string unit = "", int priority = 0) {
  return {.key = std::move(key), .title = std::move(title), .unit = std::move(unit), .priority = priority};
}

Cell date_cell(const std::optional<Date>& date) {
  return date ? text_cell(to_string(*date)) : missing_cell();
}
Cell supply_cell(const std::optional<Watts>& supply) {
  return supply ? megawatts_cell(*supply) : missing_cell();
}
Cell tonnes_cell(Kilograms mass) {
  return {plain(mass.value() / 1e3), mass.value()};
}

bool changes(const Forecast& f) {
  return f.phases.size() > 1 || f.phases.front().supply.has_value();
}

Table phases_table(const Forecast& f) {
  Table table{.key = "phases",
              .title = "The run by date",
              .columns = {left("from", "from"), right("length_s", "days"),
                          right("gpus_installed", "GPUs there"), right("gpus", "in the run"),
                          left("limited_by", "limited by", 12), right("clock", "clock", "%"),
                          right("step_time_s", "step", "s"), right("goodput", "goodput", "%"),
                          right("power_w", "power", "MW"), right("token_share", "of tokens", "%")}};
  for (const RunPhase& phase : f.phases) {
    if (!phase.in_run()) continue;
    const bool waits = phase.replicas == 0;
    const std::string bound = waits ? "waits: " + phase.waits : std::string(name(phase.bound));
    const double share = phase.steps / f.estimate.steps;
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
  }
  const std::int64_t replica = f.run.plan.gpus() / f.run.plan.data_parallel;
  table.footnotes.push_back(
      "Data parallelism follows the GPUs, by whole replicas of " + grouped(replica) +
      " GPUs and at most the plan's " + grouped(f.run.plan.data_parallel) +
      "; the batch stays, so that replicas with a micro-batch more set the pace. Where the "
      "GPUs change, one restart.");
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
  for (const RunPhase& phase : f.phases) {
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

Table activity_table(const Forecast& f) {
  Table table{.key = "energy_by_activity",
              .title = "Energy by activity",
              .columns = {left("activity", "activity"), right("time_s", "days"),
                          right("time_share", "of the time"), right("mean_power_w", "power", "MW"),
                          right("energy_j", "energy", "GWh"), right("energy_share", "of the energy")}};
  for (int i = 0; i < kActivities; ++i) {
    Seconds time;
    Joules energy;
    for (const RunPhase& phase : f.phases) {
      time += phase.time[static_cast<std::size_t>(i)];
      energy += phase.energy[static_cast<std::size_t>(i)];
    }
    if (time.value() <= 0) continue;
    table.rows.push_back({text_cell(name(static_cast<Activity>(i))), days_cell(time),
                          percent_cell(time / f.estimate.expected), megawatts_cell(energy / time),
                          gigawatt_hours_cell(energy), percent_cell(energy / f.estimate.energy)});
  }
  table.footnotes = {"Steps: those done again after an interruption, too. While they wait, servers draw " +
                     plain(100 * kIdlePower) + " % (assumed)."};
  return table;
}

Table sources_table(const Forecast& f) {
  Table table{.key = "energy_by_source",
              .title = "Energy by source",
              .columns = {left("source", "source"), right("energy_j", "energy", "GWh"),
                          right("energy_share", "share"), right("co2_kg", "CO2", "kt"),
                          right("nox_kg", "NOx", "t"), right("cost_usd", "cost", "M USD")}};
  for (const SourceUse& use : f.sources) {
    table.rows.push_back({text_cell(use.name),
                          gigawatt_hours_cell(use.energy),
                          percent_cell(use.energy / f.estimate.energy),
                          {plain(use.co2.value() / 1e6), use.co2.value()},
                          use.nox ? tonnes_cell(*use.nox) : missing_cell("not stated"),
                          megadollars_cell(use.cost)});
  }
  table.footnotes = {"Sources are used in the order in which the cluster lists them. NOx as NO2."};
  return table;
}

Kilograms stated_nox(const Forecast& f) {
  Kilograms sum;
  for (const SourceUse& use : f.sources) sum += use.nox.value_or(Kilograms(0));
  return sum;
}

Table daily_table(const Forecast& f) {
  const RunEstimate& e = f.estimate;
  const double days = e.expected.value() / kSecondsPerDay;
  Table table{.key = "per_day",
              .title = "A day of it",
              .columns = {left("figure", "figure"), right("per_day", "a day"), right("total", "the run"),
                          left("unit", "unit")}};
  const auto row = [&](const char* figure, double total, const char* unit) {
    table.rows.push_back(
        {text_cell(figure), {plain(total / days), total / days}, {plain(total), total}, text_cell(unit)});
  };
  row("energy", e.energy.value() / 3.6e9, "MWh");
  row("CO2", e.co2.value() / 1e3, "t");
  const bool all_state = e.nox.has_value();
  if (const Kilograms nox = stated_nox(f); all_state || nox.value() > 0) {
    row(all_state ? "NOx" : "NOx of the sources that state it", nox.value() / 1e3, "t");
  }
  row("rent of the GPUs", e.rent.value() / 1e6, "M USD");
  row("or: capital over 4 years", e.amortised.value() / 1e6, "M USD");
  row("and electricity", e.electricity.value() / 1e6, "M USD");
  row("tokens", f.run.tokens.value() / 1e9, "Gtoken");
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
  tables.push_back(activity_table(forecast));
  if (forecast.sources.size() > 1) tables.push_back(sources_table(forecast));
  tables.push_back(daily_table(forecast));
  if (!forecast.choices.empty()) tables.push_back(mixed_table(forecast));
  if (forecast.stragglers.nodes > 1) tables.push_back(stragglers_table(forecast));
  return tables;
}

}  // namespace traincast
