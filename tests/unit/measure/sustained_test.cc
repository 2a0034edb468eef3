// Devices that slow down as they warm up.
#include <gtest/gtest.h>

#include "host/calibrate/curves.h"
#include "host/config/load.h"
#include "host/measure/device_state.h"
#include "host/measure/soak.h"
#include "tests/unit/measure/one_rank.h"

namespace traincast {
namespace {

// Takes 1 s at first and 1 + `slower` after `until` seconds of work, straight in between.
struct Warming {
  double slower = 0.1, until = 100;
  double worked = 0;
  int executions = 0;
  Sampled sampled() {
    Sampled what;
    what.time = [this](int repeats) {
      double spent = 0;
      for (int i = 0; i < repeats; ++i) {
        spent += 1 + slower * std::min(1.0, (worked + spent) / until);
        ++executions;
      }
      worked += spent;
      return Seconds(spent);
    };
    what.now = [this] { return Seconds(worked); };
    return what;
  }
};

const SoakPolicy kPolicy{.window = Seconds(5), .least = Seconds(10), .most = Seconds(1000), .change = 0.002};

TEST(Soak, GoesOnUntilTheTimeHasSettled) {
  Warming device;
  const Soak result = soak(kPolicy, device.sampled());
  EXPECT_TRUE(result.settled);
  EXPECT_GT(result.spent, Seconds(100));
  EXPECT_LT(result.spent, Seconds(140));
  EXPECT_LE(result.change, 0.002);
}

TEST(Soak, IsBoundedWhereItNeverSettles) {
  Warming device{.slower = 1, .until = 1e6};
  SoakPolicy policy = kPolicy;
  policy.most = Seconds(50);
  policy.change = 1e-9;
  const Soak result = soak(policy, device.sampled());
  EXPECT_FALSE(result.settled);
  EXPECT_GE(result.spent, Seconds(50));
  EXPECT_LT(result.spent, Seconds(60));
}

TEST(Soak, ASteadyDeviceIsSoakedForTheLeastTime) {
  Warming device{.slower = 0};
  const Soak result = soak(kPolicy, device.sampled());
  EXPECT_TRUE(result.settled);
  EXPECT_GE(result.spent, Seconds(20));  // four windows
  EXPECT_LE(result.spent, Seconds(26));
}

TEST(Soak, AClockThatStandsStillStillEnds) {
  Sampled what;
  what.time = [](int) { return Seconds(0); };
  EXPECT_FALSE(soak(kPolicy, what).settled);
}

TEST(Sustained, BothModesHaveRowsOfBothAndCurvesPreferTheSustained) {
  OneRank one;
  one.options.mode = Mode::both;
  one.options.sections = {Section::gemm, Section::attention};
  // The device slows down once it has been soaked: all sustained rows follow the second formula.
  std::vector<std::string> lines;
  const Profile profile = one.run([&](std::string_view line) {
                               lines.emplace_back(line);
                               if (line.substr(0, 5) == "soak:") one.backend.formula.rate *= 0.9;
                             })
                              .profile;
  FakeBackend::Formula hot;
  hot.rate *= 0.9;
  int sustained = 0;
  int burst = 0;
  for (const OpRow& row : profile.ops) {
    const double expected = (row.sustained ? hot : FakeBackend::Formula{}).time(row.op).value();
    EXPECT_NEAR(row.timing.median.value(), expected, 1e-9 * expected) << to_string(row.op);
    ++(row.sustained ? sustained : burst);
    if (row.sustained) {
      EXPECT_GE(row.timing.median, Seconds(50e-6));
    }
  }
  EXPECT_GT(sustained, 20);
  EXPECT_GT(burst, sustained);
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  const KernelCurves curves = build_curves(profile, load_gpu(store, "h100-sxm"));
  const Op large = Gemm{.m = 8192, .n = 8192, .k = 8192};
  EXPECT_NEAR(curves.time(large).value(), hot.time(large).value(), 1e-3 * hot.time(large).value());
}

TEST(Sustained, AloneItHasNoBurstRowsOfWhatPowerLimits) {
  OneRank one;
  one.options.mode = Mode::sustained;
  one.options.sections = {Section::gemm, Section::memory};
  for (const OpRow& row : one.run().profile.ops) {
    EXPECT_EQ(row.sustained, !std::holds_alternative<MemoryBound>(row.op)) << to_string(row.op);
  }
}

class Sensors final : public Telemetry {
 public:
  std::string why_unavailable() const override { return ""; }
  TelemetrySample sample() override {
    ++calls;
    TelemetrySample sample;
    sample.sm_clock = Frequency(1.98e9 - 1e6 * calls);
    sample.power = Watts(600 + calls);
    sample.throttle_reasons = {"sw_power_cap"};
    return sample;
  }
  int calls = 0;
};

TEST(Sensors, EveryRowHasAReadingAndTheHeaderALine) {
  OneRank one;
  one.backend.sensors = std::make_unique<Sensors>();
  one.options.sections = {Section::attention};
  const Profile profile = one.run().profile;
  ASSERT_GE(profile.ops.size(), 2u);
  EXPECT_EQ(profile.ops[0].state.clock, Frequency(1.979e9));
  EXPECT_EQ(profile.ops[1].state.power, Watts(602));
  EXPECT_FALSE(profile.ops[0].state.temperature_c.has_value());
  EXPECT_EQ(profile.ops[0].state.throttle, std::vector<std::string>{"sw_power_cap"});
  const std::string rows = std::to_string(profile.ops.size());
  EXPECT_NE(profile.telemetry.find("sw_power_cap in " + rows + " rows"), std::string::npos)
      << profile.telemetry;
}

TEST(Sensors, TheirAbsenceIsSaid) {
  OneRank one;
  one.options.sections = {Section::attention};
  const Profile profile = one.run().profile;
  EXPECT_EQ(profile.telemetry, "a fake has no sensors");
  EXPECT_EQ(profile.ops[0].state, DeviceState{});
}

}  // namespace
}  // namespace traincast
