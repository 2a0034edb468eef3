// What traincast search prints.
#pragma once

#include <cstdint>
#include <optional>
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

// Rows of the Pareto front: all for machines, fewer for people.
inline constexpr std::size_t kAllRows = 1'000'000, kRowsForPeople = 24;
Report search_report(const SearchAnswer& answer, const SearchSpeed& speed, std::size_t front_rows);

// The best plan for each number of GPUs, ascending: of a fixed batch, or of a batch that grows with them.
struct ScalingPoint {
  std::int64_t gpus = 0, global_batch = 0;
  std::string why_none;               // "" where there is a plan
  std::optional<SearchAnswer> found;  // then with at least one plan in `best`
};
struct ScalingCurve {
  std::string key, title;
  std::vector<ScalingPoint> points;
};
Report scaling_report(const Run& run, Objective objective, const std::vector<ScalingCurve>& curves,
                      const SearchSpeed& speed, std::size_t front_rows);

}  // namespace traincast
