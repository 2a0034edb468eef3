// The search against brute force, and against itself on other numbers of threads and processes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "host/config/check_plan.h"
#include "host/model/memory.h"
#include "host/model/run_estimate.h"
#include "host/model/simulate.h"
#include "host/model/step.h"
#include "host/search/search.h"
#include "tests/unit/search/runs.h"

namespace traincast {
namespace {

using test::PreparedRun;

// The definition of the space, written out: every combination of values that check_plan accepts and a
// schedule exists for.
template <typename Visit>
void every_plan(const SearchSpace& space, const Visit& visit) {
  const Axes& a = space.axes;
  const Run& run = *space.run;
  Choice c;
  for (const std::int64_t tp : a.tensor)
    for (const std::int64_t pp : a.pipeline)
      for (const std::int64_t vp : a.virtual_stages)
        for (const std::int64_t cp : a.context)
          for (const std::int64_t ep : a.expert)
            for (const std::int64_t etp : a.expert_tensor)
              for (const std::int64_t zero : a.zero)
                for (const std::int64_t shard : a.shard)
                  for (const std::int64_t mb : a.micro_batch)
                    for (const std::int64_t batch : a.global_batch)
                      for (const Precision precision : a.precision)
                        for (const RecomputeChoice& recompute : a.recompute)
                          for (const Schedule schedule : a.schedule) {
                            if (space.gpus % (tp * pp * cp) != 0) continue;
                            const std::int64_t dp = space.gpus / (tp * pp * cp), replicas = dp * cp;
                            c.tensor = static_cast<std::int32_t>(tp);
                            c.pipeline = static_cast<std::int32_t>(pp);
                            c.virtual_stages = static_cast<std::int32_t>(vp);
                            c.context = static_cast<std::int32_t>(cp);
                            c.expert = static_cast<std::int32_t>(ep);
                            c.expert_tensor = static_cast<std::int32_t>(etp);
                            c.data = static_cast<std::int32_t>(dp);
                            c.zero = static_cast<std::int32_t>(zero);
                            c.shard = static_cast<std::int32_t>(shard);
                            c.micro_batch = static_cast<std::int32_t>(mb);
                            c.global_batch = batch;
                            c.precision = precision;
                            c.recompute = recompute.mode;
                            c.share_percent = recompute.share_percent;
                            c.schedule = schedule;
                            if (batch % (dp * mb) != 0) continue;
                            if (!has_schedule(schedule, pp, vp, batch / (dp * mb))) continue;
                            const std::int64_t chunks = pp * vp, layers = run.model.layers;
                            if (vp > 1 && (pp == 1 || (layers % chunks != 0 && (layers + 2) % chunks != 0)))
                              continue;
                            if (replicas == 1 && zero > 0) continue;
                            if (shard > 0 && (zero == 0 || shard >= replicas)) continue;
                            if (plan_problem(to_plan(c, run.plan), run.model, space.gpus)) continue;
                            visit(c);
                          }
}

struct Brute {
  std::int64_t plans = 0;
  std::vector<RankedPlan> feasible;  // best first
};

Brute brute_force(PreparedRun& prepared) {
  const SearchSpace& space = prepared.space();
  const Run& run = *space.run;
  std::vector<FleetGpus> fleets;
  for (const Fleet& fleet : run.cluster.fleets) {
    fleets.push_back({&prepared.calibrator().gpu(fleet.gpu), fleet.gpus});
  }
  Brute out;
  every_plan(space, [&](const Choice& c) {
    ++out.plans;
    const Plan plan = to_plan(c, run.plan);
    RankedPlan ranked{.memory = estimate_memory(run.model, plan, run.stack).total().value(), .choice = c};
    if (ranked.memory > space.capacity.value()) return;
    const StepEstimate step = estimate_step(run.model, plan, run.stack, space.systems.front());
    Run as = run;
    as.plan = plan;
    ranked.score = ranked.expected = estimate_run(as, step, fleets).expected.value();
    ranked.step = step.time.value();
    ranked.bubble = step.parts[Part::bubble];
    ranked.broken = prepared.gates().broken(c);
    if (prepared.gates().bubble_breaks(ranked.bubble, ranked.step)) ranked.broken |= bit(Gate::bubble);
    out.feasible.push_back(ranked);
  });
  std::sort(out.feasible.begin(), out.feasible.end(),
            [](const RankedPlan& a, const RankedPlan& b) { return a.before(b); });
  return out;
}

bool near(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::abs(b);
}

struct Case {
  const char* run;
  std::int64_t gpus;
  std::vector<std::string> fixed;
};
class BruteForceTest : public ::testing::TestWithParam<Case> {};

TEST_P(BruteForceTest, FindsTheSameListsFrontAndCounts) {
  PreparedRun prepared(GetParam().run, GetParam().gpus, GetParam().fixed);
  constexpr std::size_t kTop = 12;
  const Brute brute = brute_force(prepared);
  const SearchResult found = search(prepared.space(), prepared.gates(), {.top = kTop, .threads = 2});
  EXPECT_EQ(found.counts.evaluated, brute.plans);
  ASSERT_EQ(found.counts.feasible, static_cast<std::int64_t>(brute.feasible.size()));
  ASSERT_GT(brute.feasible.size(), 500U);

  // The best of each family, in order.
  std::vector<RankedPlan> best;
  std::int64_t gated = 0;
  for (const RankedPlan& plan : brute.feasible) {
    gated += plan.broken != 0 ? 1 : 0;
    if (plan.broken != 0 || best.size() == kTop) continue;
    const bool seen = std::any_of(best.begin(), best.end(), [&](const RankedPlan& other) {
      return other.choice.same_family(plan.choice);
    });
    if (!seen) best.push_back(plan);
  }
  EXPECT_EQ(found.counts.gated, gated);
  ASSERT_EQ(found.best.plans().size(), best.size());
  for (std::size_t i = 0; i < best.size(); ++i) {
    const RankedPlan& ours = found.best.plans()[i];
    EXPECT_TRUE(near(ours.score, best[i].score)) << i << ": " << ours.score << " " << best[i].score;
    // Where two plans tie to rounding either may come first.
    const bool tied = (i > 0 && near(best[i - 1].score, best[i].score)) ||
                      (i + 1 < best.size() && near(best[i + 1].score, best[i].score));
    EXPECT_TRUE(ours.choice == best[i].choice || tied) << i;
  }

  // How many are better than a plan in the middle of the list, and than it is by more than rounding.
  std::size_t own = brute.feasible.size() / 2;
  while (near(brute.feasible[own - 1].score, brute.feasible[own].score)) ++own;
  SearchOptions against{.own_score = (brute.feasible[own - 1].score + brute.feasible[own].score) / 2};
  const SearchCounts counts = search(prepared.space(), prepared.gates(), against).counts;
  EXPECT_EQ(counts.better_than_own, static_cast<std::int64_t>(own));
  EXPECT_EQ(counts.better_and_sound,
            std::count_if(brute.feasible.begin(), brute.feasible.begin() + static_cast<std::ptrdiff_t>(own),
                          [](const RankedPlan& plan) { return plan.broken == 0; }));

  // Nobody dominates a plan of the front, and every sound plan is matched or dominated by one of it.
  ASSERT_GT(found.front.plans().size(), 2U);
  for (const RankedPlan& plan : brute.feasible) {
    if (plan.broken != 0) continue;
    bool covered = false;
    for (const RankedPlan& front : found.front.plans()) {
      const double slack = 1 + 1e-9;
      covered = covered || (front.expected <= plan.expected * slack && front.memory <= plan.memory * slack);
      const bool dominates = plan.expected * slack < front.expected && plan.memory * slack < front.memory;
      ASSERT_FALSE(dominates);
    }
    ASSERT_TRUE(covered);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Spaces, BruteForceTest,
    ::testing::Values(
        Case{"llama-3-70b-64",
             64,
             {"recompute=none:full-50:full", "mb=1:2", "cp=1:2", "shard=0:8", "precision=bf16"}},
        Case{"llama-3.1-405b-16k",
             1536,
             {"recompute=none:full", "mb=1", "cp=1:8", "batch=1536", "shard=0:64", "tp=4:8:16"}},
        Case{"deepseek-v3-2k",
             2048,
             {"tp=1:4", "cp=1", "ep=8:64", "etp=1", "mb=1:2", "shard=0:32", "recompute=selective:full-80"}}),
    [](const auto& each) { return "Case" + std::to_string(each.index); });

// Raw bytes would also compare padding.
bool same(const std::vector<RankedPlan>& a, const std::vector<RankedPlan>& b) {
  const auto key = [](const RankedPlan& p) {
    return std::tie(p.score, p.expected, p.step, p.memory, p.bubble, p.choice, p.broken);
  };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const RankedPlan& x, const RankedPlan& y) { return key(x) == key(y); });
}
void expect_same(const SearchResult& a, const SearchResult& b) {
  EXPECT_EQ(a.counts.evaluated, b.counts.evaluated);
  EXPECT_EQ(a.counts.feasible, b.counts.feasible);
  EXPECT_EQ(a.counts.gated, b.counts.gated);
  EXPECT_EQ(a.counts.better_than_own, b.counts.better_than_own);
  EXPECT_EQ(a.counts.better_and_sound, b.counts.better_and_sound);
  EXPECT_TRUE(same(a.best.plans(), b.best.plans()));
  EXPECT_TRUE(same(a.broken.plans(), b.broken.plans()));
  EXPECT_TRUE(same(a.front.plans(), b.front.plans()));
  ASSERT_EQ(a.nearest.has_value(), b.nearest.has_value());
  if (a.nearest) {
    EXPECT_TRUE(same({*a.nearest}, {*b.nearest}));
  }
}

TEST(Search, IsTheSameOnAnyNumberOfThreadsAndProcesses) {
  const PreparedRun prepared("llama-3.1-405b-16k", 0, {"recompute=none:full-50"});
  SearchOptions options{.top = 7, .own_score = 80 * kSecondsPerDay};
  const SearchResult one = search(prepared.space(), prepared.gates(), options);
  EXPECT_GT(one.counts.better_than_own, 0);
  std::vector<double> done;
  options.progress = [&done](double share) { done.push_back(share); };
  expect_same(search(prepared.space(), prepared.gates(), options), one);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  ASSERT_GT(done.size(), 2U);
  EXPECT_DOUBLE_EQ(done[1], 2 * done[0]);
  EXPECT_EQ(done.back(), 1);
  options.progress = {};
  for (const unsigned threads : {2U, 3U}) {
    options.threads = threads;
    expect_same(search(prepared.space(), prepared.gates(), options), one);
  }
  for (const std::size_t parts : {2U, 3U}) {
    SearchResult all(options.top);
    for (std::size_t i = 0; i < parts; ++i) {
      options.part = {i, parts};
      const SearchResult part = search(prepared.space(), prepared.gates(), options);
      EXPECT_LT(part.counts.evaluated, one.counts.evaluated);
      all.merge_packed(part.packed());
    }
    expect_same(all, one);
  }
}

TEST(Search, ABatchThatMayGrowAddsPlansAndLosesNone) {
  const PreparedRun fixed("llama-3-70b-64", 64, {"recompute=none"});
  const PreparedRun growing("llama-3-70b-64", 64, {"recompute=none"}, Tokens(8e6));
  const SearchResult a = search(fixed.space(), fixed.gates(), {});
  const SearchResult b = search(growing.space(), growing.gates(), {});
  EXPECT_GT(b.counts.evaluated, a.counts.evaluated);
  EXPECT_LE(b.best.plans().front().score, a.best.plans().front().score);
}

// The closed form that ranks plans against the event simulation of the same step.
TEST(Search, TheBestPlansTakeWhatTheEventSimulationSays) {
  for (const char* name : {"llama-3.1-405b-16k", "deepseek-v3-2k", "llama-3-70b-64", "dense-3.1t-98k"}) {
    const PreparedRun prepared(name, 0, {"recompute=none:selective:full"});
    const SearchSpace& space = prepared.space();
    const traincast::Run& run = *space.run;
    const SearchResult found = search(space, prepared.gates(), {.top = 20});
    ASSERT_FALSE(found.best.plans().empty());
    for (const RankedPlan& plan : found.best.plans()) {
      const StepTimeline line =
          simulate_step(run.model, to_plan(plan.choice, run.plan), run.stack, space.systems.front());
      EXPECT_NEAR(line.total.value() / plan.step, 1, 0.01) << name;
    }
  }
}

}  // namespace
}  // namespace traincast
