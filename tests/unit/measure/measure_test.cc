// Measure -> save -> load -> curves with a device and a fabric whose formulas are known.
#include "host/measure/measure.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "host/calibrate/curves.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"
#include "tests/unit/config/temporary.h"
#include "tests/unit/measure/one_rank.h"

namespace traincast {
namespace {

TEST(Measure, SaysWhatWasMeasuredWithWhat) {
  OneRank one;
  const Profile profile = one.run().profile;
  EXPECT_EQ(profile.schema_version, kProfileSchemaVersion);
  EXPECT_EQ(profile.gpu, "h100-sxm");
  EXPECT_EQ(profile.tool_version, "1.2.3");
  EXPECT_EQ(profile.when, "2025-01-02T03:04:05Z");
  EXPECT_EQ(profile.device.backend, "fake");
  EXPECT_EQ(profile.device.name, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(profile.device.driver, "1.0");
  EXPECT_EQ(profile.communicator, "fake");
  EXPECT_EQ(profile.hosts, std::vector<std::string>{"fakehost"});
  EXPECT_EQ(profile.from.origin, Origin::measured);
  const std::vector<std::pair<std::string, std::string>> libraries{{"fakeblas", "3"}, {"fakeccl", "2"}};
  EXPECT_EQ(profile.libraries, libraries);
}

TEST(Measure, CurvesOfTheSavedProfileRecoverTheFormula) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  const auto run = load_run(store, "llama-3.1-405b-16k");
  OneRank one;
  one.options.run_ops = ops_of_run(run);
  const TemporaryFolder folder;
  const auto file = folder.path() / "profile.json";
  save_profile(one.run().profile, file);
  const Profile profile = load_profile(file);
  const KernelCurves curves = build_curves(profile, load_gpu(store, profile.gpu));
  ASSERT_GT(profile.ops.size(), 200u);
  for (const OpRow& row : profile.ops) {
    const double expected = one.backend.formula.time(row.op).value();
    EXPECT_NEAR(row.timing.median.value(), expected, 1e-9 * expected) << to_string(row.op);
    // A datasheet bounds the curves; the formula's rates are below it.
    EXPECT_NEAR(curves.time(row.op).value(), expected, 1e-6 * expected) << to_string(row.op);
  }
  for (const Op& op : one.options.run_ops) EXPECT_EQ(curves.use(op).origin, Origin::measured);
  // Between the points the roofline that the fit found answers.
  const Op between = Gemm{.m = 6000, .n = 3000, .k = 5000};
  const double expected = one.backend.formula.time(between).value();
  EXPECT_NEAR(curves.time(between).value(), expected, 0.05 * expected);
}

TEST(Measure, CollectivesFollowTheFabricsFormula) {
  FakeCluster cluster(2);
  std::vector<FakeClock> clocks(2);
  std::vector<Profile> profiles(2);
  cluster.run([&](Session& session) {
    const auto rank = static_cast<std::size_t>(session.rank());
    FakeBackend backend(clocks[rank], {});
    FakeCommunicator communicator(clocks[rank], 2);
    MeasureOptions options = quick_options(clocks[rank]);
    options.sections = {Section::collectives};
    profiles[rank] = measure(backend, communicator, session, options, kSilent).profile;
  });
  const Profile& profile = profiles[0];
  // 1 KiB, 4 KiB, ... 256 MiB in BF16, and the sums in FP32
  ASSERT_EQ(profile.collectives.size(), 10u * (kCollectives + 2));
  const FakeCommunicator::Formula formula;
  for (const CollectiveRow& row : profile.collectives) {
    const double expected = formula.time(row.collective, 2, row.message).value();
    EXPECT_NEAR(row.timing.median.value(), expected, 1e-9 * expected);
    EXPECT_TRUE(row.verified);
    EXPECT_EQ(row.ranks, 2);
    EXPECT_FALSE(row.timing.samples_s.empty());
  }
  EXPECT_TRUE(profile.ops.empty());
}

TEST(Measure, TheSpreadBetweenRanksIsKept) {
  FakeCluster cluster(3);
  std::vector<FakeClock> clocks(3);
  std::vector<Profile> profiles(3);
  const std::vector<double> speeds{1, 0.5, 0.8};
  cluster.run([&](Session& session) {
    const auto rank = static_cast<std::size_t>(session.rank());
    FakeBackend::Formula formula{.launch = Seconds(0)};
    formula.rate *= speeds[rank];
    formula.bandwidth *= speeds[rank];
    FakeBackend backend(clocks[rank], formula, FakeNoise(0.2 * speeds[rank], rank));
    FakeCommunicator communicator(clocks[rank], 3);
    MeasureOptions options = quick_options(clocks[rank]);
    options.sections = {Section::gemm, Section::memory};
    profiles[rank] = measure(backend, communicator, session, options, kSilent).profile;
  });
  const FakeBackend::Formula formula{.launch = Seconds(0)};
  ASSERT_EQ(profiles[0].ops.size(), profiles[1].ops.size());
  for (std::size_t i = 0; i < profiles[0].ops.size(); ++i) {
    const OpRow& row = profiles[0].ops[i];
    const double ideal = formula.time(row.op).value();
    ASSERT_EQ(row.timing.rank_medians_s.size(), 3u);
    EXPECT_EQ(row.timing.rank_medians_s, profiles[2].ops[i].timing.rank_medians_s);
    for (std::size_t rank = 0; rank < 3; ++rank) {
      EXPECT_NEAR(row.timing.rank_medians_s[rank] * speeds[rank], ideal, 0.21 * ideal);
    }
    EXPECT_EQ(row.timing.median.value(), row.timing.rank_medians_s[2]);  // the middle one
  }
}

TEST(Measure, WhatCannotRunIsOneRowAKindWithTheReason) {
  OneRank one;
  one.backend.unsupported = [](const Op& op) -> std::string {
    if (const auto* gemm = std::get_if<Gemm>(&op); gemm != nullptr && gemm->dtype == DataType::fp8_e4m3) {
      return "no FP8 here";
    }
    return std::holds_alternative<Attention>(op) ? "no attention here" : "";
  };
  one.communicator.unsupported = [](Collective collective) -> std::string {
    return collective == Collective::send_recv ? "needs two ranks" : "";
  };
  const Measurement result = one.run();
  EXPECT_TRUE(result.failures.empty());
  std::map<std::string, int> reasons;
  for (const OpRow& row : result.profile.ops) {
    if (!row.timing.skipped.empty()) ++reasons[row.timing.skipped];
  }
  const std::map<std::string, int> expected{{"no FP8 here", 3}, {"no attention here", 4}};
  EXPECT_EQ(reasons, expected);
  int without_figure = 0;
  for (const CollectiveRow& row : result.profile.collectives) {
    if (row.timing.skipped.empty()) continue;
    ++without_figure;
    EXPECT_EQ(row.collective, Collective::send_recv);
    EXPECT_FALSE(row.verified);
  }
  EXPECT_EQ(without_figure, 1);
  const TemporaryFolder folder;  // and such a profile is read back
  save_profile(result.profile, folder.path() / "p.json");
  EXPECT_EQ(load_profile(folder.path() / "p.json").ops.size(), result.profile.ops.size());
}

TEST(Measure, OneRankThatCannotRunStopsAllAndIsNamed) {
  FakeCluster cluster(2);
  std::vector<FakeClock> clocks(2);
  std::vector<Profile> profiles(2);
  cluster.run([&](Session& session) {
    const auto rank = static_cast<std::size_t>(session.rank());
    FakeBackend backend(clocks[rank], {});
    backend.unsupported = [rank](const Op&) { return std::string(rank == 1 ? "out of memory" : ""); };
    FakeCommunicator communicator(clocks[rank], 2);
    MeasureOptions options = quick_options(clocks[rank]);
    options.sections = {Section::attention};
    profiles[rank] = measure(backend, communicator, session, options, kSilent).profile;
  });
  ASSERT_EQ(profiles[0].ops.size(), 4u);
  EXPECT_EQ(profiles[0].ops[0].timing.skipped, "rank 1 on fakehost: out of memory");
}

TEST(Measure, AWrongResultIsARowWithItsReasonAndAFailure) {
  OneRank one;
  one.communicator.wrong = [](Collective collective, Bytes message) -> std::string {
    return collective == Collective::all_gather && message == Bytes(4096) ? "rank 0, element 7 is 3, not 4"
                                                                          : "";
  };
  const Measurement result = one.run();
  EXPECT_EQ(result.failures, std::vector<std::string>{"rank 0, element 7 is 3, not 4"});
  int wrong = 0;
  for (const CollectiveRow& row : result.profile.collectives) {
    const bool meant = row.collective == Collective::all_gather && row.message == Bytes(4096);
    wrong += meant ? 1 : 0;
    EXPECT_EQ(row.verified, !meant);
    EXPECT_EQ(row.timing.skipped, meant ? "wrong result: rank 0, element 7 is 3, not 4" : "");
  }
  EXPECT_EQ(wrong, 1);
}

TEST(Measure, ASlowDeviceKeepsItsBudgetAndStillHasEveryKind) {
  OneRank one;
  one.backend.formula = {.launch = Seconds(0.3), .rate = FlopRate(1e12), .bandwidth = Bandwidth(1e12)};
  one.options.sections = {Section::gemm, Section::attention, Section::memory};
  const Seconds start = one.clock.now();
  const Profile profile = one.run().profile;
  Seconds budget;
  for (const Section section : one.options.sections) budget += section_budget(section, Effort::quick);
  // First points of 12 + 4 + 11 kinds take 0.3 s and more each, three times; one more may be under way.
  EXPECT_LT((one.clock.now() - start).value(), budget.value() + 27 * 3 * 0.35);
  std::set<std::string> measured;
  std::set<std::string> left_out;
  for (const OpRow& row : profile.ops) {
    const bool timed = row.timing.skipped.empty();
    if (timed) measured.insert(std::string(op_class(row.op)));
    if (!timed && row.timing.skipped.find("left out") != std::string::npos) {
      left_out.insert(std::string(op_class(row.op)));
    }
  }
  EXPECT_EQ(measured, (std::set<std::string>{"attention", "gemm", "grouped_gemm", "memory"}));
  EXPECT_EQ(left_out, measured);
}

TEST(Measure, TooLongForOneExecutionIsSaidNotTried) {
  OneRank one;
  one.options.sections = {Section::gemm, Section::runs};
  one.options.run_ops = {Gemm{.m = 1 << 20, .n = 1 << 20, .k = 1 << 20}};  // 2.3e18 FLOP: an hour
  const Profile profile = one.run().profile;
  EXPECT_NE(profile.ops.back().timing.skipped.find("would take about"), std::string::npos);
}

TEST(Measure, EachPassIsHandedOverWhenDone) {
  OneRank one;
  std::vector<std::size_t> ops;
  std::vector<std::size_t> collectives;
  one.options.keep = [&](const Profile& profile, bool pass_ends) {
    if (!pass_ends) return;
    ops.push_back(profile.ops.size());
    collectives.push_back(profile.collectives.size());
  };
  std::vector<std::string> lines;
  const Profile profile = one.run([&](std::string_view line) { lines.emplace_back(line); }).profile;
  // gemm, attention, memory, host, collectives: no shapes of runs were asked for, and one rank sends nothing
  // beside a GEMM.
  ASSERT_EQ(ops.size(), 5u);
  EXPECT_LT(0u, ops[0]);
  EXPECT_LT(ops[0], ops[1]);
  EXPECT_LT(ops[1], ops[2]);
  EXPECT_EQ(ops[4], profile.ops.size());
  EXPECT_EQ(collectives[3], 0u);
  EXPECT_EQ(collectives[4], profile.collectives.size());
  EXPECT_NE(lines.back().find("collectives: 70 of 70 points measured in"), std::string::npos) << lines.back();
}

}  // namespace
}  // namespace traincast
