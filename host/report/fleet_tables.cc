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
  const bool gain = f.choices.size() == 2 && f.choices[1].step < f.choices[0].step;
  table.footnotes = {
      std::string(
          "Equal work: the slowest fleet sets the pace. By speed (\"unequal_work\" in the plan): faster "
          "replicas take more of the step's micro-batches, which are whole") +
      (gain ? "." : "; here no whole micro-batch can be moved to gain.")};
  return table;
}

Table stragglers_table(const Forecast& f) {
  const Stragglers& s = f.stragglers;
  Table table{
      .key = "stragglers",
      .title = "Slow nodes, and what ejecting the slowest of " + grouped(s.nodes) + " buys",
      .columns = {left("case", "ejected"), right("nodes", "nodes"), right("slowest", "slowest"),
                  right("step_time_s", "step", "s"), right("throughput_replaced", "throughput", "spares"),
                  right("throughput_not_replaced", "throughput", "no spares")}};
  for (const Ejection& row : s.ejections) {
    table.rows.push_back({text_cell(row.nodes == 0 ? "none" : plain(100 * row.share) + " %"),
                          count_cell(row.nodes),
                          {signed_percent(row.slowest), row.slowest},
                          {plain(row.step.value()), row.step.value()},
                          {signed_percent(row.replaced - 1), row.replaced},
                          {signed_percent(row.not_replaced - 1), row.not_replaced}});
  }
  const std::string prior =
      s.slow_nodes
          ? plain(100 * s.slow_nodes->share) + " % of the nodes " + plain(100 * s.slow_nodes->slow_by) +
                " % slower until ejected (" + s.slow_nodes->from.source + ")"
          : std::string("no nodes of another kind (the cluster states no \"slow_nodes\")");
  table.footnotes = {"Fixed part: GPUs spread by " + plain(100 * s.spread) + " % (" +
                         (s.measured ? "between ranks of the profile" : "the GPU config") +
                         "), the slowest of all expected " + signed_percent(s.slowest) +
                         " over a typical one; and " + prior + ".",
                     "The estimate counts the spread alone, once, as the straggler part of the step: the "
                     "slow nodes come on top, "
                     "if nobody ejects them. " +
                         (s.jitter > 0 ? "Random part: " + plain(100 * s.jitter) +
                                             " % of one kernel's time on one rank, in the profile; it"
                                       : std::string("The random part (jitter)")) +
                         " is within the factors fitted to published runs and not added."};
  return table;
}

}  // namespace traincast
