#include "host/model/mixed_fleet.h"

#include <algorithm>
#include <map>

namespace traincast {
namespace {

std::int64_t all_replicas(std::span<const FleetPace> fleets) {
  std::int64_t sum = 0;
  for (const FleetPace& fleet : fleets) sum += fleet.replicas;
  return sum;
}

WorkShare finish(std::span<const FleetPace> fleets, std::vector<std::int64_t> micro_batches) {
  WorkShare share{.micro_batches = std::move(micro_batches), .own = {}, .step = {}, .slowest = 0};
  for (std::size_t i = 0; i < fleets.size(); ++i) {
    share.own.push_back(share.micro_batches[i] > 0 ? fleets[i].step(share.micro_batches[i]) : Seconds(0));
    if (share.own[i] > share.step) {
      share.step = share.own[i];
      share.slowest = i;
    }
  }
  return share;
}

// Asks each fleet about each count once.
class Paces {
 public:
  explicit Paces(std::span<const FleetPace> fleets) : fleets_(fleets), known_(fleets.size()) {}
  Seconds at(std::size_t fleet, std::int64_t micro_batches) {
    const auto [place, fresh] = known_[fleet].try_emplace(micro_batches);
    if (fresh) place->second = fleets_[fleet].step(micro_batches);
    return place->second;
  }
  // The most micro-batches, at most `most`, within `time`; 0 where one takes longer.
  std::int64_t within(std::size_t fleet, Seconds time, std::int64_t most) {
    std::int64_t low = 0;
    std::int64_t high = most + 1;
    while (high - low > 1) {
      const std::int64_t middle = low + (high - low) / 2;
      (at(fleet, middle) <= time ? low : high) = middle;
    }
    return low;
  }

 private:
  std::span<const FleetPace> fleets_;
  std::vector<std::map<std::int64_t, Seconds>> known_;
};

}  // namespace

WorkShare equal_work(std::span<const FleetPace> fleets, std::int64_t micro_batches) {
  const std::int64_t replicas = all_replicas(fleets);
  const std::int64_t each = (micro_batches + replicas - 1) / replicas;
  std::vector<std::int64_t> shares;
  for (const FleetPace& fleet : fleets) shares.push_back(fleet.replicas > 0 ? each : 0);
  return finish(fleets, std::move(shares));
}

WorkShare unequal_work(std::span<const FleetPace> fleets, std::int64_t micro_batches) {
  const WorkShare equal = equal_work(fleets, micro_batches);
  Paces paces(fleets);
  std::vector<std::int64_t> shares(fleets.size());
  const auto done_within = [&](Seconds time) {
    std::int64_t done = 0;
    for (std::size_t i = 0; i < fleets.size(); ++i) {
      if (fleets[i].replicas == 0) continue;
      const std::int64_t enough = (micro_batches + fleets[i].replicas - 1) / fleets[i].replicas;
      shares[i] = paces.within(i, time, enough);
      done += shares[i] * fleets[i].replicas;
    }
    return done;
  };
  // Bisection on the step's time. Equal work is enough at `high`; 40 halvings tell apart any two steps that
  // differ by a micro-batch.
  Seconds low(0);
  Seconds high = equal.step;
  constexpr int kRounds = 40;
  for (int round = 0; round < kRounds; ++round) {
    const Seconds middle = 0.5 * (low + high);
    (done_within(middle) >= micro_batches ? high : low) = middle;
  }
  std::int64_t spare = done_within(high) - micro_batches;
  // Whoever is slowest gives back what nobody needs.
  for (bool changed = true; changed;) {
    changed = false;
    const WorkShare now = finish(fleets, shares);
    const std::int64_t replicas = fleets[now.slowest].replicas;
    if (spare >= replicas && shares[now.slowest] > 0) {
      --shares[now.slowest];
      spare -= replicas;
      changed = true;
    }
  }
  WorkShare share = finish(fleets, std::move(shares));
  return share.step < equal.step ? share : equal;
}

std::vector<std::int64_t> replicas_by_fleet(std::span<const FleetGpus> fleets, std::int64_t gpus_per_replica,
                                            std::int64_t replicas, std::span<const double> speed) {
  std::vector<std::int64_t> paced(fleets.size(), 0);
  std::vector<std::int64_t> end;  // of each fleet, in GPUs
  std::int64_t sum = 0;
  for (const FleetGpus& fleet : fleets) end.push_back(sum += fleet.count);
  std::size_t first = 0;
  for (std::int64_t replica = 0; replica < replicas; ++replica) {
    const std::int64_t from = replica * gpus_per_replica;
    while (first + 1 < end.size() && end[first] <= from) ++first;
    std::size_t slowest = first;
    for (std::size_t i = first + 1; i < end.size() && end[i - 1] < from + gpus_per_replica; ++i) {
      if (speed[i] < speed[slowest]) slowest = i;
    }
    ++paced[slowest];
  }
  return paced;
}

}  // namespace traincast
