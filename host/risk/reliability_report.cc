#include "host/risk/reliability_report.h"

#include <algorithm>
#include <string>

#include "host/model/failures.h"
#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column words(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}

Cell per_day(double rate) {
  return {plain(rate * kSecondsPerDay), rate * kSecondsPerDay};
}

std::string consequence(const FailureCause& cause, const Reliability& reliability) {
  if (cause.planned) return "planned: saved before it, nothing lost";
  std::string text = cause.takes_node ? "the node is replaced" : "restart";
  if (cause.takes_node && reliability.spare_nodes >= 0) text = "a spare node takes over";
  if (cause.rollback.value() > 0) text += ", back by " + to_string(cause.rollback) + " more";
  return text;
}

Table causes_table(const Forecast& f) {
  const Reliability& reliability = f.run.cluster.reliability;
  const double gpus = static_cast<double>(f.phases[main_phase(f.phases)].gpus);
  Table table{.key = "interruptions",
              .title = "What interrupts the run, on " + grouped(static_cast<std::int64_t>(gpus)) + " GPUs",
              .columns = {words("cause", "cause"),
                          {.key = "per_day", .title = "a day"},
                          {.key = "share", .title = "share"},
                          words("consequence", "consequence", 20)}};
  const double scaling = reliability.mtbf_per_gpu.value() > 0 ? gpus / reliability.mtbf_per_gpu.value() : 0;
  double total = reliability.causes.empty() ? scaling : 0;
  for (const FailureCause& cause : reliability.causes) total += cause.share * scaling + cause.per_job.value();
  if (!(total > 0)) {
    table.footnotes = {"Nothing ever does, at rates of zero."};
    return table;
  }
  if (reliability.causes.empty()) {
    table.rows.push_back({text_cell("any"), per_day(total), percent_cell(1), text_cell("restart")});
  }
  for (const FailureCause& cause : reliability.causes) {
    const double rate = cause.share * scaling + cause.per_job.value();
    table.rows.push_back({text_cell(cause.name), per_day(rate), percent_cell(rate / total),
                          text_cell(consequence(cause, reliability))});
  }
  table.footnotes = {"One every " + to_string(Seconds(1 / total)) + ". " + reliability.from.source + "."};
  return table;
}

Table restart_table(const Forecast& f, const RestartTime& restart) {
  const Reliability& reliability = f.run.cluster.reliability;
  Table table{.key = "restart",
              .title = "From an interruption until steps run again",
              .columns = {words("phase", "phase"), {.key = "time_s", .title = "time"}}};
  if (restart.by_phases) {
    const RunPhase& main = f.phases[main_phase(f.phases)];
    table.rows = {
        {text_cell("detect"), quantity_cell(restart.detect)},
        {text_cell("reschedule on healthy nodes"), quantity_cell(restart.reschedule)},
        {text_cell("initialise " + grouped(main.gpus) + " ranks"), quantity_cell(restart.initialise)},
        {text_cell("read the checkpoint"), quantity_cell(restart.reload)}};
  }
  table.rows.push_back({text_cell("together"), quantity_cell(restart.whole)});
  const CheckpointSchedule& schedule = f.phases[main_phase(f.phases)].schedule;
  if (reliability.by_replica) {
    table.rows.push_back({text_cell("all replicas wait only"), quantity_cell(reliability.regroup)});
  }
  if (f.estimate.mtbf.value() > 0) {
    // Half an interval, and what was not yet read back safely.
    const Seconds lost =
        schedule.interval / 2 + checkpointing_of(f.run.cluster.storage, f.estimate.checkpoint,
                                                 static_cast<double>(f.phases[main_phase(f.phases)].gpus))
                                    .durable;
    table.footnotes = {"The best time between checkpoints is " + to_string(schedule.interval) +
                       " of work; a failure loses about " + to_string(lost) + ", to be done again."};
    if (reliability.by_replica) {
      table.footnotes = {"Only the replica that was struck restarts; nothing is done again."};
    }
  }
  if (restart.by_phases) {
    const Communicators& used = reliability.communicators;
    table.footnotes.push_back("Ranks are initialised as by configs/communicators/" + used.library + ": " +
                              used.from.source + ".");
  }
  if (reliability.spare_nodes >= 0) {
    table.footnotes.push_back("Spare nodes: " + grouped(reliability.spare_nodes) + "; a repair takes " +
                              to_string(reliability.repair) + ".");
  }
  return table;
}

Table time_table(const Forecast& f, const HistorySummary& h, std::uint64_t seed) {
  Table table{.key = "histories",
              .title = "Where the time goes, in " + grouped(h.finished) + " histories of the run",
              .columns = {words("part", "part"), {.key = "share", .title = "share"}}};
  const auto row = [&](const char* what, double share) {
    if (share > 0) table.rows.push_back({text_cell(what), percent_cell(share)});
  };
  row("useful steps", h.useful);
  row("checkpoint stalls", h.stalls);
  row("work lost and done again", h.lost);
  row("restarting", h.restarting);
  row("waiting for nodes", h.waiting);
  row("replicas away", h.degraded);
  row("waiting for GPUs or power, changes of the fleet", h.paused);
  table.footnotes = {"Closed form: " + plain(100 * f.estimate.goodput()) + " % useful. Seed " +
                     std::to_string(seed) + "."};
  if (h.finished < h.count) {
    table.footnotes.push_back(grouped(h.count - h.finished) + " of " + grouped(h.count) +
                              " histories never finish: " + h.reason + ".");
  }
  return table;
}

Table spread_table(const HistorySummary& h) {
  Table table{.key = "chance",
              .title = "What chance alone does to it (the inputs being what they are)",
              .columns = {words("figure", "figure"),
                          {.key = "p10", .title = "P10"},
                          {.key = "p50", .title = "P50"},
                          {.key = "p90", .title = "P90"},
                          {.key = "mean", .title = "mean"}}};
  const auto row = [&](const char* what, const Spread& spread, double unit) {
    const auto cell = [&](double value) { return Cell{plain(value / unit), value / unit}; };
    table.rows.push_back(
        {text_cell(what), cell(spread.p10), cell(spread.p50), cell(spread.p90), cell(spread.mean)});
  };
  row("days", h.wall, kSecondsPerDay);
  row("goodput, %", h.goodput, 0.01);
  row("interruptions", h.interruptions, 1);
  row("energy, GWh", h.energy, 1e9 * kSecondsPerHour);
  return table;
}

}  // namespace

std::vector<Table> reliability_tables(const Forecast& forecast, const HistorySummary& histories,
                                      std::uint64_t seed) {
  const RunPhase& main = forecast.phases[main_phase(forecast.phases)];
  const RestartTime restart =
      restart_time(forecast.run.cluster, static_cast<double>(main.gpus), forecast.estimate.checkpoint);
  std::vector<Table> tables = {causes_table(forecast), restart_table(forecast, restart)};
  if (histories.finished > 0) {
    tables.push_back(time_table(forecast, histories, seed));
    tables.push_back(spread_table(histories));
  }
  return tables;
}

}  // namespace traincast
