// Rows of a profile as points: sustained rows settled against burst ones.
#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "host/base/statistics.h"
#include "host/calibrate/curves.h"

namespace traincast {
namespace {

struct Rows {
  std::vector<KernelPoint> burst, sustained;
};

// Long arithmetic is what power limits; what streams memory or only launches is not slowed.
bool compute_bound(const Op& op, const Gpu& gpu) {
  if (std::holds_alternative<MemoryBound>(op)) return false;
  const double peak = gpu.peak(std::visit([](const auto& o) { return o.dtype; }, op)).value();
  const double bandwidth = gpu.memory.bandwidth.value();
  if (peak <= 0 || bandwidth <= 0) return true;
  const Work w = work(op);
  return w.flops.value() / peak > w.bytes.value() / bandwidth;
}

// Median of sustained over burst time, the latter interpolated where the shape was not timed in a burst.
double slowdown(const Rows& rows, const Gpu& gpu) {
  const KernelCurves burst = build_curves(rows.burst, {}, gpu);
  std::vector<double> ratios;
  for (const KernelPoint& point : rows.sustained) {
    if (compute_bound(point.op, gpu)) ratios.push_back(point.time / burst.time(point.op));
  }
  return ratios.empty() ? 1 : median(ratios);
}

void append(std::vector<KernelPoint>& points, Rows rows, const Gpu& gpu) {
  if (!rows.burst.empty() && !rows.sustained.empty()) {
    const double factor = slowdown(rows, gpu);
    std::erase_if(rows.burst, [&rows](const KernelPoint& burst) {
      return std::any_of(rows.sustained.begin(), rows.sustained.end(),
                         [&burst](const KernelPoint& point) { return point.op == burst.op; });
    });
    for (KernelPoint& point : rows.burst) {
      if (compute_bound(point.op, gpu)) point.time *= factor;
    }
  }
  points.insert(points.end(), rows.burst.begin(), rows.burst.end());
  points.insert(points.end(), rows.sustained.begin(), rows.sustained.end());
}

}  // namespace

std::vector<KernelPoint> kernel_points(const Profile& profile, const Gpu& gpu) {
  std::map<std::size_t, Rows> kinds;
  for (const OpRow& row : profile.ops) {
    // What ran beside a collective was slowed by it.
    if (!row.during.empty() || !row.timing.skipped.empty() || !(row.timing.median.value() > 0)) continue;
    Rows& rows = kinds[kernel_kind(row.op)];
    (row.sustained ? rows.sustained : rows.burst).push_back({row.op, row.timing.median});
  }
  std::vector<KernelPoint> points;
  for (auto& [kind, rows] : kinds) append(points, std::move(rows), gpu);
  return points;
}

}  // namespace traincast
