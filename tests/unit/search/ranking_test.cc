// Lists and fronts against sorting everything, and the arithmetic of a run against estimate_run.
#include "host/search/ranking.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "host/base/errors.h"
#include "host/model/run_estimate.h"
#include "host/search/run_terms.h"
#include "tests/unit/search/runs.h"

namespace traincast {
namespace {

std::vector<RankedPlan> random_plans(unsigned seed, int count) {
  std::mt19937 random(seed);
  const auto pick = [&](unsigned values) { return static_cast<int>(random() % values); };
  std::vector<RankedPlan> plans;
  for (int i = 0; i < count; ++i) {
    RankedPlan plan;
    plan.score = plan.expected = 100 + pick(40);
    plan.memory = 10 + pick(40);
    plan.choice.tensor = 1 + pick(6);
    plan.choice.pipeline = 1 + pick(6);
    plan.choice.zero = pick(4);
    plan.choice.shard = i;
    plan.broken = static_cast<GateMask>(pick(4));
    plans.push_back(plan);
  }
  return plans;
}

TEST(TopList, KeepsTheBestOfEachFamilyInAnyOrder) {
  std::vector<RankedPlan> plans = random_plans(1, 400);
  std::vector<RankedPlan> sorted = plans;
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.before(b); });
  std::vector<RankedPlan> expected;
  for (const RankedPlan& plan : sorted) {
    const bool seen = std::any_of(expected.begin(), expected.end(), [&](const RankedPlan& other) {
      return other.choice.same_family(plan.choice);
    });
    if (!seen && expected.size() < 9) expected.push_back(plan);
  }
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(plans.begin(), plans.end(), random);
    TopList list(9, GroupBy::family);
    for (const RankedPlan& plan : plans) {
      if (list.wants(plan.score)) list.add(plan);
    }
    ASSERT_EQ(list.plans().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(list.plans()[i].choice, expected[i].choice);
  }
}

TEST(ParetoFront, KeepsWhatNothingDominatesInAnyOrder) {
  std::vector<RankedPlan> plans = random_plans(2, 300);
  std::vector<Choice> expected;
  for (const RankedPlan& plan : plans) {
    const bool beaten = std::any_of(plans.begin(), plans.end(), [&](const RankedPlan& other) {
      const bool equal = other.expected == plan.expected && other.memory == plan.memory;
      if (equal) return other.choice < plan.choice;
      return other.expected <= plan.expected && other.memory <= plan.memory;
    });
    if (!beaten) expected.push_back(plan.choice);
  }
  std::sort(expected.begin(), expected.end());
  ASSERT_GT(expected.size(), 1U);
  std::mt19937 random(8);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(plans.begin(), plans.end(), random);
    ParetoFront front;
    for (const RankedPlan& plan : plans) {
      if (front.wants(plan.expected, plan.memory)) front.add(plan);
    }
    std::vector<Choice> found;
    for (std::size_t i = 0; i < front.plans().size(); ++i) {
      found.push_back(front.plans()[i].choice);
      if (i == 0) continue;
      EXPECT_LT(front.plans()[i - 1].memory, front.plans()[i].memory);
      EXPECT_GT(front.plans()[i - 1].expected, front.plans()[i].expected);
    }
    std::sort(found.begin(), found.end());
    EXPECT_EQ(found, expected);
  }
}

// Steps of a microsecond to those that leave no time between interruptions.
TEST(RunTerms, AreTheArithmeticOfAWholeRun) {
  for (const std::int64_t gpus : {64, 16384, 262144}) {
    test::PreparedRun prepared("llama-3.1-405b-16k", gpus, {});
    const SearchSpace& space = prepared.space();
    std::vector<FleetGpus> fleets;
    for (const Fleet& fleet : space.run->cluster.fleets) {
      fleets.push_back({&prepared.calibrator().gpu(fleet.gpu), fleet.gpus});
    }
    traincast::Run run = *space.run;
    run.plan.tensor_parallel = run.plan.pipeline_parallel = run.plan.context_parallel = 1;
    run.plan.data_parallel = gpus;
    const RunTerms terms(space, run.plan.global_batch);
    for (const double seconds : {1e-6, 1e-3, 0.1, 6.0, 100.0, 1000.0}) {
      StepEstimate step;
      step.time = Seconds(seconds);
      const RunEstimate full = estimate_run(run, step, fleets);
      const auto near = [&](double ours, double theirs) {
        EXPECT_NEAR(ours / theirs, 1, 1e-7) << gpus << " " << seconds;
      };
      near(terms.expected(seconds, gpus), full.expected.value());
      near(terms.score(Objective::cost, seconds, gpus), full.rent.value());
      near(terms.score(Objective::energy, seconds, gpus), full.energy.value());
      near(terms.score(Objective::days, seconds, gpus), full.expected.value());
    }
    // A step longer than the time between interruptions by far: planned stops alone let it end.
    StepEstimate step;
    step.time = Seconds(1e9);
    try {
      const double full = estimate_run(run, step, fleets).expected.value();
      EXPECT_NEAR(terms.expected(1e9, gpus) / full, 1, 1e-7);
    } catch (const InfeasiblePlan&) {
      EXPECT_TRUE(std::isinf(terms.expected(1e9, gpus)));
    }
  }
}

}  // namespace
}  // namespace traincast
