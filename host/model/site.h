// What stands on a site and what feeds it, by date.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/date.h"
#include "host/base/origin.h"
#include "host/base/units.h"

namespace traincast {

struct Fleet {
  std::string gpu;  // name of a GPU config
  std::int64_t gpus = 0;
};

// A grid connection or a group of generators.
struct PowerSource {
  std::string name;
  Date from;                  // first day
  std::optional<Date> until;  // first day without it
  Watts power;
  EmissionRate co2;
  std::optional<EmissionRate> nox;   // as NO2
  std::optional<EnergyPrice> price;  // the cluster's where absent
  Provenance source;
  bool on(Date date) const { return from <= date && (!until || date < *until); }
};

// What stands there from one date on.
struct InstalledFleets {
  Date from;
  std::vector<Fleet> fleets;
  Provenance source;
};

struct Timeline {
  std::vector<InstalledFleets> installed;  // by date; empty: the cluster's fleets all along
  std::vector<PowerSource> sources;        // used in this order, the first first; empty: no limit
  Provenance from;
};

// What gives way where the supply is below the demand: GPUs stand still, or all run at a lower clock.
enum class CapBy { gpus, clocks };
inline constexpr std::string_view kCapByNames[] = {"gpus", "clocks"};
constexpr std::string_view name(CapBy cap) {
  return kCapByNames[static_cast<int>(cap)];
}

// Nodes that are slower than the usual spread between GPUs, until somebody finds and ejects them.
struct SlowNodes {
  double share = 0;    // of all nodes
  double slow_by = 0;  // more time for the same work
  Provenance from;
};

}  // namespace traincast
