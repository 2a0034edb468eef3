#include "host/model/interruptions.h"

#include <algorithm>
#include <cmath>

#include "host/base/golden_section.h"

namespace traincast {
namespace {

// x / (e^x - 1), 1 at 0.
double over_expm1(double x) {
  return x > 0 ? x / std::expm1(x) : 1;
}

// Mean work kept of the time between two interruptions, over M, when the one at the end is of class `end` and
// no restart stands at the beginning (`fresh`), and what is lost whatever came before (`always`).
struct Kept {
  double fresh = 0, always = 0;
};
Kept kept(const InterruptionClass& end, const Checkpointing& checkpointing, double rate) {
  const double interval = checkpointing.interval.value();
  const double cycle = interval + checkpointing.stall.value();
  if (end.planned) return {-std::expm1(-interval * rate) / -std::expm1(-cycle * rate), 0};
  if (end.rollback.value() > 0) {
    const double intervals = std::ceil(end.rollback.value() / interval);
    const double rest = intervals * interval - end.rollback.value();
    return {interval * rate * std::exp(-(interval - rest) * rate) / -std::expm1(-cycle * rate),
            intervals * interval * rate};
  }
  return {interval / cycle * over_expm1(cycle * rate) * std::exp(-checkpointing.durable.value() * rate), 0};
}

}  // namespace

Frequency total_rate(std::span<const InterruptionClass> classes) {
  Frequency sum;
  for (const InterruptionClass& one : classes) sum += one.rate;
  return sum;
}

double effective_fraction(std::span<const InterruptionClass> classes, const Checkpointing& checkpointing) {
  const double rate = total_rate(classes).value();
  if (!(rate > 0)) return checkpointing.interval / (checkpointing.interval + checkpointing.stall);
  double up = 0;  // probability that a restart ends before the next interruption
  double fresh = 0;
  double always = 0;
  for (const InterruptionClass& one : classes) {
    const double share = one.rate.value() / rate;
    if (!(share > 0)) continue;
    up += share * std::exp(-one.restart.value() * rate);
    const Kept end = kept(one, checkpointing, rate);
    fresh += share * end.fresh;
    always += share * end.always;
  }
  const double effective = up * fresh - always;
  return effective > 0 ? std::min(effective, 1.0) : 0;
}

double replica_fraction(std::span<const InterruptionClass> classes, const Checkpointing& checkpointing,
                        const Replicas& replicas) {
  const double rate = total_rate(classes).value();
  const double working = checkpointing.interval / (checkpointing.interval + checkpointing.stall);
  if (!(rate > 0)) return working;
  double away = 0;
  double spoiled = 0;
  for (const InterruptionClass& one : classes) {
    const double share = one.rate.value() / rate;
    const double alone = std::max(0.0, (one.restart - replicas.regroup).value());
    away += share * -std::expm1(-alone * rate / replicas.count);
    if (one.rollback.value() > 0) {
      spoiled += one.rate.value() * (one.rollback + checkpointing.interval / 2).value();
    }
  }
  const double effective = std::exp(-replicas.regroup.value() * rate) * working * (1 - away) - spoiled;
  return std::max(effective, 0.0);
}

Seconds best_interval(std::span<const InterruptionClass> classes, Checkpointing checkpointing,
                      Seconds shortest, Seconds longest) {
  const double rate = total_rate(classes).value();
  if (!(rate > 0)) return longest;
  double crash = 0;
  double planned = 0;
  for (const InterruptionClass& one : classes) (one.planned ? planned : crash) += one.rate.value() / rate;
  crash *= std::exp(-checkpointing.durable.value() * rate);
  // Corruption makes the share jump a little with the interval; a rollback's mean is smooth and as good here.
  const auto objective = [&](double log_interval) {
    const double interval = std::exp(log_interval);
    const double cycle = (interval + checkpointing.stall.value()) * rate;
    const double growth = cycle > 700 ? HUGE_VAL : std::expm1(cycle);
    const double kept = crash * interval * rate / growth;
    return planned > 0 ? kept + planned * std::expm1(-interval * rate) / std::expm1(-cycle) : kept;
  };
  // Unimodal on a log scale, its top below the mean time between crashes unless all stops are planned. The
  // top is flat: so far from it the share differs by the square of this, below the resolution of a double.
  constexpr double kClose = 1e-8;
  const double high = std::log(longest.value());
  const double low = std::min(std::log(std::max(shortest.value(), 1e-9)), high);
  const double best = golden_section(low, high, kClose, objective);
  return std::min(std::max(Seconds(std::exp(best)), shortest), std::max(shortest, longest));
}

}  // namespace traincast
