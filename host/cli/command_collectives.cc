#include <charconv>
#include <optional>

#include "host/base/errors.h"
#include "host/calibrate/system.h"
#include "host/cli/command.h"
#include "host/cli/forecasts.h"
#include "host/cli/output.h"
#include "host/config/load.h"
#include "host/config/near.h"
#include "host/report/collectives_report.h"

namespace traincast {
namespace {

std::vector<Collective> wanted_collectives(const Arguments& arguments) {
  std::vector<Collective> wanted;
  for (const std::string& word : arguments.list("collective")) {
    const std::optional<Collective> found = collective_from_name(word);
    if (!found) {
      throw UsageError(
          "--collective " + word +
          " is not accepted; accepted: all_reduce all_gather reduce_scatter all_to_all send_recv");
    }
    wanted.push_back(*found);
  }
  return wanted;
}

// Powers of eight up to the cluster, and the cluster, where none are named.
std::vector<std::int64_t> wanted_ranks(const Arguments& arguments, const Cluster& cluster) {
  std::vector<std::int64_t> ranks;
  for (const std::string& word : arguments.list("ranks")) {
    std::int64_t count = 0;
    const char* end = word.data() + word.size();
    if (std::from_chars(word.data(), end, count).ptr != end || count < 2 || count > cluster.gpus()) {
      throw UsageError("--ranks " + word + " is not accepted; accepted: whole numbers from 2 to " +
                       std::to_string(cluster.gpus()) + ", the GPUs of " + cluster.name);
    }
    ranks.push_back(count);
  }
  if (!ranks.empty()) return ranks;
  for (std::int64_t count = 8; count < cluster.gpus(); count *= 8) ranks.push_back(count);
  ranks.push_back(cluster.gpus());
  return ranks;
}

std::vector<Bytes> wanted_messages(const Arguments& arguments) {
  std::vector<Bytes> messages;
  for (const std::string& word : arguments.list("sizes")) {
    Bytes message;
    try {
      message = parse<Bytes>(word);
    } catch (const UnitError& error) {
      throw UsageError("--sizes: " + std::string(error.what()));
    }
    if (!(message.value() >= 1))
      throw UsageError("--sizes " + word + " is not accepted; accepted: 1 B and more");
    messages.push_back(message);
  }
  return messages;
}

int run_collectives(const Arguments& arguments) {
  const ConfigStore store = open_configs(arguments);
  const Cluster cluster = load_cluster(store, arguments.positional().front());
  Calibrator calibrator(store, chosen_profile(arguments, store));
  InputUsed used;
  const Fabric fabric = calibrator.fabric(cluster, calibrator.gpu(cluster.fleets.front().gpu), used);
  CollectiveQuestion question{.collectives = wanted_collectives(arguments),
                              .ranks = wanted_ranks(arguments, cluster),
                              .messages = wanted_messages(arguments)};
  if (arguments.given("ranks-per-node")) {
    question.ranks_per_node = arguments.count("ranks-per-node", 1, fabric.gpus_per_node);
    if (fabric.gpus_per_node % question.ranks_per_node != 0) {
      throw UsageError("--ranks-per-node must divide the " + std::to_string(fabric.gpus_per_node) +
                       " GPUs of a node of " + cluster.name);
    }
  }
  emit(arguments, collectives_report(fabric, used, question));
  return 0;
}

}  // namespace

extern const CommandSpec kCollectivesCommand;
const CommandSpec kCollectivesCommand{
    .name = "collectives",
    .summary = "what collectives cost on a cluster, by ranks and size, and by which algorithm",
    .details =
        "NCCL's choice of algorithm and protocol, its time and bus bandwidth, and the next best choice.",
    .example = "traincast collectives colossus-100k --collective all_reduce --ranks 8,1024,100000",
    .options = {{"collective", "NAMES", "which", "all_reduce,all_gather,reduce_scatter,all_to_all"},
                {"ranks", "COUNTS", "GPUs of a group; powers of eight and the whole cluster where not given",
                 ""},
                {"sizes", "BYTES", "of the message, as nccl-tests count it", "1 MiB,64 MiB,1 GiB"},
                {"ranks-per-node", "N", "of a group: 1 for a group on one rail; all GPUs where not given",
                 ""},
                kProfileOption},
    .positional = {"CLUSTER", "a name or a .json file", 1, 1},
    .ranks = Ranks::one,
    .run = run_collectives};

}  // namespace traincast
