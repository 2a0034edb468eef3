#include "host/search/run_terms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/base/errors.h"
#include "host/model/parameters.h"
#include "host/model/reliability.h"
#include "host/model/run_estimate.h"

namespace traincast {

RunTerms::RunTerms(const SearchSpace& space, std::int64_t global_batch) {
  const Run& run = *space.run;
  const Cluster& cluster = run.cluster;
  step_tokens_ = static_cast<double>(global_batch) * static_cast<double>(run.model.sequence);
  steps_ = std::ceil(run.tokens.value() / step_tokens_);
  const Seconds mtbf = job_mtbf(cluster.reliability.mtbf_per_gpu, static_cast<double>(space.gpus));
  mtbf_ = mtbf.value();
  restart_ = cluster.reliability.restart.value();
  const Bytes checkpoint(cluster.storage.bytes_per_parameter *
                         (parameters(run.model) + mtp_parameters(run.model)));
  const Seconds write = checkpoint / cluster.storage.write;
  stall_ = cluster.storage.stall.value() + (cluster.storage.asynchronous ? 0 : write.value());
  write_ = cluster.storage.asynchronous ? write.value() : 0;
  double restarting = 0;
  try {
    // The optimum lies below the time between interruptions; a step or the whole run may still bound it.
    const CheckpointSchedule best =
        best_schedule(Seconds(stall_), mtbf, Seconds(restart_), Seconds(mtbf_ * 1e-12), mtbf);
    best_interval_ = best.interval.value();
    best_effective_ = best.effective;
    restarting = best.restarting;
  } catch (const InfeasiblePlan&) {
    best_effective_ = 0;  // no plan on so many GPUs ends
  }
  const Cluster::Power& power = cluster.power;
  const double watts = space.servers.value() * (1 + power.network_share) * power.pue;
  factor_[static_cast<std::size_t>(Objective::cost)] = space.rent.value();
  factor_[static_cast<std::size_t>(Objective::energy)] = watts * (1 - restarting + kIdlePower * restarting);
}

double RunTerms::expected(double step) const {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  constexpr double kLeastEffective = 1e-6;  // reliability.cc
  if (best_effective_ <= 0) return kNever;
  const double ideal = steps_ * step;
  const double shortest = std::max(step, write_), longest = std::max(shortest, ideal);
  if (best_interval_ >= shortest && best_interval_ <= longest) return ideal / best_effective_;
  const double interval = std::min(std::max(best_interval_, shortest), longest);
  const double effective =
      effective_fraction(Seconds(interval), Seconds(stall_), Seconds(mtbf_), Seconds(restart_));
  return effective >= kLeastEffective ? ideal / effective : kNever;
}

}  // namespace traincast
