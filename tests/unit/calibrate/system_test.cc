#include "host/calibrate/system.h"

#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "host/calibrate/forecast.h"
#include "host/calibrate/system_times.h"
#include "host/config/load.h"
#include "host/config/load_profile.h"

namespace traincast {
namespace {

class SystemTest : public testing::Test {
 protected:
  ConfigStore store{TRAINCAST_TEST_CONFIGS};
};

TEST_F(SystemTest, GroupsShareTheNicsOfTheirNode) {
  // One rank a node of eight: the seven other GPUs belong to seven groups like it.
  Group one = fabric_group({.ranks = 128, .ranks_per_domain = 1, .span = 1024}, 8);
  EXPECT_EQ(one.ranks_per_node, 1);
  EXPECT_EQ(one.groups_per_node, 8);
  EXPECT_EQ(one.span, 1024);
  EXPECT_EQ(fabric_group({.ranks = 64, .ranks_per_domain = 8, .span = 64}, 8).groups_per_node, 1);
  EXPECT_EQ(fabric_group({.ranks = 16, .ranks_per_domain = 2, .span = 64}, 8).groups_per_node, 4);
  // Within a node no NIC is used.
  EXPECT_EQ(fabric_group({.ranks = 4, .ranks_per_domain = 4, .span = 4}, 8).groups_per_node, 1);
}

TEST_F(SystemTest, GroupsOfOneRankANodeGetOneNic) {
  Calibrator calibrator(store);
  const auto run = load_run(store, "llama-3.1-405b-16k");
  const CalibratedSystem system = calibrator.system(run, "h100-sxm");
  const CommGroup group{.ranks = 128, .ranks_per_domain = 1, .span = 1024};
  const Bytes message(8e9);
  const Seconds time = system.view().collectives->time(Collective::all_gather, message, group);
  const double bus = busbw(Collective::all_gather, 128, message, time).value();
  EXPECT_LT(bus, run.cluster.network.nic_per_gpu.value());
  EXPECT_GT(bus, 0.7 * run.cluster.network.nic_per_gpu.value());
}

TEST_F(SystemTest, TheSlowestFleetSetsThePaceAndTheSmallestTheMemory) {
  auto run = load_run(store, "grok-3-central-200k");
  ASSERT_EQ(run.cluster.fleets.size(), 2U);
  Calibrator calibrator(store);
  const Forecast mixed = forecast(calibrator, run);
  EXPECT_EQ(mixed.infeasible, "");
  EXPECT_EQ(mixed.smallest, "h100-sxm");
  for (const Fleet& fleet : run.cluster.fleets) {
    const CalibratedSystem system = calibrator.system(run, fleet.gpu);
    EXPECT_LE(estimate_step(run.model, run.plan, run.stack, system.view()).time, mixed.step.time)
        << fleet.gpu;
  }
  std::swap(run.cluster.fleets[0], run.cluster.fleets[1]);
  const Forecast swapped = forecast(calibrator, run);
  EXPECT_EQ(swapped.smallest, "h100-sxm");
  EXPECT_EQ(swapped.step.time, mixed.step.time);
}

TEST_F(SystemTest, ProfileIsUsedOnTheGpuThatItDescribes) {
  Calibrator calibrator(store, load_profile(store, "h100-sxm-published"));
  EXPECT_TRUE(calibrator.uses_profile("h100-sxm"));
  EXPECT_FALSE(calibrator.uses_profile("h200-sxm"));
  const auto run = load_run(store, "llama-3.1-405b-16k");
  const Forecast with = forecast(calibrator, run);
  EXPECT_TRUE(with.profile_used);
  Calibrator plain(store);
  EXPECT_NE(forecast(plain, run).step.time, with.step.time);
  const CalibratedSystem system = calibrator.system(run, "h100-sxm");
  const double stream = system.view().kernels->stream_rate().value();
  EXPECT_GT(stream, 0.7 * 3.35e12);
  EXPECT_LE(stream, 3.35e12);
  // A large GEMM runs between half and all of the peak.
  const Op gemm = Gemm{8192, 8192, 8192};
  const double rate = (work(gemm).flops / system.view().kernels->time(gemm)).value();
  EXPECT_GT(rate, 0.5 * 989e12);
  EXPECT_LT(rate, 989.5e12);
}

// Imported collectives, or a part of a measurement, must not slow or speed what they say nothing of.
TEST_F(SystemTest, WhatAProfileHasNoRowsOfKeepsItsSustainedRate) {
  const auto run = load_run(store, "llama-3.1-405b-16k");
  const Op ops[] = {Gemm{8192, 8192, 8192}, GroupedGemm{8, 1024, 4096, 4096},
                    Attention{1, 8192, 8192, 16, 1, 128, 128},
                    MemoryBound{MemoryKind::rms_norm, 8192, 16384}};
  const auto times = [&](const std::optional<Profile>& profile, std::string& source) {
    Calibrator calibrator(store, profile);
    const CalibratedSystem system = calibrator.system(run, "h100-sxm");
    source = system.inputs().at(0).from.source;
    std::vector<double> out;
    for (const Op& op : ops) out.push_back(system.view().kernels->time(op).value());
    out.push_back(system.view().kernels->stream_rate().value());
    return out;
  };
  std::string source;
  const std::vector<double> sustained = times({}, source);
  Profile profile = load_profile(store, "h100-sxm-published");
  const std::vector<double> measured = times(profile, source);
  EXPECT_EQ(source.find("no rows of"), std::string::npos) << source;
  for (std::size_t i = 0; i < sustained.size(); ++i) EXPECT_NE(measured[i], sustained[i]) << i;

  const std::vector<OpRow> rows = profile.ops;
  profile.ops.clear();
  EXPECT_EQ(times(profile, source), sustained);
  EXPECT_TRUE(source.starts_with("sustained training rates of h100-sxm: ")) << source;
  for (const OpRow& row : rows) {
    if (std::holds_alternative<MemoryBound>(row.op)) profile.ops.push_back(row);
  }
  const std::vector<double> memory = times(profile, source);
  for (std::size_t i = 0; i < sustained.size(); ++i)
    EXPECT_EQ(memory[i], i < 3 ? sustained[i] : measured[i]) << i;
  EXPECT_NE(
      source.find("; matrix products and attention, which it has no rows of, from the sustained training "
                  "rates of h100-sxm"),
      std::string::npos)
      << source;
}

TEST_F(SystemTest, CurvesInsideANodeHoldForTheSameNvlinkOnly) {
  Calibrator calibrator(store);
  const auto source = [&](const char* run_name, const char* gpu) {
    const CalibratedSystem system = calibrator.system(load_run(store, run_name), gpu);
    return system.inputs().at(1).from.source;
  };
  EXPECT_NE(source("llama-3.1-405b-16k", "h100-sxm").find("inside a node: profile h100-sxm-published"),
            std::string::npos);
  // H800 names H100's profile, but its NVLink is slower.
  EXPECT_EQ(source("deepseek-v3-2k", "h800-sxm").find("inside a node"), std::string::npos);
}

TEST_F(SystemTest, MissingRateNamesTheFile) {
  auto run = load_run(store, "gpt-4-a100-25k");
  run.plan.precision = Precision::fp8;  // A100 has none
  Calibrator calibrator(store);
  try {
    calibrator.system(run, "a100-40gb-sxm");
    FAIL() << "FP8 on A100";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("a100-40gb-sxm.json#/sustained/gemm: no rate for fp8_e4m3"),
              std::string::npos)
        << error.what();
  }
}

TEST_F(SystemTest, EveryShippedRunHasAnEstimate) {
  Calibrator calibrator(store);
  for (const std::string& name : store.names(ConfigKind::runs)) {
    const Forecast f = forecast(calibrator, load_run(store, name));
    EXPECT_EQ(f.infeasible, "") << name;
    EXPECT_GT(f.step.mfu, 0.05) << name;
    EXPECT_LT(f.step.mfu, 1) << name;
    EXPECT_GE(f.estimate.expected, f.estimate.ideal) << name;
    for (int i = 0; i < kFigureGroups; ++i) {
      EXPECT_NE(weakest_input(f.inputs, static_cast<FigureGroup>(i)), nullptr) << name << " " << i;
    }
  }
}

}  // namespace
}  // namespace traincast
