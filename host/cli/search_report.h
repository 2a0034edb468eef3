// What traincast search prints.
#pragma once

#include <string>
#include <vector>

#include "host/base/table.h"
#include "host/search/answer.h"

namespace traincast {

struct SearchSpeed {
  Seconds wall;
  unsigned threads = 1;
  int ranks = 1;
};

Report search_report(const SearchAnswer& answer, const SearchSpeed& speed);

// The best plan for each number of GPUs: of a fixed batch, and of a batch that grows with the GPUs.
struct ScalingPoint {
  std::int64_t gpus = 0, global_batch = 0;
  std::string why_none;  // "" where there is a plan
  PricedPlan best;
  std::vector<RankedPlan> front;
};
struct ScalingCurve {
  std::string key, title;
  std::vector<ScalingPoint> points;
};
Report scaling_report(const Run& run, Objective objective, Bytes capacity,
                      const std::vector<ScalingCurve>& curves, const SearchCounts& counts,
                      const SearchSpeed& speed);

}  // namespace traincast
