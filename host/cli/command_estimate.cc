#include "host/base/errors.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/report/estimate_report.h"

namespace traincast {
namespace {

int run_estimate(const Arguments& arguments) {
  const ConfigStore store = open_configs(arguments);
  const std::vector<Forecast> forecasts =
      forecast_all(arguments, store, arguments.positional(), chosen_profile(arguments, store),
                   chosen_overrides(arguments));
  const Forecast& forecast = forecasts.front();
  if (!forecast.infeasible.empty()) throw InfeasiblePlan(forecast.run.name + ": " + forecast.infeasible);
  emit(arguments, estimate_report(forecast));
  return 0;
}

}  // namespace

extern const CommandSpec kEstimateCommand;
const CommandSpec kEstimateCommand{
    .name = "estimate",
    .summary = "estimate one run: step, memory, days, energy, cost, and what they rest on",
    .details =
        "A run whose plan does not fit into memory, or that never ends, is refused with the reason (exit 3).",
    .example = "traincast estimate grok-3-central-100k",
    .options = {kSetOption, kProfileOption},
    .positional = {"RUN", "a name or a .json file", 1, 1},
    .ranks = Ranks::one,
    .run = run_estimate};

}  // namespace traincast
