#include "host/report/fleet_tables.h"

#include <string>

#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}
Column right(std::string key, std::string title, std::string unit = "") {
  return {.key = std::move(key), .title = std::move(title), .unit = std::move(unit)};
}

}  // namespace

Table mixed_table(const Forecast& f) {
  Table table{.key = "mixed_fleet",
              .title = "Sharing a step between unequal GPUs (the whole plan, all of it fed)",
              .columns = {left("work", "work"),
                          left("gpu", "GPU"),
                          right("gpus", "GPUs"),
                          right("micro_batches", "micro-batches"),
                          right("own_step_time_s", "needs", "s"),
                          right("idle", "idle"),
                          right("step_time_s", "step", "s"),
                          right("tokens_per_s", "tokens/s"),
                          {.key = "chosen", .title = "the plan's", .align = Align::left}}};
  for (const FleetChoice& choice : f.choices) {
    for (const FleetUse& fleet : choice.fleets) {
      const bool paces_some = fleet.replicas > 0;
      table.rows.push_back(
          {text_cell(choice.unequal ? "by speed" : "equal"),
           text_cell(fleet.gpu),
           count_cell(fleet.gpus),
           count_cell(fleet.micro_batches),
           paces_some ? Cell{plain(fleet.own_step.value()), fleet.own_step.value()} : missing_cell(),
           paces_some ? percent_cell(fleet.idle(choice.step)) : missing_cell(),
           {plain(choice.step.value()), choice.step.value()},
           compact_cell(choice.tokens.value()),
           bool_cell(choice.chosen)});
    }
  }
  // Rate of the whole were every replica busy all the time, over that of equal work.
  const FleetChoice& equal = f.choices.front();
  double busy = 0;
  double replicas = 0;
  for (const FleetUse& fleet : equal.fleets) {
    if (fleet.replicas == 0) continue;
    busy += static_cast<double>(fleet.replicas) * (equal.step / fleet.own_step);
    replicas += static_cast<double>(fleet.replicas);
  }
  const bool gain = f.choices.size() == 2 && f.choices[1].step < f.choices[0].step;
  table.footnotes = {
      std::string(
          "Equal work: the slowest fleet sets the pace. By speed (\"unequal_work\" in the plan): faster "
          "replicas take more of the step's micro-batches, which are whole") +
      (gain ? "." : "; here no whole micro-batch can be moved to gain.") +
      " Were they divisible at will, the most to gain would be " + signed_percent(busy / replicas - 1) + "."};
  return table;
}

Table straggler_parts_table(const Forecast& f) {
  const Stragglers& s = f.stragglers;
  Table table{.key = "stragglers",
              .title = "What a step waits for: the slowest of " + grouped(s.nodes) + " nodes",
              .columns = {left("part", "part"), left("kind", "kind"), right("deviation", "deviation"),
                          right("slowest", "slowest"), left("counted", "counted", 16),
                          left("rests_on", "rests on", 20)}};
  table.columns[2].priority = 1;
  table.rows.push_back({text_cell("spread between GPUs"), text_cell("fixed"), percent_cell(s.spread, 2),
                        signed_percent_cell(s.slowest), text_cell("once, in the step: straggler"),
                        text_cell(std::string(name(s.spread_from.origin)) + ": " +
                                  (s.measured ? "ranks of the profile" : "GPU config"))});
  if (s.slow_nodes) {
    const double added = s.ejections.front().slowest - s.slowest;
    table.rows.push_back({text_cell("slow nodes"), text_cell("fixed"), missing_cell(),
                          signed_percent_cell(added), text_cell("not: ejected before they cost much"),
                          text_cell(std::string(name(s.slow_nodes->from.origin)) + ": " +
                                    percent_cell(s.slow_nodes->share).text + " of the nodes, " +
                                    percent_cell(s.slow_nodes->slow_by, 0).text + " slower (" +
                                    s.slow_nodes->from.source + ")")});
  }
  if (s.jitter > 0) {
    table.rows.push_back({text_cell("jitter of kernels"), text_cell("random"), percent_cell(s.jitter, 2),
                          signed_percent_cell(s.jitter_slowest),
                          text_cell("within the factors fitted to published runs"),
                          text_cell(std::string(name(s.spread_from.origin)) + ": samples of the profile")});
  } else {
    table.rows.push_back({text_cell("jitter of kernels"), text_cell("random"), missing_cell("not measured"),
                          missing_cell(), text_cell("within the factors fitted to published runs"),
                          text_cell("a profile of several ranks would tell")});
  }
  table.footnotes = {
      "Slowest: expected of all GPUs of the run, over a typical one. Fixed: a GPU slow in one step is slow "
      "in the "
      "next, so it can be found and ejected. Random: a step averages the jitter of its layers and "
      "micro-batches."};
  return table;
}

Table ejection_table(const Forecast& f) {
  Table table{
      .key = "ejections",
      .title = "What ejecting the slowest nodes buys, where slow ones are left in",
      .columns = {left("case", "ejected"), right("nodes", "nodes"), right("slowest", "slowest"),
                  right("step_time_s", "step", "s"), right("throughput_replaced", "throughput", "spares"),
                  right("throughput_not_replaced", "throughput", "no spares")}};
  for (const Ejection& row : f.stragglers.ejections) {
    table.rows.push_back({text_cell(row.share == 0 ? "none" : percent_cell(row.share).text),
                          count_cell(row.nodes),
                          signed_percent_cell(row.slowest),
                          {plain(row.step.value()), row.step.value()},
                          {signed_percent(row.replaced - 1), row.replaced},
                          {signed_percent(row.not_replaced - 1), row.not_replaced}});
  }
  table.footnotes = {
      "Throughput over that of no ejection: with spares in their places, or without, as if the "
      "plan could shrink by single nodes. The estimate's own step is " +
      to_string(f.step.time) + ": the usual spread alone."};
  return table;
}

}  // namespace traincast
