#include "host/report/estimate_report.h"

#include <array>
#include <string>

#include "host/model/parameters.h"
#include "host/report/part_tables.h"
#include "host/report/run_cells.h"
#include "host/report/site_tables.h"

namespace traincast {
namespace {

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}

std::string gib(Bytes bytes) {
  return plain(bytes.value() / kGiB);
}

std::string resting_on(const Forecast& f, FigureGroup group) {
  const InputUsed* weakest = weakest_input(f.inputs, group);
  if (weakest == nullptr) return "";
  return std::string(name(weakest->from.origin)) + ": " + weakest->what + " (" + weakest->name + ")";
}

// " on 32,768 GPUs", where the step that is shown is not of the whole plan; and of which part of the run.
std::string on_gpus(const Forecast& f) {
  std::string part = f.run.parts.empty() ? "" : ", of " + main_part_text(f.run);
  if (f.phases.empty()) return part;
  const RunPhase& shown = f.phases[main_phase(f.phases)];
  if (shown.gpus == f.run.plan.gpus()) return part;
  return " on " + grouped(shown.gpus) + " GPUs" + (shown.from ? " from " + to_string(*shown.from) : "") +
         part;
}

std::vector<Scalar> summary(const Forecast& f) {
  const Run& run = f.run;
  const RunEstimate& e = f.estimate;
  std::string fleets;
  for (const Fleet& fleet : run.cluster.fleets) {
    fleets += (fleets.empty() ? "" : " + ") + grouped(fleet.gpus) + " " + fleet.gpu;
  }
  if (run.cluster.fleets.size() > 1) fleets += "; " + f.pace + " sets the pace";
  const std::string setup = compact(parameters(run.model)) + " parameters, " +
                            compact(active_parameters(run.model)) + " active; sequence " +
                            grouped(run.model.sequence);
  const double step_tokens =
      static_cast<double>(run.plan.global_batch) * static_cast<double>(run.model.sequence);
  const double gpus = static_cast<double>(run.plan.gpus());
  std::vector<Scalar> scalars = {
      {"run", "", text_cell(run.name)},
      {"model", "model", {run.model.name + ": " + setup, run.model.name}},
      {"parameters", "", compact_cell(parameters(run.model))},
      {"active_parameters", "", compact_cell(active_parameters(run.model))},
      {"cluster", "cluster", {run.cluster.name + ": " + fleets, run.cluster.name}},
      {"gpus", "", count_cell(run.plan.gpus())},
      {"pace_gpu", "", text_cell(f.pace)},
      {"plan",
       "plan",
       {plan_text(run.plan) + "; " + std::string(name(run.plan.schedule)) + ", " +
            grouped(f.step.micro_batches) + " micro-batches of " + grouped(run.plan.micro_batch) +
            " a pipeline, " + compact(step_tokens) + " tokens a step; software " + run.stack.name,
        plan_text(run.plan)}},
      {"tokens",
       "tokens",
       {compact(run.tokens.value()) + ", " + grouped(static_cast<std::int64_t>(e.steps)) + " steps" +
            (run.parts.empty() ? ""
                               : " in " + grouped(static_cast<std::int64_t>(run.parts.size())) + " parts"),
        run.tokens.value()}},
      {"step_time_s",
       "step",
       {to_string(f.step.time) + ", " + plain(f.step.tokens_per_gpu.value()) + " tokens/s a GPU, " +
            plain(f.step.model_flop_rate.value() / 1e12) + " TFLOP/s a GPU" + on_gpus(f),
        f.step.time.value()}},
      {"tokens_per_s_per_gpu", "", {"", f.step.tokens_per_gpu.value()}},
      {"tokens_per_s", "", {"", f.step.tokens_per_gpu.value() * gpus}},
      {"model_flop_rate_flop_per_s", "", {"", f.step.model_flop_rate.value()}},
      {"mfu",
       "MFU",
       {plain(100 * f.step.mfu) + " %, HFU " + plain(100 * f.step.hfu) +
            " % (of the dense BF16 peak; causal attention halved)",
        f.step.mfu}},
      {"hfu", "", {"", f.step.hfu}},
      {"memory_bytes",
       "memory",
       {gib(f.memory.total()) + " of " + gib(f.capacity) + " GiB a GPU", f.memory.total().value()}},
      {"ideal_time_s",
       "days ideal",
       {plain(e.ideal.value() / kSecondsPerDay) + " (steps alone)", e.ideal.value()}},
      {"expected_time_s",
       "days",
       {plain(e.expected.value() / kSecondsPerDay) + " with interruptions and checkpoints; " +
            plain(100 * e.goodput()) + " % of the time is useful steps",
        e.expected.value()}},
  };
  if (run.start) {
    const std::string end = to_string(*run.start + e.expected);
    scalars.push_back({"start_date", "", text_cell(to_string(*run.start))});
    scalars.push_back({"end_date", "from, to", {to_string(*run.start) + " to " + end, end}});
  }
  return scalars;
}

Table step_table(const Forecast& f) {
  Table table{
      .key = "step",
      .title = "Where a step's time goes" + on_gpus(f),
      .columns = {
          left("part", "part"), {.key = "time_s", .title = "time"}, {.key = "share", .title = "share"}}};
  for (int i = 0; i < kParts; ++i) {
    const auto part = static_cast<Part>(i);
    const double seconds = f.step.parts[part];
    if (seconds == 0) continue;
    table.rows.push_back({text_cell(name(part)), quantity_cell(Seconds(seconds)),
                          percent_cell(seconds / f.step.time.value())});
  }
  table.footnotes = {"Communication counts as far as no computation hides it. Rests on " +
                     resting_on(f, FigureGroup::step) + "."};
  return table;
}

Table memory_table(const Forecast& f) {
  const MemoryEstimate& m = f.memory;
  Table table{
      .key = "memory",
      .title = "Memory of one GPU of pipeline stage " + std::to_string(m.stage) +
               ", which needs the most, of " + gib(f.capacity) + " GiB of " + f.smallest,
      .columns = {
          left("kind", "kind"), {.key = "bytes", .title = "GiB"}, {.key = "share", .title = "share"}}};
  const std::array<std::pair<const char*, Bytes>, 11> rows = {{{"weights", m.weights},
                                                               {"gradients", m.gradients},
                                                               {"optimizer states", m.optimizer},
                                                               {"activations", m.activations},
                                                               {"loss", m.loss},
                                                               {"working memory of a layer", m.working},
                                                               {"buffers", m.buffers},
                                                               {"context", m.context},
                                                               {"communication", m.communication},
                                                               {"reserve", m.reserve},
                                                               {"total", m.total()}}};
  for (const auto& [kind, bytes] : rows) {
    table.rows.push_back({text_cell(kind), {gib(bytes), bytes.value()}, percent_cell(bytes / f.capacity)});
  }
  table.footnotes = {"Rests on " + resting_on(f, FigureGroup::memory) + "."};
  return table;
}

Table run_table(const Forecast& f) {
  const RunEstimate& e = f.estimate;
  Table table{.key = "run_figures",
              .title = "The whole run",
              .columns = {left("figure", "figure"),
                          {.key = "value", .title = "value"},
                          left("unit", "unit"),
                          left("rests_on", "rests on", 20)}};
  const auto row = [&](const char* figure, const char* unit, std::string shown, double value,
                       FigureGroup group) {
    table.rows.push_back(
        {text_cell(figure), {std::move(shown), value}, text_cell(unit), text_cell(resting_on(f, group))});
  };
  const auto days = [](Seconds s) { return plain(s.value() / kSecondsPerDay); };
  const FigureGroup d = FigureGroup::days;
  if (e.mtbf.value() > 0) {
    row("time between interruptions", "min", plain(e.mtbf.value() / 60), e.mtbf.value() / 60,
        FigureGroup::failures);
  }
  row("interruptions", "", plain(e.interruptions), e.interruptions, d);
  row("restart", "min", plain(e.restart.value() / 60), e.restart.value() / 60, FigureGroup::failures);
  row("checkpoint size", "TB", plain(e.checkpoint.value() / 1e12), e.checkpoint.value() / 1e12,
      FigureGroup::checkpoints);
  row("checkpoint stall", "s", plain(e.checkpoint_stall.value()), e.checkpoint_stall.value(),
      FigureGroup::checkpoints);
  row("best checkpoint interval", "min", plain(e.schedule.interval.value() / 60),
      e.schedule.interval.value() / 60, d);
  row("goodput", "%", plain(100 * e.goodput()), 100 * e.goodput(), d);
  row("days ideal", "d", days(e.ideal), e.ideal.value() / kSecondsPerDay, FigureGroup::step);
  row("days", "d", days(e.expected), e.expected.value() / kSecondsPerDay, d);
  row("GPU-hours", "M GPU-h", plain(e.gpu_hours / 1e6), e.gpu_hours / 1e6, d);
  row("tokens a second", "token/s", compact(e.tokens.value()), e.tokens.value(), d);
  row("FLOP, causal attention halved", "FLOP", scientific(e.model_flops.value()), e.model_flops.value(),
      FigureGroup::work);
  row("FLOP, full attention (PaLM)", "FLOP", scientific(e.full_flops.value()), e.full_flops.value(),
      FigureGroup::work);
  row("power while steps run", "MW", plain(e.power.value() / 1e6), e.power.value() / 1e6,
      FigureGroup::energy);
  row("mean power", "MW", plain(e.mean_power.value() / 1e6), e.mean_power.value() / 1e6, FigureGroup::energy);
  const double gwh = e.energy.value() / (1e9 * kSecondsPerHour);
  row("energy", "GWh", plain(gwh), gwh, FigureGroup::energy);
  row("CO2", "kt", plain(e.co2.value() / 1e6), e.co2.value() / 1e6, FigureGroup::energy);
  const FigureGroup c = FigureGroup::cost;
  row("rent of the GPUs", "M USD", plain(e.rent.value() / 1e6), e.rent.value() / 1e6, c);
  row("or: capital over 4 years", "M USD", plain(e.amortised.value() / 1e6), e.amortised.value() / 1e6, c);
  row("and electricity", "M USD", plain(e.electricity.value() / 1e6), e.electricity.value() / 1e6,
      FigureGroup::energy);
  row("capital of the GPUs in use", "M USD", plain(e.capital.value() / 1e6), e.capital.value() / 1e6, c);
  return table;
}

Table published_table(const Forecast& f) {
  Table table{.key = "published",
              .title = f.run.published->measured ? "Beside what those who ran it published"
                                                 : "Beside what others estimated",
              .columns = {left("figure", "figure"),
                          {.key = "ours_si", .title = "ours"},
                          {.key = "low_si", .title = "published"},
                          {.key = "high_si", .audience = Audience::machines},
                          {.key = "error", .title = "error"}}};
  for (const Comparison& c : f.published) {
    table.rows.push_back(
        {text_cell(name(c.figure)),
         {ours_text(c), c.ours},
         {published_text(c), c.low},
         {"", c.high},
         {signed_percent(c.error) + (c.low < c.high && c.inside() ? " (inside)" : ""), c.error}});
  }
  table.footnotes = {
      "Source: " + f.run.published->from.source,
      "Errors are against the middle of a range. Days and GPU-hours are compared with ours with "
      "interruptions, rates and MFU with those of a step."};
  return table;
}

Table inputs_table(const Forecast& f) {
  Table table{.key = "inputs",
              .title = "What the figures rest on",
              .columns = {left("input", "input"), left("name", "name", 16), left("origin", "origin"),
                          left("source", "source", 40)}};
  for (const InputUsed& input : f.inputs) {
    table.rows.push_back({text_cell(input.what), text_cell(input.name), text_cell(name(input.from.origin)),
                          text_cell(input.from.source)});
  }
  return table;
}

Table assumptions_table(const Forecast& f) {
  Table table{.key = "assumptions", .title = "Assumptions", .columns = {left("assumption", "in words", 40)}};
  for (const std::string& words : f.run.assumptions) table.rows.push_back({text_cell(words)});
  table.rows.push_back({text_cell(
      "Kernel times: " +
      std::string(f.profile_used ? "interpolated in the profile given, as far as it has rows"
                                 : "sustained training rates of the GPU, fitted to published runs, as no "
                                   "profile of it was given"))});
  table.rows.push_back({text_cell("A GPU server that waits for a restart draws " + plain(100 * kIdlePower) +
                                  " % of its power in training (assumed); hardware lives " +
                                  plain(kAmortisationYears) + " years (assumed).")});
  return table;
}

}  // namespace

Report estimate_report(const Forecast& forecast) {
  Report report{.name = "estimate", .title = forecast.run.title, .scalars = summary(forecast)};
  report.tables = {step_table(forecast), memory_table(forecast), run_table(forecast)};
  if (!forecast.parts.empty()) report.tables.insert(report.tables.begin(), parts_table(forecast));
  for (Table& table : site_tables(forecast)) report.tables.push_back(std::move(table));
  if (!forecast.published.empty()) report.tables.push_back(published_table(forecast));
  report.tables.push_back(assumptions_table(forecast));
  report.tables.push_back(inputs_table(forecast));
  return report;
}

}  // namespace traincast
