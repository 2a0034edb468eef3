// A synchronous step on GPUs of several kinds: who sets the pace, and what it buys to give the faster ones
// more work.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "host/base/units.h"
#include "host/model/power.h"

namespace traincast {

struct FleetPace {
  std::int64_t replicas = 0;  // that this fleet paces
  // The step's time if every replica were of this fleet and took so many (1 or more) micro-batches; grows
  // with them.
  std::function<Seconds(std::int64_t micro_batches)> step;
};

struct WorkShare {
  std::vector<std::int64_t> micro_batches;  // of each replica, by fleet; 0 of a fleet without replicas
  std::vector<Seconds> own;                 // by fleet: its step at that share
  Seconds step;                             // of all: the longest
  std::size_t slowest = 0;                  // fleet
};

// Every replica takes the same share of `micro_batches` (1 or more), rounded up: the slowest fleet sets the
// pace.
WorkShare equal_work(std::span<const FleetPace> fleets, std::int64_t micro_batches);

// Whole micro-batches in proportion to the speed: of all shares of whole micro-batches that do the work, one
// with the shortest step. Never slower than equal_work(), of which it is a special case.
WorkShare unequal_work(std::span<const FleetPace> fleets, std::int64_t micro_batches);

// How many of `replicas` (of so many GPUs each, laid out over the fleets in order) each fleet paces. A
// replica that lies across two goes to the one of the lower `speed`.
std::vector<std::int64_t> replicas_by_fleet(std::span<const FleetGpus> fleets, std::int64_t gpus_per_replica,
                                            std::int64_t replicas, std::span<const double> speed);

}  // namespace traincast
