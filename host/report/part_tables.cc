#include "host/report/part_tables.h"

#include <utility>

#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column right(std::string key, std::string title, std::string unit = "", int priority = 0) {
  return {.key = std::move(key), .title = std::move(title), .unit = std::move(unit), .priority = priority};
}

std::string range(const std::string& from, const std::string& to) {
  return from == to ? to : from + " to " + to;
}

}  // namespace

Table parts_table(const Forecast& f) {
  Table table{
      .key = "run_parts",
      .title = "The parts of the run",
      .columns = {{.key = "part", .title = "part", .align = Align::left, .wrap_width = 16},
                  right("tokens", "tokens"),
                  right("sequence", "sequence"),
                  right("global_batch", "batch, sequences"),
                  {.key = "plan", .title = "plan", .align = Align::left, .priority = 3, .wrap_width = 14},
                  right("step_time_s", "step", "s"),
                  right("tokens_per_s_per_gpu", "tokens/s a GPU", "", 1),
                  right("mfu", "MFU", "%"),
                  right("memory_bytes", "GiB", "", 2),
                  right("expected_time_s", "days"),
                  right("time_share", "share", "%")}};
  table.columns[3].wrap_width = 10;
  table.columns[5].wrap_width = 8;
  for (const char* key :
       {"first_global_batch", "first_step_time_s", "last_step_time_s", "steps", "ideal_time_s"}) {
    table.columns.push_back({.key = key, .audience = Audience::machines});
  }
  bool ramp = false;
  for (std::size_t i = 0; i < f.parts.size(); ++i) {
    const RunPart& part = f.run.parts[i];
    const PartForecast& of = f.parts[i];
    ramp = ramp || of.first_batch != of.last_batch;
    const double mean = of.steps > 0 ? of.ideal.value() / of.steps : 0;
    const double share = of.expected / f.estimate.expected;
    table.rows.push_back({text_cell(part.title + (i == f.run.main_part ? " (main)" : "")),
                          compact_cell(part.tokens.value()),
                          count_cell(part.sequence),
                          {range(grouped(of.first_batch), grouped(of.last_batch)), of.last_batch},
                          text_cell(plan_text(part.plan)),
                          {range(plain(of.first_step.value()), plain(of.last_step.value())), mean},
                          {plain(of.tokens_per_gpu.value()), of.tokens_per_gpu.value()},
                          {plain(100 * of.mfu), of.mfu},
                          {plain(of.memory.total().value() / kGiB), of.memory.total().value()},
                          days_cell(of.expected),
                          {plain(100 * share), share},
                          {"", of.first_batch},
                          {"", of.first_step.value()},
                          {"", of.last_step.value()},
                          {"", of.steps},
                          {"", of.ideal.value()}});
  }
  table.footnotes = {
      "Main: the part with the most tokens, whose step and MFU stand for the run elsewhere. The days include "
      "interruptions and checkpoints; parts follow one another without a pause."};
  if (ramp) {
    table.footnotes.emplace_back(
        "A batch that grows does so after equal shares of the part's tokens; each size is counted by its own "
        "whole steps, and tokens/s and MFU are of all of them.");
  }
  return table;
}

std::string main_part_text(const Run& run) {
  if (run.parts.empty()) return "";
  const RunPart& main = run.parts[run.main_part];
  return "its main part, \"" + main.title + "\" (" + plain(100 * (main.tokens / run.tokens)) +
         " % of the tokens)";
}

std::string main_part_note(const Run& run) {
  if (run.parts.empty()) return "";
  return "the run has " + grouped(static_cast<std::int64_t>(run.parts.size())) + " parts; this is of " +
         main_part_text(run);
}

}  // namespace traincast
