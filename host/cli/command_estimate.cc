#include <algorithm>
#include <iterator>

#include "host/base/errors.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/cli/uncertainties.h"
#include "host/model/failures.h"
#include "host/report/estimate_report.h"
#include "host/risk/histories.h"
#include "host/risk/reliability_report.h"
#include "host/risk/uncertainty_report.h"
#include "mpi/session.h"

namespace traincast {
namespace {

// Before what the figures rest on.
void add_uncertainty(Report& report, const Uncertainty& uncertainty) {
  const auto before = std::find_if(report.tables.begin(), report.tables.end(),
                                   [](const Table& table) { return table.key == "assumptions"; });
  std::vector<Table> tables = uncertainty_tables(uncertainty);
  report.tables.insert(before, std::make_move_iterator(tables.begin()),
                       std::make_move_iterator(tables.end()));
  for (Scalar& scalar : uncertainty_scalars(uncertainty)) report.scalars.push_back(std::move(scalar));
}

// Ranks share the histories, and one of several is a thread's worth.
HistorySplit split_over(Session& session) {
  if (session.size() == 1) return {};
  return {.threads = 1,
          .rank = session.rank(),
          .size = session.size(),
          .gather = [&session](const std::string& mine) { return session.all_gather(mine); }};
}

int run_estimate(const Arguments& arguments) {
  const ConfigStore store = open_configs(arguments);
  const std::vector<Override> overrides = chosen_overrides(arguments);
  const std::vector<Forecast> forecasts =
      forecast_all(arguments, store, arguments.positional(), chosen_profile(arguments, store), overrides);
  const Forecast& forecast = forecasts.front();
  if (!forecast.infeasible.empty()) throw InfeasiblePlan(forecast.run.name + ": " + forecast.infeasible);
  Report report = estimate_report(forecast);
  const EditedRun edited = RunConfigs(store, arguments.positional().front()).with(overrides);
  if (const auto uncertainty = uncertainty_of(arguments, edited.store, forecast)) {
    add_uncertainty(report, *uncertainty);
  }
  const std::int64_t count = arguments.count("histories", 0, 10'000'000);
  if (count > 0) {
    const std::uint64_t seed = chosen_seed(arguments);
    const HistoryModel model(history_inputs(forecast.run, forecast.phases, forecast.estimate));
    const HistorySummary summary =
        summarise(simulate_histories(model, count, seed, split_over(arguments.session())));
    if (summary.finished == 0)
      throw InfeasiblePlan(forecast.run.name + ": never finishes: " + summary.reason);
    for (Table& table : reliability_tables(forecast, summary, seed))
      report.tables.push_back(std::move(table));
  }
  emit(arguments, report);
  return 0;
}

}  // namespace

extern const CommandSpec kEstimateCommand;
const CommandSpec kEstimateCommand{
    .name = "estimate",
    .summary = "estimate one run: step, memory, days, energy, cost, how sure they are, and what they rest on",
    .details =
        "A run whose plan does not fit into memory, or that never ends, is refused with the reason (exit "
        "3).\n"
        "How uncertain the inputs are is in configs/uncertainty: the set that the run names, else default.\n"
        "Under mpirun the ranks share the histories; their number changes no byte.",
    .example = "traincast estimate grok-3-central-100k",
    .options = {kSetOption,
                kProfileOption,
                {"histories", "N", "simulate N histories of failures and restarts; 0: none", "1000"},
                kDrawsOption,
                kSeedOption},
    .positional = {"RUN", "a name or a .json file", 1, 1},
    .ranks = Ranks::all,
    .run = run_estimate};

}  // namespace traincast
