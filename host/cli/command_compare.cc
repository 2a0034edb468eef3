#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/report/compare_report.h"

namespace traincast {
namespace {

int run_compare(const Arguments& arguments) {
  const ConfigStore store = open_configs(arguments);
  const std::vector<std::string> runs =
      arguments.positional().empty() ? default_runs(store) : arguments.positional();
  emit(arguments, compare_report(forecast_all(arguments, store, runs, chosen_profile(arguments, store),
                                              chosen_overrides(arguments))));
  return 0;
}

}  // namespace

extern const CommandSpec kCompareCommand;
const CommandSpec kCompareCommand{
    .name = "compare",
    .summary = "estimate several runs and put them side by side, with what was published",
    .details =
        "A run that does not fit, or never ends, is a row with the reason. What --set gives holds in every "
        "run.",
    .example = "traincast compare gpt-4-a100-25k grok-3-central-100k grok-3-central-200k",
    .options = {kSetOption, kProfileOption},
    .positional = {"RUN", "names or .json files; the shipped set where none is named", 0, 1'000'000},
    .ranks = Ranks::one,
    .run = run_compare};

}  // namespace traincast
