#include "host/search/run_terms.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/model/failures.h"
#include "host/model/parameters.h"
#include "host/model/power.h"

namespace traincast {

RunTerms::RunTerms(const SearchSpace& space, std::int64_t global_batch) {
  const Run& run = *space.run;
  const Cluster& cluster = run.cluster;
  const auto gpus = static_cast<double>(space.gpus);
  step_tokens_ = static_cast<double>(global_batch) * static_cast<double>(run.model.sequence);
  steps_ = std::ceil(run.tokens.value() / step_tokens_);
  const Bytes checkpoint(cluster.storage.bytes_per_parameter *
                         (parameters(run.model) + mtp_parameters(run.model)));
  classes_ = interruption_classes(cluster, gpus, checkpoint);
  best_ = checkpointing_of(cluster.storage, checkpoint, gpus);
  by_replica_ = cluster.reliability.by_replica;
  regroup_ = cluster.reliability.regroup;
  const double rate = total_rate(classes_).value();
  // Far beyond what bounds the interval of any run: the top lies between them.
  constexpr double kShortest = 1e-6;
  constexpr double kLongest = 1e12;
  best_.interval = best_interval(classes_, best_, Seconds(kShortest), Seconds(kLongest));
  best_effective_ = effective_fraction(classes_, best_);
  for (const InterruptionClass& one : classes_) {
    if (rate > 0) restarting_ += one.rate.value() / rate * -std::expm1(-one.restart.value() * rate);
  }
  regrouping_ = -std::expm1(-regroup_.value() * rate);
  power_ = space.power.value();
  rent_ = space.rent.value();
}

double RunTerms::effective(Seconds interval, std::int64_t replicas) const {
  Checkpointing at = best_;
  at.interval = interval;
  if (by_replica_ && replicas > 1) {
    return replica_fraction(classes_, at, {.count = static_cast<double>(replicas), .regroup = regroup_});
  }
  return interval == best_.interval ? best_effective_ : effective_fraction(classes_, at);
}

CheckpointSchedule RunTerms::schedule(double step, std::int64_t replicas) const {
  const double shortest = std::max(step, best_.durable.value());
  const double longest = std::max(shortest, steps_ * step);
  const Seconds interval(std::clamp(best_.interval.value(), shortest, longest));
  return {.interval = interval,
          .effective = effective(interval, replicas),
          .restarting = by_replica_ && replicas > 1 ? regrouping_ : restarting_};
}

double RunTerms::expected(double step, std::int64_t replicas) const {
  constexpr double kLeastEffective = 1e-6;  // as job_reliability() has it
  const double useful = schedule(step, replicas).effective;
  return useful >= kLeastEffective ? steps_ * step / useful : std::numeric_limits<double>::infinity();
}

double RunTerms::mean_power(double step, std::int64_t replicas) const {
  const ActivityShares shares = activity_shares(schedule(step, replicas), best_.stall);
  return power_ * (shares.steps + kIdlePower * (shares.checkpoint + shares.restart));
}

}  // namespace traincast
