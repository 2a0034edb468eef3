// The search's evaluator against the full model, plan by plan.
#include "host/search/evaluator.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "host/config/check_plan.h"
#include "host/model/memory.h"
#include "host/model/step.h"
#include "host/search/answer.h"
#include "tests/unit/search/runs.h"

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

Comparer compared(const SearchSpace& space, std::int64_t stride) {
  const Layouts layouts(space);
  const Gates gates;
  Evaluator evaluator(space, layouts, gates, TimeWhat::all);
  Comparer comparer(space, stride);
  for (const SearchTask& task : tasks_of(space)) {
    evaluator.evaluate(task, comparer);
    if (::testing::Test::HasFatalFailure()) break;
  }
  return comparer;
}

TEST_P(EvaluatorTest, EqualsTheFullModelOnEveryKindOfPlan) {
  const test::PreparedRun prepared(GetParam().run, GetParam().gpus, GetParam().fixed);
  const Comparer comparer = compared(prepared.space(), GetParam().stride);
  EXPECT_GT(comparer.compared(), 300) << "of " << comparer.seen();
  EXPECT_GE(comparer.by_schedule().size(), 3U);
  EXPECT_EQ(comparer.by_zero().size(), 4U);
}

INSTANTIATE_TEST_SUITE_P(
    Runs, EvaluatorTest,
    ::testing::Values(
        Case{"llama-3.1-405b-16k", 0, 997, {"recompute=none:selective:full-30:full"}},
        Case{"llama-3-70b-64", 0, 499, {}}, Case{"dense-3.1t-98k", 0, 997, {"recompute=none:full-50"}},
        Case{"grok-3-central-200k", 0, 4999, {"recompute=none:selective:full-50", "etp=1:8", "cp=1:4:16"}},
        Case{"deepseek-v3-2k",
             0,
             997,
             {"precision=fp8:bf16", "recompute=none:full-80", "tp=1:2:8", "ep=1:8:64"}},
        Case{"gpt-4-a100-25k", 0, 997, {"recompute=selective:full", "etp=1:8"}}),
    [](const auto& each) {
      std::string text = each.param.run;
      for (char& c : text) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
      return text;
    });

// FSDP keeps no master copy beside its FP32 shards: under ZeRO-3 the shards are the weights.
TEST(Evaluator, EqualsTheFullModelWhereShardsAreTheWeights) {
  const auto fsdp = [](traincast::Run& run) { run.stack.separate_master = false; };
  const test::PreparedRun prepared("llama-3-70b-64", 0, {"pp=1:2", "recompute=full"}, {}, fsdp);
  const Comparer comparer = compared(prepared.space(), 53);
  EXPECT_GT(comparer.compared(), 100) << "of " << comparer.seen();
  EXPECT_EQ(comparer.by_zero().size(), 4U);
}

TEST(Choice, IsWhatAPlanDecides) {
  for (const char* name : {"llama-3.1-405b-16k", "deepseek-v3-2k", "grok-3-central-200k"}) {
    Plan plan = load_run(ConfigStore(TRAINCAST_TEST_CONFIGS), name).plan;
    for (const double share : {1.0, 0.25}) {
      plan.recompute = Recompute::full;
      plan.recompute_share = share;
      const Choice choice = to_choice(plan);
      EXPECT_EQ(choice, to_choice(to_plan(choice, {})));
      EXPECT_EQ(to_plan(choice, plan).gpus(), plan.gpus());
      EXPECT_EQ(to_plan(choice, plan).recompute_share, share);
      const bool said = choice_text(choice).find("recompute-full-25") != std::string::npos;
      EXPECT_EQ(said, share == 0.25) << choice_text(choice);
      EXPECT_EQ(choice_text(choice).find("-100"), std::string::npos);
    }
    plan.recompute = Recompute::none;
    EXPECT_EQ(recompute_share(to_choice(plan)), 1);
  }
}

}  // namespace
}  // namespace traincast
