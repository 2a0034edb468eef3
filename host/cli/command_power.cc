#include <set>
#include <vector>

#include "host/base/errors.h"
#include "host/cli/command.h"
#include "host/cli/output.h"
#include "host/config/load.h"
#include "host/report/power_report.h"

namespace traincast {
namespace {

std::vector<Watts> supplies(const Arguments& arguments, const Cluster& cluster) {
  std::vector<Watts> found;
  for (const std::string& text : arguments.list("supply")) {
    try {
      found.push_back(parse<Watts>(text));
    } catch (const UnitError& error) {
      throw UsageError("--supply " + std::string(error.what()));
    }
    if (found.back() < Watts(0)) throw UsageError("--supply " + text + " is negative");
  }
  if (!found.empty()) return found;
  std::set<double> known;
  if (cluster.power.supply) known.insert(cluster.power.supply->value());
  if (cluster.timeline) {
    for (const PowerSource& source : cluster.timeline->sources) {
      known.insert(feed_at(cluster, source.from).supply->value());
    }
  }
  for (const double watts : known) found.emplace_back(watts);
  if (found.empty()) {
    throw UsageError("the cluster " + cluster.name +
                     " names no supply; accepted: --supply \"8 MW,43 MW,150 MW\"");
  }
  return found;
}

int run_power(const Arguments& arguments) {
  const ConfigStore store = open_configs(arguments);
  const Cluster cluster = load_cluster(store, arguments.positional().front());
  std::vector<Gpu> gpus;
  gpus.reserve(cluster.fleets.size());
  std::vector<FleetGpus> fleets;
  for (const Fleet& fleet : cluster.fleets) {
    gpus.push_back(load_gpu(store, fleet.gpu));
    fleets.push_back({&gpus.back(), fleet.gpus});
  }
  const std::vector<Watts> asked = supplies(arguments, cluster);
  emit(arguments, power_report(cluster, fleets, asked));
  return 0;
}

}  // namespace

extern const CommandSpec kPowerCommand;
const CommandSpec kPowerCommand{
    .name = "power",
    .summary = "how many GPUs of a cluster a power supply feeds, and at what clock",
    .details = "Without --supply, for the supplies that the cluster's config names.",
    .example = "traincast power colossus-100k --supply \"8 MW,43 MW,150 MW\"",
    .options = {{"supply", "POWER", "one or more, with commas between", ""}},
    .positional = {"CLUSTER", "a name or a .json file", 1, 1},
    .ranks = Ranks::one,
    .run = run_power};

}  // namespace traincast
