#include "host/base/errors.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/risk/sweep.h"
#include "host/risk/sweep_report.h"

namespace traincast {
namespace {

int run_sweep(const Arguments& arguments) {
  std::vector<SweepAxis> axes;
  for (const std::string& text : arguments.all("over")) axes.push_back(parse_axis(text));
  if (axes.empty()) {
    throw UsageError("traincast sweep needs --over PATH=RANGE, such as --over gpus=1024..262144");
  }
  const std::vector<Override> set = chosen_overrides(arguments);
  const ConfigStore store = open_configs(arguments);
  const RunConfigs configs(store, arguments.positional().front());
  emit(arguments, sweep_report(sweep(configs, set, std::move(axes), chosen_profile(arguments, store))));
  return 0;
}

}  // namespace

extern const CommandSpec kSweepCommand;
const CommandSpec kSweepCommand{
    .name = "sweep",
    .summary = "estimate one run at many values of its inputs: days, goodput, MW, cost",
    .details =
        "A PATH is gpus (how many GPUs: data parallelism scales, the batch of a step stays) or a value in "
        "the\n"
        "configs of the run, from run, model, plan, cluster, stack or gpu on, or as much of its end as is\n"
        "unique: cluster.reliability.restart, reliability.restart, plan.micro_batch, gpu.price.rent.\n"
        "A RANGE is\n"
        "  a,b,c        these values\n"
        "  a..b         from a to b in powers of two\n"
        "  a..b:x3      in powers of three\n"
        "  a..b:7       seven values, logarithmic\n"
        "  a..b:+5      in steps of 5 (with a unit also a..b:5min)\n"
        "Several --over give every combination. What cannot run is a row with the reason.",
    .example =
        "traincast sweep grok-3-central-100k --over gpus=1024..262144 --over reliability.restart=3min,10min",
    .options = {{"over", "PATH=RANGE", "vary this input; may be given several times", ""},
                kSetOption,
                kProfileOption},
    .positional = {"RUN", "a name or a .json file", 1, 1},
    .ranks = Ranks::one,
    .run = run_sweep};

}  // namespace traincast
