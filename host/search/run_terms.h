// What a step time makes of a whole run, for plans that differ in their step alone: the arithmetic of
// estimate_run (host/model/run_estimate.h) without its search for the best checkpoint interval.
#pragma once

#include <cstdint>

#include "host/search/space.h"

namespace traincast {

enum class Objective { days, mfu, cost, energy };
inline constexpr std::string_view kObjectiveNames[] = {"days", "mfu", "cost", "energy"};

class RunTerms {
 public:
  RunTerms(const SearchSpace& space, std::int64_t global_batch);
  // Seconds with interruptions and checkpoints; infinite where the run never ends.
  double expected(double step) const;
  // Smaller is better; of plans on as many GPUs, in the objective's own unit (s, s per token, USD, J).
  double score(Objective objective, double step) const {
    if (objective == Objective::mfu) return step / step_tokens_;
    return expected(step) * factor_[static_cast<std::size_t>(objective)];
  }

 private:
  double steps_ = 0, step_tokens_ = 1;
  double mtbf_ = 0, restart_ = 0, stall_ = 0, write_ = 0;
  double best_interval_ = 0, best_effective_ = 0;
  double factor_[4] = {1, 1, 1, 1};
};

}  // namespace traincast
