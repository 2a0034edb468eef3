#include "host/search/ranking.h"

#include <algorithm>

namespace traincast {

void TopList::add(const RankedPlan& plan) {
  const auto same = std::find_if(plans_.begin(), plans_.end(),
                                 [&](const RankedPlan& other) { return together(plan, other); });
  if (same != plans_.end()) {
    if (!plan.before(*same)) return;
    plans_.erase(same);
  }
  const auto at =
      std::find_if(plans_.begin(), plans_.end(), [&](const RankedPlan& other) { return plan.before(other); });
  plans_.insert(at, plan);
  if (plans_.size() > size_) plans_.pop_back();
}

namespace {

// The first plan of the front that needs more memory.
auto above(const std::vector<RankedPlan>& plans, double memory) {
  return std::upper_bound(plans.begin(), plans.end(), memory,
                          [](double bytes, const RankedPlan& plan) { return bytes < plan.memory; });
}

}  // namespace

bool ParetoFront::wants(double expected, double memory) const {
  const auto next = above(plans_, memory);
  if (next == plans_.begin()) return true;
  const RankedPlan& below = *(next - 1);
  // One as good in both may still come earlier in the order of plans.
  return below.expected > expected || (below.expected == expected && below.memory == memory);
}

void ParetoFront::add(const RankedPlan& plan) {
  if (!wants(plan.expected, plan.memory)) return;
  auto first = above(plans_, plan.memory);
  if (first != plans_.begin()) {
    const auto below = first - 1;
    if (below->memory == plan.memory && below->expected == plan.expected) {
      if (plan.choice < below->choice) plans_[static_cast<std::size_t>(below - plans_.begin())] = plan;
      return;
    }
    if (below->memory == plan.memory) first = below;  // slower with as much memory
  }
  auto last = first;
  while (last != plans_.end() && last->expected >= plan.expected) ++last;
  const auto at = first - plans_.begin();
  plans_.erase(plans_.begin() + at, plans_.begin() + (last - plans_.begin()));
  plans_.insert(plans_.begin() + at, plan);
}

}  // namespace traincast
