#include "host/model/reliability.h"

#include <algorithm>
#include <cmath>

#include "host/base/errors.h"
#include "host/base/golden_section.h"

namespace traincast {
namespace {

constexpr double kLeastEffective = 1e-6;

// ln(e^x - 1) without overflow.
double log_expm1(double x) {
  return x > 30 ? x + std::log1p(-std::exp(-x)) : std::log(std::expm1(x));
}

double log_effective(double interval, double stall, double mtbf, double restart) {
  return std::log(interval / mtbf) - restart / mtbf - log_expm1((interval + stall) / mtbf);
}

}  // namespace

Seconds job_mtbf(Seconds mtbf_per_gpu, double gpus) {
  return mtbf_per_gpu / gpus;
}

double effective_fraction(Seconds interval, Seconds stall, Seconds mtbf, Seconds restart) {
  return std::exp(log_effective(interval.value(), stall.value(), mtbf.value(), restart.value()));
}

Seconds young_interval(Seconds stall, Seconds mtbf) {
  return Seconds(std::sqrt(2 * stall.value() * mtbf.value()));
}

CheckpointSchedule best_schedule(Seconds stall, Seconds mtbf, Seconds restart, Seconds shortest,
                                 Seconds longest) {
  const double m = mtbf.value();
  const auto objective = [&](double log_interval) {
    return log_effective(std::exp(log_interval), stall.value(), m, restart.value());
  };
  // The derivative is zero where e^(-(interval + stall)/M) = 1 - interval/M, so the optimum is below M; it
  // falls to nothing with the stall. On a log scale the objective is unimodal.
  const double best = golden_section(std::log(m) - 30, std::log(m), 0, objective);
  CheckpointSchedule schedule;
  schedule.interval = std::min(std::max(Seconds(std::exp(best)), shortest), longest);
  schedule.effective = effective_fraction(schedule.interval, stall, mtbf, restart);
  schedule.restarting = -std::expm1(-restart.value() / m);
  if (!(schedule.effective >= kLeastEffective)) {
    throw InfeasiblePlan("never finishes: an interruption every " + to_string(mtbf) +
                         " on average leaves less than a millionth of the time for useful steps, with " +
                         to_string(restart) + " to restart, " + to_string(stall) +
                         " of stall a checkpoint and " + to_string(schedule.interval) +
                         " between checkpoints");
  }
  return schedule;
}

}  // namespace traincast
