// The phases of a run: what its cluster's timeline and its power supply let it train on, and how fast.
#pragma once

#include <vector>

#include "host/calibrate/fleet_step.h"
#include "host/model/phases.h"

namespace traincast {

// One phase a date at which the site changes, from the run's start on; one without dates where the cluster
// has no timeline. In each, as many replicas as GPUs and power allow, at most the plan's, with the plan's
// batch (see resized_plan). By power.cap_by "clocks", all of the plan's GPUs that are there run at the clock
// that the supply allows; only where the lowest clock is not low enough, fewer.
std::vector<RunPhase> phases_of(const Run& run, const RunSystems& systems);

// The run's GPUs among those installed, by fleet in order.
std::vector<FleetGpus> first_gpus(std::span<const FleetGpus> fleets, std::int64_t gpus);

}  // namespace traincast
