// What a search looks through, and what its gates say.
#include "host/search/space.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "host/base/errors.h"
#include "host/search/answer.h"
#include "tests/unit/search/runs.h"

namespace traincast {
namespace {

using test::PreparedRun;

template <typename F>
std::string refusal(const F& call) {
  try {
    call();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Space, SettingsNarrowTheirAxis) {
  Axes axes;
  fix_axis(axes, "tp=8:4");
  fix_axis(axes, "recompute=none:full-50");
  fix_axis(axes, "schedule=zb-h1");
  EXPECT_EQ(axes.tensor, (std::vector<std::int64_t>{4, 8}));
  EXPECT_EQ(axes.recompute, (std::vector<RecomputeChoice>{{Recompute::none, 100}, {Recompute::full, 50}}));
  EXPECT_EQ(axes.schedule, std::vector<Schedule>{Schedule::zb_h1});
}

// 80 layers, an embedding and a head.
TEST(Space, EmbeddingAndHeadMayBeStagesOfTheirOwn) {
  const PreparedRun ranks("llama-3-70b-64", std::int64_t{82} * 81 * 16, {"pp=81:82"});
  EXPECT_EQ(ranks.space().axes.pipeline, (std::vector<std::int64_t>{81, 82}));
  const PreparedRun chunks("llama-3-70b-64", 64, {"vp=1:82:83"});
  EXPECT_EQ(chunks.space().axes.virtual_stages, (std::vector<std::int64_t>{1, 82}));
  EXPECT_NE(refusal([] {
              PreparedRun("llama-3-70b-64", std::int64_t{83} * 64, {"pp=83"});
            }).find("82, two more than layers"),
            std::string::npos);
  EXPECT_NE(refusal([] { PreparedRun("llama-3-70b-64", 64, {"vp=83"}); }).find("at most 82"),
            std::string::npos);
}

TEST(Space, WrongSettingsAreRefusedInOneLine) {
  Axes axes;
  const auto expect = [&](const char* setting, const char* part) {
    const std::string said = refusal([&] { fix_axis(axes, setting); });
    EXPECT_NE(said.find(part), std::string::npos) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos);
  };
  expect("tpp=8", "unknown key \"tpp\"");
  expect("tp", "a value is missing, as in tp=8");
  expect("tp=", "\"\" is not accepted");
  expect("zero=4", "a whole number from 0 to 3");
  expect("schedule=gpipe", "accepted: 1f1b interleaved zb-h1 dualpipe");
  expect("recompute=none-50", "only full recomputation has a share");
  expect("tp=7e1", "\"7e1\" is not accepted");
  EXPECT_NE(refusal([] { PreparedRun("llama-3.1-405b-16k", 0, {"tp=7"}); }).find("tensor parallelism (tp)"),
            std::string::npos);
  EXPECT_NE(refusal([] { PreparedRun("llama-3-70b-64", 64, {"ep=2"}); }).find("divide 1 experts"),
            std::string::npos);
  EXPECT_NE(refusal([] { PreparedRun("llama-3-70b-64", 64, {"etp=2"}); }).find("ffn_hidden of 1"),
            std::string::npos);
  EXPECT_NE(refusal([] { PreparedRun("deepseek-v3-2k", 0, {"ep=3"}); }).find("256 experts"),
            std::string::npos);
}

TEST(Space, AClusterGrowsByItsLastFleet) {
  const PreparedRun prepared("grok-3-central-200k", 1'000'000, {"tp=8"});
  EXPECT_TRUE(prepared.setup().extends_cluster());
  std::int64_t sum = 0;
  for (const Fleet& fleet : prepared.space().run->cluster.fleets) sum += fleet.gpus;
  EXPECT_EQ(sum, 1'000'000);
  EXPECT_EQ(prepared.space().run->cluster.fleets.front().gpus, 150'000);
}

// Three tokens a rank of context: there is nothing that tensor ranks split.
TEST(Space, ContextThatDividesAnOddNumberOfTokens) {
  const auto short_sequence = [](traincast::Run& run) { run.model.sequence = 1536; };
  const PreparedRun prepared("llama-3.1-405b-16k", 0, {"tp=1", "cp=512"}, {}, short_sequence);
  EXPECT_EQ(tasks_of(prepared.space()).size(), prepared.space().stacks.size());
}

TEST(Space, AMillionGpusAreSearched) {
  // On GPUs that fail seldom and restart at once: at today's rates a million of them never finish.
  const auto sturdy = [](traincast::Run& run) {
    run.cluster.reliability = {.mtbf_per_gpu = Seconds(1e10), .restart = Seconds(60)};
  };
  const PreparedRun prepared("llama-3.1-405b-16k", 1'048'576, {"recompute=none:full"}, Tokens(300e6), sturdy);
  const SearchResult found = search(prepared.space(), prepared.gates(), {.top = 3});
  EXPECT_GT(found.counts.feasible, 100);
  for (const RankedPlan& plan : found.front.plans()) {
    EXPECT_TRUE(std::isfinite(plan.expected));
    EXPECT_GT(plan.memory, 0);
  }
}

TEST(Space, HidingAtALossIsSwitchedOffKindByKind) {
  Stack stack;
  stack.overlap_slowdown = 1.3;
  stack.tensor_exposed = 0.9;  // 1.17 of the time alone
  stack.data_exposed = 0.5, stack.expert_exposed = 1, stack.context_exposed = 0.3;
  const std::vector<StackVariant> variants = stack_variants(stack);
  ASSERT_EQ(variants.size(), 2U);
  EXPECT_EQ(variants[0].stack.tensor_exposed, 0.9);
  EXPECT_EQ(variants[1].name, "tensor");
  EXPECT_EQ(variants[1].stack.tensor_exposed, 1);
}

TEST(Gates, EachHoldsWhatItsNameSays) {
  Gates gates = load_gates(ConfigStore(TRAINCAST_TEST_CONFIGS), "default");
  gates.nvlink_domain = gates.gpus_per_node = 8;
  gates.sequence = 8192, gates.gpus = 1024;
  const Choice sound{.tensor = 8, .pipeline = 4, .data = 32, .global_batch = 1024};
  EXPECT_EQ(gates.broken(sound), 0U);
  const auto broken = [&](auto change) {
    Choice c = sound;
    change(c);
    return gate_names(gates.broken(c));
  };
  EXPECT_EQ(broken([](Choice& c) { c.tensor = 16; }), "tensor-domain");
  EXPECT_EQ(broken([](Choice& c) { c.tensor = 3; }), "node-aligned");
  EXPECT_EQ(broken([](Choice& c) { c.expert = 12; }), "node-aligned");
  EXPECT_EQ(broken([](Choice& c) { c.global_batch = 8192; }), "batch");
  EXPECT_EQ(broken([](Choice& c) { c.schedule = Schedule::zb_h1; }), "schedule");
  EXPECT_EQ(broken([](Choice& c) {
              c.schedule = Schedule::interleaved;
              c.virtual_stages = 2;
              c.data = 512;  // two micro-batches of four ranks
            }),
            "divisible");
  EXPECT_TRUE(gates.bubble_breaks(0.3, 1));
  EXPECT_FALSE(gates.bubble_breaks(0.2, 1));
  gates.ignore("tensor-domain");
  EXPECT_EQ(broken([](Choice& c) { c.tensor = 16; }), "");
  gates.ignore("all");
  EXPECT_EQ(broken([](Choice& c) { c.tensor = 3; }), "");
  EXPECT_NE(refusal([&] { gates.ignore("bubbles"); }).find("accepted: all tensor-domain"), std::string::npos);
}

TEST(Gates, EveryGateNamesItsSource) {
  const Gates gates = load_gates(ConfigStore(TRAINCAST_TEST_CONFIGS), "default");
  for (const Provenance& from : gates.from) EXPECT_GT(from.source.size(), 40U);
}

TEST(Gates, WhatAUserAsksForIsNoOffence) {
  const PreparedRun asked("llama-3.1-405b-16k", 0, {"tp=16", "recompute=full"});
  const SearchResult found = search(asked.space(), asked.gates(), {});
  ASSERT_FALSE(found.best.plans().empty());
  EXPECT_EQ(found.best.plans().front().choice.tensor, 16);
  const PreparedRun free("llama-3.1-405b-16k", 0, {"recompute=full"});
  const SearchResult unasked = search(free.space(), free.gates(), {.top = 50});
  for (const RankedPlan& plan : unasked.best.plans()) {
    EXPECT_LE(plan.choice.tensor, 8);
  }
}

// The targets of the search: plans that were really used are among the best twentieth that fit.
TEST(Answer, PlansThatWereReallyUsedRankHigh) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  for (const char* name : {"llama-3.1-405b-16k", "deepseek-v3-2k"}) {
    Calibrator calibrator(store);
    const SearchAnswer answer = find_best(calibrator, load_run(store, name), {}, load_gates(store, "default"),
                                          Objective::days, 5, {.threads = 2});
    ASSERT_TRUE(answer.own);
    EXPECT_EQ(answer.own->forecast.infeasible, "");
    EXPECT_LT(static_cast<double>(answer.counts.better_than_own),
              0.05 * static_cast<double>(answer.counts.feasible));
    EXPECT_EQ(answer.own->plan.broken, 0U) << gate_names(answer.own->plan.broken);
    // The full model says of the winners what the search says.
    for (const PricedPlan& plan : answer.best) {
      EXPECT_NEAR(plan.forecast.estimate.expected.value() / plan.plan.expected, 1, 1e-5);
      EXPECT_NEAR(plan.forecast.memory.total().value() / plan.plan.memory, 1, 1e-9);
    }
    EXPECT_NEAR(answer.simulated / answer.best.front().forecast.step.time, 1, 0.01);
    EXPECT_NE(why_lost(answer.best[0].forecast, answer.best[1].forecast), "");
  }
}

TEST(Answer, NothingFitsNamesTheNearestPlan) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  Calibrator calibrator(store);
  try {
    find_best(calibrator, load_run(store, "llama-3.1-405b-16k"), {.gpus = 8}, load_gates(store, "default"),
              Objective::days, 5, {});
    FAIL() << "405 B parameters on eight GPUs";
  } catch (const InfeasiblePlan& why) {
    EXPECT_NE(std::string(why.what()).find("the nearest, tp8"), std::string::npos) << why.what();
    EXPECT_NE(std::string(why.what()).find("GiB too much"), std::string::npos) << why.what();
  }
}

}  // namespace
}  // namespace traincast
