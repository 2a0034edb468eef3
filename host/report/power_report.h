// How many GPUs a power supply feeds: the inverse of a cluster's demand.
#pragma once

#include <span>
#include <vector>

#include "host/base/table.h"
#include "host/model/power.h"

namespace traincast {

// Of a cluster whose fleets are given with their GPUs, for each supply.
Report power_report(const Cluster& cluster, std::span<const FleetGpus> fleets,
                    std::span<const Watts> supplies);

}  // namespace traincast
