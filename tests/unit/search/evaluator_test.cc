// The search's evaluator against the full model, plan by plan.
#include "host/search/evaluator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "host/config/check_plan.h"
#include "host/config/load.h"
#include "host/model/memory.h"
#include "host/model/step.h"
#include "host/search/setup.h"

namespace traincast {
namespace {

// Compares every `stride`-th plan of the space with estimate_step and estimate_memory.
class Comparer final : public PlanVisitor {
 public:
  Comparer(const SearchSpace& space, std::int64_t stride) : space_(space), stride_(stride) {}

  void visit(const PlanGroup& group) override {
    for (std::size_t i = 0; i < group.plans; ++i) {
      // A prime stride meets every ZeRO choice.
      if (seen_++ % stride_ != 0) continue;
      Choice choice = *group.choice;
      choice.zero = group.zero[i].zero;
      choice.shard = static_cast<std::int32_t>(group.zero[i].shard);
      const Plan plan = to_plan(choice, space_.run->plan);
      const Run& run = *space_.run;
      const auto problem = plan_problem(plan, run.model, space_.gpus);
      ASSERT_FALSE(problem) << problem->what;
      const Stack& stack = space_.stacks[static_cast<std::size_t>(choice.overlap)].stack;
      double time = 0;
      for (const System& system : space_.systems) {
        time = std::max(time, estimate_step(run.model, plan, stack, system).time.value());
      }
      const double memory = estimate_memory(run.model, plan, stack).total().value();
      EXPECT_NEAR(group.step[i] / time, 1, 1e-9) << describe(plan);
      EXPECT_NEAR(group.memory[i] / memory, 1, 1e-9) << describe(plan);
      ++compared_;
      ++by_schedule_[plan.schedule];
      ++by_zero_[plan.zero_stage];
      if (::testing::Test::HasFailure() && ++failures_ > 20) GTEST_FAIL() << "and so on";
    }
  }
  static std::string describe(const Plan& p) {
    std::string text;
    for (const std::int64_t n : {p.tensor_parallel, p.pipeline_parallel, p.virtual_stages, p.context_parallel,
                                 p.data_parallel, p.expert_parallel, p.expert_tensor_parallel,
                                 std::int64_t{p.zero_stage}, p.shard_ranks, p.micro_batch, p.global_batch}) {
      text += std::to_string(n) + " ";
    }
    return text + std::string(name(p.schedule)) + " " + std::string(name(p.recompute)) + " " +
           std::string(name(p.precision));
  }
  std::int64_t seen() const { return seen_; }
  std::int64_t compared() const { return compared_; }
  const std::map<Schedule, int>& by_schedule() const { return by_schedule_; }
  const std::map<int, int>& by_zero() const { return by_zero_; }

 private:
  const SearchSpace& space_;
  std::int64_t stride_, seen_ = 0, compared_ = 0;
  int failures_ = 0;
  std::map<Schedule, int> by_schedule_;
  std::map<int, int> by_zero_;
};

struct Case {
  const char* run;
  std::int64_t gpus;
  std::int64_t stride;
  std::vector<std::string> fixed;
};

class EvaluatorTest : public ::testing::TestWithParam<Case> {};

TEST_P(EvaluatorTest, EqualsTheFullModelOnEveryKindOfPlan) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  Calibrator calibrator(store);
  const traincast::Run run = load_run(store, GetParam().run);
  const SearchSetup setup(calibrator, run, {.gpus = GetParam().gpus, .fixed = GetParam().fixed});
  const SearchSpace& space = setup.space();
  const Layouts layouts(space);
  const Gates gates;
  Evaluator evaluator(space, layouts, gates, TimeWhat::all);
  Comparer comparer(space, GetParam().stride);
  for (const SearchTask& task : tasks_of(space)) {
    evaluator.evaluate(task, comparer);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(comparer.compared(), 300) << "of " << comparer.seen();
  EXPECT_GE(comparer.by_schedule().size(), 3U);
  EXPECT_EQ(comparer.by_zero().size(), 4U);
}

INSTANTIATE_TEST_SUITE_P(Runs, EvaluatorTest,
                         ::testing::Values(Case{"llama-3.1-405b-16k", 0, 4999, {}},
                                           Case{"llama-3-70b-64", 0, 997, {}},
                                           Case{"grok-3-central-200k", 0, 49999, {}},
                                           Case{"deepseek-v3-2k", 0, 99991, {"precision=fp8:bf16"}},
                                           Case{"gpt-4-a100-25k", 0, 99991, {}}),
                         [](const auto& each) {
                           std::string text = each.param.run;
                           for (char& c : text)
                             c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return text;
                         });

}  // namespace
}  // namespace traincast
