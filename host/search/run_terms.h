// What a step time makes of a whole run, for plans that differ in their step alone: the arithmetic of
// estimate_run (host/model/run_estimate.h) without its search for the best checkpoint interval.
#pragma once

#include <cstdint>
#include <vector>

#include "host/model/interruptions.h"
#include "host/model/reliability.h"
#include "host/search/space.h"

namespace traincast {

enum class Objective { days, mfu, cost, energy };
inline constexpr std::string_view kObjectiveNames[] = {"days", "mfu", "cost", "energy"};

class RunTerms {
 public:
  RunTerms(const SearchSpace& space, std::int64_t global_batch);
  // Seconds with interruptions and checkpoints, on so many data-parallel replicas; infinite where the run
  // never ends.
  double expected(double step, std::int64_t replicas) const;
  // Smaller is better; of plans on as many GPUs, in the objective's own unit (s, s per token, USD, J).
  double score(Objective objective, double step, std::int64_t replicas) const {
    switch (objective) {
      case Objective::mfu:
        return step / step_tokens_;
      case Objective::cost:
        return expected(step, replicas) * rent_;
      case Objective::energy:
        return expected(step, replicas) * mean_power(step, replicas);
      case Objective::days:
        break;
    }
    return expected(step, replicas);
  }

 private:
  // Of a run whose steps take so long: checkpoints between `interval` of work, and what they leave.
  CheckpointSchedule schedule(double step, std::int64_t replicas) const;
  double effective(Seconds interval, std::int64_t replicas) const;
  double mean_power(double step, std::int64_t replicas) const;

  double steps_ = 0, step_tokens_ = 1;
  std::vector<InterruptionClass> classes_;
  Checkpointing best_;  // at the best interval where neither a step nor the run bounds it
  bool by_replica_ = false;
  Seconds regroup_;
  double best_effective_ = 0;               // of the whole job
  double restarting_ = 0, regrouping_ = 0;  // shares of the time
  double power_ = 0, rent_ = 0;             // W while steps run, USD/s
};

}  // namespace traincast
