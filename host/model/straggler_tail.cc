#include "host/model/straggler_tail.h"

#include <algorithm>
#include <cmath>

namespace traincast {
namespace {

double normal_below(double x) {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

}  // namespace

double slowest_node(const Slowness& slowness, std::int64_t nodes, std::int64_t gpus_per_node,
                    std::int64_t ejected) {
  const auto all = static_cast<double>(nodes);
  const auto gone = static_cast<double>(ejected);
  const auto gpus = static_cast<double>(gpus_per_node);
  const double share = slowness.slow_nodes ? slowness.slow_nodes->share : 0;
  const double slow_by = slowness.slow_nodes ? slowness.slow_nodes->slow_by : 0;
  const double spread = slowness.spread;
  if (spread == 0) return gone + 0.5 < share * all ? slow_by : 0;
  const double wanted = (all - gone - 0.375) / (all + 0.25);
  const auto below = [&](double x) {
    return (1 - share) * std::pow(normal_below(x / spread), gpus) +
           share * std::pow(normal_below((x - slow_by) / spread), gpus);
  };
  constexpr double kTail = 9;  // standard deviations: 1e-19 of a normal is above
  constexpr int kRounds = 80;
  double low = 0;
  double high = slow_by + kTail * spread;
  for (int round = 0; round < kRounds; ++round) {
    const double middle = 0.5 * (low + high);
    (below(middle) < wanted ? low : high) = middle;
  }
  return high;
}

std::vector<Ejection> ejections(const StepEstimate& step, const Slowness& slowness, std::int64_t gpus,
                                std::int64_t gpus_per_node, const std::vector<double>& shares) {
  const std::int64_t nodes = std::max<std::int64_t>(1, gpus / gpus_per_node);
  const std::int64_t in_node = std::min(gpus, gpus_per_node);
  const double waits = compute_time(step.parts) + step.parts[Part::bubble];
  std::vector<Ejection> rows;
  for (const double share : shares) {
    Ejection row{.share = share};
    row.nodes =
        std::min(nodes - 1, static_cast<std::int64_t>(std::llround(share * static_cast<double>(nodes))));
    row.slowest = slowest_node(slowness, nodes, in_node, row.nodes);
    row.step = step.time + Seconds(row.slowest * waits - step.parts[Part::straggler]);
    const Seconds none = rows.empty() ? row.step : rows.front().step;
    row.replaced = none / row.step;
    row.not_replaced = row.replaced * static_cast<double>(nodes - row.nodes) / static_cast<double>(nodes);
    rows.push_back(row);
  }
  return rows;
}

}  // namespace traincast
