#include "host/report/energy_tables.h"

#include <optional>
#include <string>

#include "host/report/by_date.h"
#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}
Column right(std::string key, std::string title, std::string unit = "") {
  return {.key = std::move(key), .title = std::move(title), .unit = std::move(unit)};
}

Cell tonnes_cell(Kilograms mass) {
  return {plain(mass.value() / 1e3), mass.value()};
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

std::string shares_text(const std::vector<SourceUse>& used, Joules all) {
  std::string text;
  for (const SourceUse& use : used) {
    text += (text.empty() ? "" : ", ") + use.name + " " + percent_cell(use.energy / all, 0).text;
  }
  return text;
}

Table emissions_table(const Forecast& f) {
  Table table{.key = "emissions_by_date",
              .title = "Energy and emissions by date",
              .columns = {left("from", "from"), right("mean_power_w", "mean", "MW"),
                          right("energy_j", "energy", "GWh"), right("co2_kg", "CO2", "kt"),
                          right("nox_kg", "NOx", "t"), right("electricity_usd", "electricity", "M USD"),
                          left("sources", "shares", 20)}};
  for (const auto& [phase, share] : shown_phases(f, false)) {
    Joules energy;
    Kilograms co2;
    std::optional<Kilograms> nox;
    Dollars cost;
    for (const SourceUse& use : phase.used) {
      energy += use.energy;
      co2 += use.co2;
      if (use.nox) nox = nox.value_or(Kilograms(0)) + *use.nox;
      cost += use.cost;
    }
    if (energy.value() <= 0) continue;
    table.rows.push_back({phase.from ? text_cell(to_string(*phase.from)) : missing_cell(),
                          megawatts_cell(energy / phase.length),
                          gigawatt_hours_cell(energy),
                          {plain(co2.value() / 1e6), co2.value()},
                          nox ? tonnes_cell(*nox) : missing_cell("not stated"),
                          megadollars_cell(cost),
                          text_cell(shares_text(phase.used, energy))});
  }
  table.footnotes = {"NOx of the sources that state it."};
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

std::vector<Table> energy_tables(const Forecast& forecast) {
  std::vector<Table> tables;
  tables.push_back(activity_table(forecast));
  if (dates_of(forecast) > 1) tables.push_back(emissions_table(forecast));
  if (forecast.sources.size() > 1) tables.push_back(sources_table(forecast));
  tables.push_back(daily_table(forecast));
  return tables;
}

}  // namespace traincast
