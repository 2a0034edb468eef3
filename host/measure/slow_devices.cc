#include "host/measure/slow_devices.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "host/base/statistics.h"

namespace traincast {
namespace {

constexpr std::size_t kFewestRanks = 3;
constexpr double kDeviations = 3.5;
constexpr double kNormal = 1.4826;  // standard deviation of a normal distribution over its MAD
constexpr double kLeast = 0.02;

// By rank; empty where no op was timed on several ranks.
std::vector<double> slowdowns(const Profile& profile) {
  const auto ranks = static_cast<std::size_t>(profile.ranks);
  std::vector<std::vector<double>> ratios(ranks);
  for (const OpRow& row : profile.ops) {
    const std::vector<double>& times = row.timing.rank_medians_s;
    if (!row.during.empty() || !row.timing.skipped.empty() || times.size() != ranks) continue;
    const double middle = median(times);
    if (!(middle > 0)) continue;
    for (std::size_t rank = 0; rank < ranks; ++rank) ratios[rank].push_back(times[rank] / middle);
  }
  std::vector<double> medians;
  for (const auto& of_rank : ratios) {
    if (of_rank.empty()) return {};
    medians.push_back(median(of_rank));
  }
  return medians;
}

}  // namespace

std::vector<SlowDevice> find_slow_devices(const Profile& profile) {
  if (profile.ranks < static_cast<int>(kFewestRanks)) return {};
  const std::vector<double> slow = slowdowns(profile);
  if (slow.empty()) return {};
  const double middle = median(slow);
  std::vector<double> deviations;
  deviations.reserve(slow.size());
  for (const double s : slow) deviations.push_back(std::abs(s - middle));
  const double limit = middle + std::max(kLeast * middle, kDeviations * kNormal * median(deviations));
  std::vector<SlowDevice> found;
  for (std::size_t rank = 0; rank < slow.size(); ++rank) {
    if (slow[rank] <= limit) continue;
    found.push_back({.rank = static_cast<int>(rank),
                     .host = rank < profile.hosts.size() ? profile.hosts[rank] : "",
                     .device = rank < profile.devices.size() ? profile.devices[rank] : "",
                     .slowdown = slow[rank] / middle,
                     .limit = limit / middle});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const SlowDevice& a, const SlowDevice& b) { return a.slowdown > b.slowdown; });
  return found;
}

std::string to_string(const SlowDevice& device) {
  char text[96];
  std::snprintf(text, sizeof text, "%.1f %% slower than its peers, whose spread ends at %.1f %%",
                (device.slowdown - 1) * 100, (device.limit - 1) * 100);
  std::string line = "rank " + std::to_string(device.rank) + " on " + device.host;
  if (!device.device.empty()) line += " (" + device.device + ")";
  return line.append(": ").append(text);
}

}  // namespace traincast
