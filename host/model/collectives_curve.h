// Measured times of one collective on a fixed number of GPUs of one node, by message size.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/base/collective.h"
#include "host/base/units.h"

namespace traincast {

struct IntraNodeCurve {
  Collective collective = Collective::all_reduce;
  std::int64_t ranks = 0;
  struct Point {
    double log_bytes = 0;
    double log_seconds = 0;
  };
  std::vector<Point> points;  // strictly increasing sizes, never falling times
};

// Linear in log size and log time; nothing outside the measured sizes.
std::optional<Seconds> interpolate(const IntraNodeCurve& curve, Bytes message);

// The curve of this collective and rank count, or null.
const IntraNodeCurve* find_curve(const std::vector<IntraNodeCurve>& curves, Collective collective,
                                 std::int64_t ranks);

}  // namespace traincast
