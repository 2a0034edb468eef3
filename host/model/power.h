// What a site draws, and what a limited supply feeds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "host/base/units.h"
#include "host/model/cluster.h"
#include "host/model/gpu.h"
#include "host/model/reliability.h"

namespace traincast {

struct FleetGpus {
  const Gpu* gpu = nullptr;
  std::int64_t count = 0;
};

// One GPU's share of its server in training, at a clock over the sustained one (see ClockedPower; a GPU
// without one draws the same at every clock). 0 < clock <= 1.
Watts server_power(const Gpu& gpu, double clock = 1);

// The same at the meter: with network, storage and cooling.
Watts site_power(const Cluster::Power& power, const Gpu& gpu, double clock = 1);
Watts site_power(const Cluster::Power& power, std::span<const FleetGpus> fleets, double clock = 1);

// How many GPUs of the fleets, taken in order, a supply feeds at that clock.
std::int64_t gpus_fed(const Cluster::Power& power, std::span<const FleetGpus> fleets, Watts supply,
                      double clock = 1);

// The lowest clock at which the power of every fleet is known; 1 where it is not for one of them.
double lowest_clock(std::span<const FleetGpus> fleets);

// The highest clock, at most 1, at which the fleets draw no more than the supply; not below lowest_clock(),
// where they may still draw more.
double clock_within(const Cluster::Power& power, std::span<const FleetGpus> fleets, Watts supply);

// The sources that are on at a date, in the order of their use; a cluster without a timeline has one, its
// grid, of power.supply.
struct Feed {
  std::optional<Watts> supply;       // none: no limit
  std::vector<PowerSource> sources;  // of the timeline
};
Feed feed_at(const Cluster& cluster, std::optional<Date> date);

// How the time of a run is spent.
enum class Activity { steps, checkpoint, restart, waiting };
inline constexpr int kActivities = 4;
constexpr std::string_view name(Activity activity) {
  constexpr std::string_view kNames[] = {"steps", "checkpoint stalls", "restarts", "waiting for GPUs"};
  return kNames[static_cast<int>(activity)];
}

// Shares of the time of a run that goes on: steps (work done and work repeated), checkpoint stalls, restarts.
// They add up to 1.
struct ActivityShares {
  double steps = 1, checkpoint = 0, restart = 0;
};
ActivityShares activity_shares(const CheckpointSchedule& schedule, Seconds stall);

// Power of a server that waits over that of one in training. Assumed: idle H100s draw 70-100 W
// of their 700 W, while fans, CPUs and NICs go on; Meta saw tens of megawatts of swing when 16,384 of them
// wait for a checkpoint or a restart (arXiv 2407.21783, section 3.3.4).
inline constexpr double kIdlePower = 0.3;
constexpr double power_share(Activity activity) {
  return activity == Activity::steps ? 1 : activity == Activity::waiting ? 0 : kIdlePower;
}

}  // namespace traincast
