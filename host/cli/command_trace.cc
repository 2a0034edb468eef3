#include <charconv>

#include "host/base/atomic_file.h"
#include "host/base/errors.h"
#include "host/calibrate/fleet_step.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/config/load.h"
#include "host/report/part_tables.h"
#include "host/report/trace.h"
#include "host/report/trace_report.h"

namespace traincast {
namespace {

std::vector<std::int64_t> wanted_ranks(const Arguments& arguments) {
  std::vector<std::int64_t> ranks;
  for (const std::string& text : arguments.list("ranks")) {
    std::int64_t rank = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), rank);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw UsageError("--ranks " + text + " is not accepted; accepted: pipeline ranks such as 0,7,15");
    }
    ranks.push_back(rank);
  }
  return ranks;
}

TraceSelection selection_of(const Arguments& arguments, const StepTimeline& step) {
  if (arguments.given("ranks")) return select_ranks(step, wanted_ranks(arguments));
  const std::int64_t most = arguments.count("max-events", 1, 1'000'000'000);
  return select_ranks(step, static_cast<std::size_t>(most));
}

int run_trace(const Arguments& arguments) {
  if (!arguments.given("out")) throw UsageError("trace needs --out FILE, where the timeline goes");
  AtomicFile file(arguments.text("out"));
  const ConfigStore store = open_configs(arguments);
  Calibrator calibrator(store, chosen_profile(arguments, store));
  const Run run = load_run(store, arguments.positional().front());
  const Forecast estimate = forecast(calibrator, run);
  if (!estimate.infeasible.empty()) throw InfeasiblePlan(run.name + ": " + estimate.infeasible);
  const CalibratedSystem system = calibrator.system(run, estimate.pace);
  const RunPhase& most = estimate.phases[main_phase(estimate.phases)];
  const Plan plan = resized_plan(estimate.run, most.replicas);
  const StepTimeline step = simulate_step(run.model, plan, run.stack, system.view());
  const TraceSelection selection = selection_of(arguments, step);
  write_trace(step, selection,
              {{"run", run.name},
               {"title", run.title},
               {"model", run.model.name},
               {"cluster", run.cluster.name},
               {"plan", run.plan.name},
               {"schedule", std::string(name(run.plan.schedule))},
               {"pace_gpu", estimate.pace}},
              [&](std::string_view bytes) { file.write(bytes); });
  file.commit();
  print_report(arguments, trace_report(step, run.name));
  if (!run.parts.empty()) notice(arguments, main_part_note(run));
  if (plan.gpus() < run.plan.gpus()) {
    notice(arguments, "the step is of " + std::to_string(plan.gpus()) + " GPUs of the plan's " +
                          std::to_string(run.plan.gpus()) + ", which make most of the run's steps");
  }
  if (selection.ranks.size() < step.ranks.size()) {
    notice(arguments, "the timeline shows " + std::to_string(selection.ranks.size()) + " of " +
                          std::to_string(step.ranks.size()) +
                          " pipeline ranks, each whole; --ranks and --max-events choose others");
  }
  notice(arguments, "wrote " + arguments.text("out") + ", " + std::to_string(selection.events) +
                        " events; open it at ui.perfetto.dev or chrome://tracing");
  return 0;
}

}  // namespace

extern const CommandSpec kTraceCommand;
const CommandSpec kTraceCommand{
    .name = "trace",
    .summary = "write one step of all pipeline ranks as a timeline for Perfetto",
    .details =
        "The event simulation of a step: a process a pipeline rank, with lanes for computation, tensor,\n"
        "context, expert, pipeline and data communication as far as no computation hides it, and idle time.\n"
        "All ranks of a stage do the same at the same time, so one of them stands for all. The lanes of a\n"
        "rank add up to the step. The sums go to the standard output.",
    .example = "traincast trace grok-3-central-100k --out step.json",
    .options = {kProfileOption,
                {"ranks", "LIST", "pipeline ranks to show, such as 0,7,15; all where not given", ""},
                {"max-events", "N", "show fewer ranks, evenly spread, where the step has more events",
                 "1000000"}},
    .positional = {"RUN", "a name or a .json file", 1, 1},
    .ranks = Ranks::one,
    .run = run_trace};

}  // namespace traincast
