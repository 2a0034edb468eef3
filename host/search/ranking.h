// The best plans and the Pareto front, kept while plans stream by. The same whatever the order: ties go to
// the plan that comes first in the order of Choice.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "host/search/choice.h"
#include "host/search/gates.h"

namespace traincast {

struct RankedPlan {
  double score = 0;     // of the objective; smaller is better
  double expected = 0;  // seconds of the run
  double step = 0, memory = 0, bubble = 0;
  Choice choice;
  GateMask broken = 0;

  bool before(const RankedPlan& other) const {
    return score != other.score ? score < other.score : choice < other.choice;
  }
};

// The best plan of each of the best families (Choice::same_family), or of each set of broken gates.
enum class GroupBy { family, gates };
class TopList {
 public:
  TopList(std::size_t size, GroupBy by) : size_(size), by_(by) { plans_.reserve(size + 1); }
  // Whether add() might keep a plan of this score.
  bool wants(double score) const { return plans_.size() < size_ || score <= plans_.back().score; }
  void add(const RankedPlan& plan);
  const std::vector<RankedPlan>& plans() const { return plans_; }

 private:
  bool together(const RankedPlan& a, const RankedPlan& b) const {
    return by_ == GroupBy::family ? a.choice.same_family(b.choice) : a.broken == b.broken;
  }
  std::size_t size_;
  GroupBy by_;
  std::vector<RankedPlan> plans_;  // best first
};

// Plans of which no other is both no slower and no larger, and better in one; equal ones count once. By
// rising memory and falling time.
class ParetoFront {
 public:
  // Whether no plan of the front is as good in both.
  bool wants(double expected, double memory) const;
  void add(const RankedPlan& plan);
  const std::vector<RankedPlan>& plans() const { return plans_; }

 private:
  std::vector<RankedPlan> plans_;
};

}  // namespace traincast
