#include "host/model/interruptions.h"

#include <algorithm>
#include <cmath>

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

}  // namespace traincast
