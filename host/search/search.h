// The search: every plan of a space, on any number of threads and, part by part, of processes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "host/search/evaluator.h"
#include "host/search/ranking.h"
#include "host/search/run_terms.h"

namespace traincast {

// Of `parts` equal ones; the union of all parts is the space.
struct SpacePart {
  std::size_t index = 0, parts = 1;
};

struct SearchOptions {
  Objective objective = Objective::days;
  std::size_t top = 10;
  unsigned threads = 1;
  SpacePart part;
  // Counts how many plans are better than this one (the run's own); NaN: none.
  double own_score = std::numeric_limits<double>::quiet_NaN();
  // Called from time to time by one thread with the share of the work done.
  std::function<void(double)> progress;
};

struct SearchCounts {
  std::int64_t evaluated = 0;  // plans whose memory, and where they fit, whose time is known
  std::int64_t feasible = 0;   // of those, that fit and whose run ends
  std::int64_t endless = 0;    // that fit, but whose run never ends
  std::int64_t gated = 0;      // of the feasible, that break a gate
  std::int64_t better_than_own = 0, better_and_sound = 0;  // than the run's own plan; and break no gate
};

class SearchResult {
 public:
  explicit SearchResult(std::size_t top) : best(top, GroupBy::family), broken(kMostBroken, GroupBy::gates) {}
  void merge(const SearchResult& other);
  // For other processes of the same program.
  std::string packed() const;
  void merge_packed(const std::string& text);

  static constexpr std::size_t kMostBroken = 8;
  SearchCounts counts;
  TopList best;                       // plans that break no gate
  TopList broken;                     // the best of those that break the same gates
  ParetoFront front;                  // days and memory, of plans that break no gate
  std::optional<RankedPlan> nearest;  // of the plans that do not fit, the one that needs least
};

SearchResult search(const SearchSpace& space, const Gates& gates, const SearchOptions& options);

}  // namespace traincast
