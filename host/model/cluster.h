// A cluster: which GPUs, how they are wired, what breaks, what it draws and what it costs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/model/failure_rates.h"
#include "host/model/site.h"

namespace traincast {

// One level of the scale-out fabric above the node.
struct NetworkTier {
  std::string name;             // "rail", "spine", "core"
  std::int64_t gpus = 0;        // GPUs below one switch group of this tier
  double oversubscription = 1;  // down bandwidth over up bandwidth; 1 = non-blocking
  Seconds latency;              // one way, added when a message crosses this tier
};

struct Cluster {
  std::string name;
  std::vector<Fleet> fleets;  // the slowest sets the pace of a synchronous run
  std::int64_t gpus_per_node = 8;
  std::int64_t nvlink_domain = 8;  // GPUs that reach one another by NVLink
  struct Network {
    Bandwidth nic_per_gpu;           // line rate, one direction
    double efficiency = 0;           // of the line rate that a large ring all-gather reaches
    bool sharp = false;              // in-network reduction
    std::vector<NetworkTier> tiers;  // innermost first
    Provenance from;
  } network;
  Reliability reliability;
  struct Storage {
    Bandwidth write;            // aggregate, sustained
    Seconds stall;              // pause of training per checkpoint beyond the write, if any
    bool asynchronous = false;  // only the stall stops training
    double bytes_per_parameter = 0;
    Provenance from;
    Bandwidth read;   // 0: as fast as it writes
    Bandwidth peers;  // of each GPU, to and from the memory of other nodes; 0: checkpoints go to storage
  } storage;
  struct Power {
    double network_share = 0;  // network and storage, of server power
    double pue = 1;
    EnergyPrice price;
    EmissionRate co2;
    Provenance from;
    std::optional<EmissionRate> nox = std::nullopt;  // as NO2
    std::optional<Watts> supply = std::nullopt;      // none: as much as the GPUs draw
    CapBy cap_by = CapBy::gpus;                      // where the supply, or the timeline's, is too small
  } power;
  std::optional<Timeline> timeline;  // with one, `fleets` is what there is in the end
  std::optional<SlowNodes> slow_nodes;

  std::int64_t gpus() const {
    std::int64_t sum = 0;
    for (const Fleet& fleet : fleets) sum += fleet.gpus;
    return sum;
  }
};

}  // namespace traincast
