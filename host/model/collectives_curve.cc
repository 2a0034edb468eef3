#include "host/model/collectives_curve.h"

#include <algorithm>
#include <cmath>

namespace traincast {

std::optional<Seconds> interpolate(const IntraNodeCurve& curve, Bytes message) {
  const auto& points = curve.points;
  if (points.empty() || message.value() <= 0) return std::nullopt;
  const double x = std::log(message.value());
  // One part in 10^12 of slack, so that the measured sizes themselves are inside.
  const double slack = 1e-12 * std::abs(x);
  if (x < points.front().log_bytes - slack || x > points.back().log_bytes + slack) return std::nullopt;
  const auto above =
      std::upper_bound(points.begin(), points.end(), x,
                       [](double value, const IntraNodeCurve::Point& p) { return value < p.log_bytes; });
  if (above == points.begin()) return Seconds(std::exp(points.front().log_seconds));
  if (above == points.end()) return Seconds(std::exp(points.back().log_seconds));
  const IntraNodeCurve::Point& low = *(above - 1);
  const double share = (x - low.log_bytes) / (above->log_bytes - low.log_bytes);
  return Seconds(std::exp(low.log_seconds + share * (above->log_seconds - low.log_seconds)));
}

const IntraNodeCurve* find_curve(const std::vector<IntraNodeCurve>& curves, Collective collective,
                                 std::int64_t ranks) {
  for (const IntraNodeCurve& curve : curves) {
    if (curve.collective == collective && curve.ranks == ranks && !curve.points.empty()) return &curve;
  }
  return nullptr;
}

}  // namespace traincast
