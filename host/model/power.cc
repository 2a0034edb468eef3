#include "host/model/power.h"

#include <algorithm>
#include <cmath>

namespace traincast {
namespace {

// Power over that at clock 1, of what switches with the clock.
double switching(const ClockedPower& law, double clock) {
  const double voltage = std::max(clock, law.voltage_floor);
  return clock * voltage * voltage;
}

}  // namespace

Watts server_power(const Gpu& gpu, double clock) {
  const Watts full = gpu.power.server_training;
  if (!gpu.power.clocked) return full;
  return full - gpu.power.clocked->dynamic * (1 - switching(*gpu.power.clocked, clock));
}

Watts site_power(const Cluster::Power& power, const Gpu& gpu, double clock) {
  return server_power(gpu, clock) * (1 + power.network_share) * power.pue;
}

Watts site_power(const Cluster::Power& power, std::span<const FleetGpus> fleets, double clock) {
  Watts servers;
  for (const FleetGpus& fleet : fleets) {
    servers += server_power(*fleet.gpu, clock) * static_cast<double>(fleet.count);
  }
  return servers * (1 + power.network_share) * power.pue;
}

std::int64_t gpus_fed(const Cluster::Power& power, std::span<const FleetGpus> fleets, Watts supply,
                      double clock) {
  std::int64_t fed = 0;
  for (const FleetGpus& fleet : fleets) {
    const Watts each = site_power(power, *fleet.gpu, clock);
    const double most = std::floor(supply / each * (1 + 1e-12));  // a supply of n x each feeds n
    if (most < static_cast<double>(fleet.count)) return fed + static_cast<std::int64_t>(std::max(0.0, most));
    fed += fleet.count;
    supply -= each * static_cast<double>(fleet.count);
  }
  return fed;
}

double lowest_clock(std::span<const FleetGpus> fleets) {
  double lowest = 0;
  for (const FleetGpus& fleet : fleets) {
    lowest = std::max(lowest, fleet.gpu->power.clocked ? fleet.gpu->power.clocked->lowest : 1.0);
  }
  return lowest;
}

double clock_within(const Cluster::Power& power, std::span<const FleetGpus> fleets, Watts supply) {
  if (site_power(power, fleets) <= supply) return 1;
  double low = lowest_clock(fleets);
  double high = 1;
  if (site_power(power, fleets, low) > supply) return low;
  // Power grows with the clock: bisection, from below, so that the answer keeps within the supply.
  constexpr int kRounds = 60;
  for (int round = 0; round < kRounds; ++round) {
    const double middle = 0.5 * (low + high);
    (site_power(power, fleets, middle) <= supply ? low : high) = middle;
  }
  return low;
}

Feed feed_at(const Cluster& cluster, std::optional<Date> date) {
  Feed feed{.supply = cluster.power.supply, .sources = {}};
  if (!cluster.timeline || cluster.timeline->sources.empty() || !date) return feed;
  Watts sum;
  for (const PowerSource& source : cluster.timeline->sources) {
    if (!source.on(*date)) continue;
    sum += source.power;
    feed.sources.push_back(source);
  }
  feed.supply = sum;
  return feed;
}

ActivityShares activity_shares(const CheckpointSchedule& schedule, Seconds stall) {
  ActivityShares shares;
  shares.restart = schedule.restarting;
  // One stall after each interval of useful work; those of work that is lost count as steps.
  shares.checkpoint = std::min(schedule.effective * (stall / schedule.interval), 1 - schedule.restarting);
  shares.steps = std::max(0.0, 1 - shares.restart - shares.checkpoint);
  return shares;
}

}  // namespace traincast
