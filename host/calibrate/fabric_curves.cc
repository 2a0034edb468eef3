// Curves of collectives inside one node from measured points.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include "host/base/statistics.h"
#include "host/calibrate/fabric.h"

namespace traincast {
namespace {

// Seconds by size, for each collective and rank count.
using Samples = std::map<std::tuple<Collective, std::int64_t>, std::map<double, std::vector<double>>>;

std::vector<IntraNodeCurve> curves_of(const Samples& samples) {
  std::vector<IntraNodeCurve> curves;
  for (const auto& [key, by_size] : samples) {
    IntraNodeCurve curve;
    std::tie(curve.collective, curve.ranks) = key;
    for (const auto& [bytes, seconds] : by_size)
      curve.points.push_back({std::log(bytes), std::log(median(seconds))});
    // First sizes are often slow by an order of magnitude (cold connections): no message takes longer than a
    // larger one did.
    for (std::size_t i = curve.points.size(); i-- > 1;) {
      curve.points[i - 1].log_seconds =
          std::min(curve.points[i - 1].log_seconds, curve.points[i].log_seconds);
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

}  // namespace

std::vector<IntraNodeCurve> intra_node_curves(const Profile& profile) {
  // By whether the numbers are BF16, training's own: others count only where those are missing.
  std::array<Samples, 2> samples;
  const bool published = profile.communicator.empty();
  for (const CollectiveRow& row : profile.collectives) {
    // What ran beside a GEMM was slowed by it.
    const bool usable = row.timing.skipped.empty() && row.timing.median.value() > 0 &&
                        row.message.value() > 0 && row.during.empty();
    if (row.nodes != 1 || row.ranks < 2 || !usable || !(row.verified || published)) continue;
    samples[row.dtype == DataType::bf16 ? 1 : 0][{row.collective, row.ranks}][row.message.value()].push_back(
        row.timing.median.value());
  }
  for (auto& [key, by_size] : samples[0]) samples[1].try_emplace(key, std::move(by_size));
  return curves_of(samples[1]);
}

std::vector<IntraNodeCurve> intra_node_curves(const std::vector<CollectivePoint>& points) {
  Samples samples;
  for (const CollectivePoint& p : points) {
    if (p.nodes == 1) samples[{p.op, p.gpus}][p.bytes.value()].push_back(p.measured.value());
  }
  return curves_of(samples);
}

}  // namespace traincast
