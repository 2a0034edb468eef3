#include "host/base/errors.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/cli/uncertainties.h"
#include "host/risk/deadline.h"
#include "host/risk/deadline_report.h"

namespace traincast {
namespace {

Date chosen_date(const Arguments& arguments, std::string_view option) {
  if (!arguments.given(option)) {
    throw UsageError("traincast deadline needs --start and --by, each a day such as 2024-12-31");
  }
  const std::string text = arguments.text(option);
  const std::optional<Date> date = parse_date(text);
  if (!date) {
    throw UsageError("--" + std::string(option) + " " + text +
                     " is not accepted; accepted: a day from 1970 on, such as 2024-12-31");
  }
  return *date;
}

int run_deadline(const Arguments& arguments) {
  const Date start = chosen_date(arguments, "start");
  const Date by = chosen_date(arguments, "by");
  if (by < start) {
    throw UsageError("--by " + to_string(by) + " is before --start " + to_string(start) +
                     "; accepted: the same day or a later one");
  }
  const std::vector<Override> set = chosen_overrides(arguments);
  const UncertaintyOptions options = chosen_draws(arguments);
  const ConfigStore store = open_configs(arguments);
  const RunConfigs configs(store, arguments.positional().front());
  for (const Override& one : set) {
    if (configs.resolve(one.path) == "run.start") {
      throw UsageError("--set run.start and --start both give the start; accepted: --start");
    }
  }
  emit(arguments, deadline_report(find_deadline(configs, set, start, by, {0.5, 0.9}, options,
                                                chosen_profile(arguments, store))));
  return 0;
}

}  // namespace

extern const CommandSpec kDeadlineCommand;
const CommandSpec kDeadlineCommand{
    .name = "deadline",
    .summary = "how likely a run is done by a day, and what start, MFU or GPUs would make it 50 % and 90 %",
    .details =
        "The run has from the start of the first day to the end of the last (UTC). What is uncertain, and by "
        "how\n"
        "much, is in configs/uncertainty: the set that the run names, else default.",
    .example = "traincast deadline grok-3-central-100k --start 2024-09-02 --by 2024-12-31",
    .options = {{"start", "DATE", "first day of training, such as 2024-09-02", ""},
                {"by", "DATE", "last day that counts, such as 2024-12-31", ""},
                kSetOption,
                kProfileOption,
                kDrawsOption,
                kSeedOption},
    .positional = {"RUN", "a name or a .json file", 1, 1},
    .ranks = Ranks::one,
    .run = run_deadline};

}  // namespace traincast
