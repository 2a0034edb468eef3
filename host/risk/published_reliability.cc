#include "host/risk/published_reliability.h"

#include <string>

#include "host/base/errors.h"
#include "host/calibrate/forecast.h"
#include "host/config/load.h"
#include "host/model/failures.h"
#include "host/report/run_cells.h"
#include "host/risk/histories.h"

namespace traincast {
namespace {

double unplanned(const std::vector<InterruptionClass>& classes) {
  double rate = 0;
  for (const InterruptionClass& one : classes) rate += one.planned ? 0 : one.rate.value();
  return rate;
}

struct Answer {
  double ours = 0;
  std::optional<HistoryInputs> histories;
};

HistoryInputs inputs_of(const KnownReliability& known, const JobReliability& job) {
  HistoryInputs in;
  in.work = {Tokens(known.useful.value())};  // a token a second of useful work
  in.phases = {
      {.gpus = known.gpus, .speed = {TokenRate(1)}, .checkpoint_interval = job.checkpointing.interval}};
  in.causes = history_causes(known.cluster, known.checkpoint);
  in.checkpoint_stall = job.checkpointing.stall;
  in.checkpoint_durable = job.checkpointing.durable;
  return in;
}

Answer answer_cluster(const KnownReliability& known) {
  if (known.figure == KnownFigure::start_seconds) {
    return {known.communicators.start(known.gpus).value(), std::nullopt};
  }
  constexpr Seconds kShortest{1};
  const JobReliability job =
      job_reliability(known.cluster, known.gpus, 1, known.checkpoint, kShortest, known.useful);
  switch (known.figure) {
    case KnownFigure::interruptions:
      return {known.useful.value() * unplanned(job.classes), std::nullopt};
    case KnownFigure::hours_between:
      return {1 / (unplanned(job.classes) * kSecondsPerHour), std::nullopt};
    case KnownFigure::goodput:
      return {job.schedule.effective, inputs_of(known, job)};
    case KnownFigure::days:
    case KnownFigure::start_seconds:
      break;
  }
  return {known.useful.value() / job.schedule.effective / kSecondsPerDay, inputs_of(known, job)};
}

Answer answer_run(const KnownReliability& known, Calibrator& calibrator, const ConfigStore& store) {
  const Forecast found = forecast(calibrator, load_run(store, known.run));
  if (!found.infeasible.empty()) throw InfeasiblePlan(known.run + ": " + found.infeasible);
  return {found.estimate.expected.value() / kSecondsPerDay,
          history_inputs(found.run, found.phases, found.estimate)};
}

void compare(ReliabilityCheck& check) {
  const KnownReliability& known = check.known;
  check.error = check.ours / ((known.low + known.high) / 2) - 1;
  check.holds = known.at_least  ? check.ours > known.low
                : known.at_most ? check.ours < known.high
                                : check.ours >= known.low && check.ours <= known.high;
}

}  // namespace

std::vector<ReliabilityCheck> check_reliability(const std::vector<KnownReliability>& rows,
                                                Calibrator& calibrator, const ConfigStore& store,
                                                std::int64_t histories, std::uint64_t seed) {
  std::vector<ReliabilityCheck> checks;
  for (const KnownReliability& known : rows) {
    ReliabilityCheck check{.known = known};
    Answer answer = known.run.empty() ? answer_cluster(known) : answer_run(known, calibrator, store);
    check.ours = answer.ours;
    if (answer.histories && histories > 0) {
      const HistoryModel model(std::move(*answer.histories));
      const HistorySummary summary = summarise(simulate_histories(model, histories, seed));
      const bool days = known.figure == KnownFigure::days;
      const Spread& spread = days ? summary.wall : summary.goodput;
      check.p10 = spread.p10 / (days ? kSecondsPerDay : 1);
      check.p90 = spread.p90 / (days ? kSecondsPerDay : 1);
    }
    compare(check);
    checks.push_back(std::move(check));
  }
  return checks;
}

namespace {

std::string shown(KnownFigure figure, double value) {
  switch (figure) {
    case KnownFigure::goodput:
      return plain(100 * value) + " %";
    case KnownFigure::interruptions:
      return plain(value);
    case KnownFigure::days:
      return plain(value) + " d";
    case KnownFigure::start_seconds:
      return plain(value) + " s";
    case KnownFigure::hours_between:
      break;
  }
  return plain(value) + " h";
}

std::string published_words(const KnownReliability& known) {
  if (known.at_least) return "> " + shown(known.figure, known.low);
  if (known.at_most) return "< " + shown(known.figure, known.high);
  if (known.low == known.high) return shown(known.figure, known.low);
  return plain(known.low) + "-" + shown(known.figure, known.high);
}

}  // namespace

Report known_reliability_report(const std::vector<ReliabilityCheck>& checks) {
  Table table{.key = "rows",
              .title = "What is known of interruptions and what they cost, beside the model",
              .columns = {{.key = "name", .title = "what", .align = Align::left, .wrap_width = 24},
                          {.key = "figure", .align = Align::left, .audience = Audience::machines},
                          {.key = "gpus", .title = "GPUs"},
                          {.key = "published_low", .title = "published"},
                          {.key = "published_high", .audience = Audience::machines},
                          {.key = "at_least", .audience = Audience::machines},
                          {.key = "at_most", .audience = Audience::machines},
                          {.key = "ours", .title = "ours"},
                          {.key = "p10", .title = "P10"},
                          {.key = "p90", .title = "P90"},
                          {.key = "error", .title = "error"},
                          {.key = "inputs", .title = "inputs", .align = Align::left, .wrap_width = 16},
                          {.key = "source", .title = "source", .align = Align::left, .wrap_width = 36}}};
  for (const ReliabilityCheck& check : checks) {
    const KnownReliability& known = check.known;
    const auto optional_cell = [&](const std::optional<double>& value) {
      return value ? Cell{shown(known.figure, *value), *value} : missing_cell();
    };
    std::string error = signed_percent(check.error);
    if ((known.at_least || known.at_most) && check.holds)
      error = "holds";
    else if (known.at_least || known.at_most)
      error += known.at_least ? " (below)" : " (above)";
    else if (!known.basis.empty())
      error = "other basis";
    else if (check.holds && known.low < known.high)
      error += " (inside)";
    table.rows.push_back(
        {text_cell(known.name),
         text_cell(kKnownFigureNames[static_cast<std::size_t>(known.figure)]),
         known.gpus > 0 ? count_cell(static_cast<std::int64_t>(known.gpus)) : missing_cell(""),
         {published_words(known), known.low},
         {"", known.high},
         bool_cell(known.at_least),
         bool_cell(known.at_most),
         {shown(known.figure, check.ours), check.ours},
         optional_cell(check.p10),
         optional_cell(check.p90),
         {error, check.error},
         text_cell(known.inputs),
         text_cell(known.from.source)});
  }
  table.footnotes = {
      "Errors are against the middle of what is published. P10 and P90: what chance alone does, the inputs "
      "being what they are.",
      "No row has inputs fitted to it: sets of rates and restarts are shared, checkpoints go to one "
      "storage."};
  for (const ReliabilityCheck& check : checks) {
    const KnownReliability& known = check.known;
    if (!known.basis.empty()) table.footnotes.push_back(known.name + ", another basis: " + known.basis + ".");
  }
  return {.name = "validate-reliability", .tables = {std::move(table)}};
}

}  // namespace traincast
