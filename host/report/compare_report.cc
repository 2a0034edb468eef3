#include "host/report/compare_report.h"

#include <array>
#include <string>

#include "host/model/flops.h"
#include "host/model/parameters.h"
#include "host/model/parts.h"
#include "host/report/part_tables.h"
#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column left(Column column) {
  column.align = Align::left;
  return column;
}

// What the run is. The first table has these for machines, the second for people.
std::vector<Column> setup_columns(Audience audience) {
  std::vector<Column> columns = {
      left({.key = "title", .title = "what", .wrap_width = 16}),
      {.key = "parameters", .title = "parameters"},
      {.key = "active_parameters", .title = "active"},
      {.key = "tokens", .title = "tokens"},
      {.key = "model_flops", .title = "FLOP"},
      left({.key = "plan", .title = "plan", .wrap_width = 22}),
      left({.key = "stack", .title = "software", .priority = 1, .wrap_width = 12}),
      left({.key = "rests_on", .title = "weakest input of the days", .wrap_width = 14}),
  };
  for (Column& column : columns) column.audience = audience;
  return columns;
}

std::string rests_on(const Forecast& f) {
  const InputUsed* weakest = weakest_input(f.inputs, FigureGroup::days);
  return weakest == nullptr ? "" : weakest->what + " (" + weakest->name + ")";
}

std::vector<Cell> setup_cells(const Forecast& f) {
  const double flops = run_flops(f.run, AttentionCount::causal_half).value();
  return {text_cell(f.run.title),
          compact_cell(parameters(f.run.model)),
          compact_cell(active_parameters(f.run.model)),
          compact_cell(f.run.tokens.value()),
          scientific_cell(flops),
          text_cell(plan_text(f.run.plan)),
          text_cell(f.run.stack.name),
          f.infeasible.empty() ? text_cell(rests_on(f)) : missing_cell()};
}

std::vector<Column> result_columns() {
  std::vector<Column> columns = {
      left({.key = "run", .title = "run"}),
      {.key = "gpus", .title = "GPUs"},
      {.key = "step_time_s", .title = "step", .unit = "s"},
      {.key = "mfu", .title = "MFU", .unit = "%"},
      {.key = "ideal_time_s", .title = "days ideal", .priority = 2},
      {.key = "expected_time_s", .title = "days"},
      left({.key = "published", .title = "published", .wrap_width = 12}),
      {.key = "published_error", .title = "ours against it", .wrap_width = 7},
      {.key = "power_w", .title = "MW", .priority = 3},
      {.key = "energy_j", .title = "GWh", .priority = 4},
      {.key = "rent_usd", .title = "rent", .unit = "M USD", .priority = 1},
      left({.key = "origin", .title = "rests on"}),
  };
  for (const char* key : {"status", "published_is_measured", "published_figure", "published_low_si",
                          "published_high_si", "published_ours_si", "model_flop_rate_flop_per_s", "goodput",
                          "gpu_hours", "pace_gpu", "amortised_usd", "memory_bytes"}) {
    columns.push_back({.key = key, .audience = Audience::machines});
  }
  return columns;
}

// The figure that says most comes first; what a published FLOP count says of our time is nothing, as it fixes
// the tokens.
std::vector<Comparison> shown_comparisons(const Forecast& f) {
  std::vector<Comparison> list = f.published;
  std::erase_if(list, [](const Comparison& c) { return c.figure == PublishedFigure::flops; });
  if (list.size() > 2) list.resize(2);
  return list;
}

void add_published(std::vector<Cell>& row, const std::vector<Comparison>& list, bool measured) {
  if (list.empty()) {
    row.push_back(missing_cell());
    row.push_back(missing_cell());
    return;
  }
  std::string said;
  std::string errors;
  for (const Comparison& c : list) {
    said += (said.empty() ? "" : ", ") + published_text(c);
    errors += (errors.empty() ? "" : ", ") + signed_percent(c.error);
  }
  row.push_back(text_cell(said + (measured ? "" : " (estimate)")));
  row.push_back({errors, list.front().error});
}

std::vector<Cell> result_cells(const Forecast& f) {
  std::vector<Cell> row = {text_cell(f.run.name), count_cell(f.run.plan.gpus())};
  if (!f.infeasible.empty()) {
    while (row.size() < 11) row.push_back(missing_cell());
    row[5] = missing_cell("none");
    row.push_back(missing_cell("see below"));
    row.push_back({"", f.infeasible});
    while (row.size() < result_columns().size()) row.push_back(missing_cell());
    return row;
  }
  const bool measured = f.run.published && f.run.published->measured;
  const std::vector<Comparison> list = shown_comparisons(f);
  const InputUsed* weakest = weakest_input(f.inputs, FigureGroup::days);
  row.push_back({plain(f.step.time.value()), f.step.time.value()});
  row.push_back({plain(100 * f.step.mfu), f.step.mfu});
  row.push_back(days_cell(f.estimate.ideal));
  row.push_back(days_cell(f.estimate.expected));
  add_published(row, list, measured);
  row.push_back(megawatts_cell(f.estimate.power));
  row.push_back(gigawatt_hours_cell(f.estimate.energy));
  row.push_back(megadollars_cell(f.estimate.rent));
  row.push_back(weakest == nullptr ? missing_cell() : text_cell(name(weakest->from.origin)));
  row.push_back(text_cell("ok"));
  const auto machine = [&](bool there, MachineValue value) {
    row.push_back(there ? Cell{"", std::move(value)} : missing_cell());
  };
  const bool said = !list.empty();
  machine(said, measured);
  machine(said, said ? std::string(name(list.front().figure)) : "");
  machine(said, said ? list.front().low : 0);
  machine(said, said ? list.front().high : 0);
  machine(said, said ? list.front().ours : 0);
  machine(true, f.step.model_flop_rate.value());
  machine(true, f.estimate.goodput());
  machine(true, f.estimate.gpu_hours);
  machine(true, f.pace);
  machine(true, f.estimate.amortised.value());
  machine(true, f.memory.total().value());
  return row;
}

}  // namespace

Report compare_report(std::span<const Forecast> forecasts) {
  Table results{.key = "runs", .columns = result_columns()};
  Table setups{.key = "setups", .title = "What each run is"};
  setups.columns.push_back(left({.title = "run", .audience = Audience::people}));
  for (Column& column : setup_columns(Audience::people)) setups.columns.push_back(std::move(column));
  for (Column& column : setup_columns(Audience::machines)) results.columns.push_back(std::move(column));
  for (const Forecast& f : forecasts) {
    std::vector<Cell> row = result_cells(f);
    std::vector<Cell> setup = {text_cell(f.run.name)};
    for (const Cell& cell : setup_cells(f)) {
      row.push_back(cell);
      setup.push_back(cell);
    }
    results.rows.push_back(std::move(row));
    setups.rows.push_back(std::move(setup));
    if (!f.infeasible.empty())
      results.footnotes.push_back(f.run.name + " has no estimate: it " + f.infeasible);
  }
  for (const Forecast& f : forecasts) {
    if (f.run.parts.empty()) continue;
    results.footnotes.push_back(f.run.name + ": step and MFU are of " + main_part_text(f.run) +
                                "; days and what follows from them of all its parts.");
  }
  results.footnotes.insert(
      results.footnotes.end(),
      {"Days ideal: steps alone. Days: with interruptions, lost work, restarts and checkpoints; GPU-hours, "
       "MW, "
       "GWh and rent are of these.",
       "Published figures were measured by those who ran it unless marked (estimate). Errors are of ours "
       "against "
       "them, or the middle of a range; FLOP rates and MFU are compared with those of a step.",
       "MFU counts model FLOP (causal attention halved) against the dense BF16 peak, for FP8 runs too.",
       "Rests on: the weakest origin among the inputs of the days (measured, published, fitted, datasheet, "
       "assumed)."});
  return {.name = "compare", .title = "", .tables = {std::move(results), std::move(setups)}};
}

}  // namespace traincast
