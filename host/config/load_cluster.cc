#include "host/config/load.h"
#include "host/config/load_reliability.h"
#include "host/config/load_site.h"
#include "host/config/reader.h"

namespace traincast {
namespace {

Cluster::Network read_network(Reader reader, std::int64_t gpus) {
  Cluster::Network network;
  network.nic_per_gpu = reader.quantity<Bandwidth>("nic_per_gpu");
  network.efficiency = reader.number("efficiency", 0.01, 1);
  network.sharp = reader.boolean("sharp");
  std::int64_t inner = 0;
  for (Reader& tier : reader.objects("tiers")) {
    network.tiers.push_back({tier.text("name"), tier.count("gpus"), tier.number("oversubscription", 0.1, 100),
                             tier.quantity<Seconds>("latency", Zero::allowed)});
    if (network.tiers.back().gpus <= inner) {
      tier.fail("gpus", "this tier has " + std::to_string(network.tiers.back().gpus) +
                            " GPUs and the one inside it " + std::to_string(inner) +
                            "; accepted: tiers from the innermost to the outermost");
    }
    inner = network.tiers.back().gpus;
  }
  if (inner < gpus) {
    reader.fail("tiers", "the outermost tier reaches " + std::to_string(inner) +
                             " GPUs and the fleets have " + std::to_string(gpus) +
                             "; accepted: a last tier that reaches all");
  }
  network.from = reader.provenance();
  return network;
}

Cluster::Storage read_storage(Reader reader) {
  Cluster::Storage storage;
  storage.write = reader.quantity<Bandwidth>("write");
  storage.stall = reader.quantity<Seconds>("stall", Zero::allowed);
  storage.asynchronous = reader.boolean("asynchronous");
  storage.bytes_per_parameter = reader.number("bytes_per_parameter", 0.5, 64);
  storage.read = reader.quantity_or<Bandwidth>("read", Bandwidth(0));
  storage.peers = reader.quantity_or<Bandwidth>("peers", Bandwidth(0));
  storage.from = reader.provenance();
  return storage;
}

Cluster::Power read_power(Reader reader) {
  Cluster::Power power;
  power.network_share = reader.number("network_share", 0, 1);
  power.pue = reader.number("pue", 1, 3);
  power.price = reader.quantity<EnergyPrice>("price", Zero::allowed);
  power.co2 = reader.quantity<EmissionRate>("co2", Zero::allowed);
  power.from = reader.provenance();
  if (reader.has("nox")) power.nox = reader.quantity<EmissionRate>("nox", Zero::allowed);
  if (reader.has("supply")) power.supply = reader.quantity<Watts>("supply");
  power.cap_by = reader.choice_or<CapBy>("cap_by", kCapByNames, CapBy::gpus);
  return power;
}

}  // namespace

Cluster load_cluster(const ConfigStore& store, std::string_view name_or_path) {
  const std::filesystem::path file = store.path(ConfigKind::clusters, name_or_path);
  Reader root = store.read(ConfigKind::clusters, file);
  Cluster cluster;
  cluster.name = file.stem().string();
  root.provenance();
  for (Reader& fleet : root.objects("fleets")) {
    cluster.fleets.push_back(
        {reference(fleet, "gpu", store, ConfigKind::gpus), fleet.count("gpus", 1, 100'000'000)});
  }
  if (cluster.fleets.empty()) root.fail("fleets", "the list is empty; accepted: one fleet or more");
  cluster.gpus_per_node = root.count("gpus_per_node", 1, 100'000);
  cluster.nvlink_domain = root.count("nvlink_domain", 1, 100'000);
  cluster.network = read_network(root.object("network"), cluster.gpus());
  cluster.reliability = read_reliability(root.object("reliability"), store);
  cluster.storage = read_storage(root.object("storage"));
  cluster.power = read_power(root.object("power"));
  if (auto timeline = root.object_if("timeline")) {
    cluster.timeline = read_timeline(*timeline, cluster, store);
    if (cluster.power.supply && !cluster.timeline->sources.empty()) {
      root.fail(
          "power",
          "\"supply\" and \"timeline\" with \"sources\" both say what feeds the cluster; accepted: one");
    }
  }
  if (auto slow = root.object_if("slow_nodes")) cluster.slow_nodes = read_slow_nodes(*slow);
  root.finish();
  return cluster;
}

}  // namespace traincast
