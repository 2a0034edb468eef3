#include "kernels/telemetry.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "kernels/registry.h"

namespace traincast {
namespace {

using Texts = std::vector<std::string>;

TEST(Telemetry, ReadsEveryFigureInSiUnits) {
  const auto telemetry = nvml_telemetry("GPU-11111111", "", TRAINCAST_FAKE_NVML);
  ASSERT_EQ(telemetry->why_unavailable(), "");
  const TelemetrySample sample = telemetry->sample();
  EXPECT_DOUBLE_EQ(sample.sm_clock->value(), 1755e6);
  EXPECT_DOUBLE_EQ(sample.memory_clock->value(), 2619e6);
  EXPECT_DOUBLE_EQ(sample.power->value(), 698.5);
  EXPECT_DOUBLE_EQ(sample.power_limit->value(), 700);
  EXPECT_DOUBLE_EQ(*sample.temperature_c, 61);
  EXPECT_DOUBLE_EQ(sample.energy->value(), 5000000000.123);
  EXPECT_EQ(sample.throttle_reasons, (Texts{"sw_power_cap", "hw_thermal_slowdown"}));
}

TEST(Telemetry, FallsBackToTheBusAndLeavesOutWhatADeviceDoesNotReport) {
  const auto telemetry = nvml_telemetry("GPU-of-another-naming", "0000:5e:00.0", TRAINCAST_FAKE_NVML);
  ASSERT_EQ(telemetry->why_unavailable(), "");
  const TelemetrySample sample = telemetry->sample();
  EXPECT_TRUE(sample.sm_clock && sample.memory_clock && sample.temperature_c);
  EXPECT_FALSE(sample.power || sample.power_limit || sample.energy);
  EXPECT_EQ(sample.throttle_reasons, Texts{"other"});
}

TEST(Telemetry, SaysWhyItCannotRead) {
  EXPECT_EQ(nvml_telemetry("GPU-3", "0000:ff:00.0", TRAINCAST_FAKE_NVML)->why_unavailable(),
            "NVML knows no device GPU-3 at 0000:ff:00.0: Not Found");
  const auto none = nvml_telemetry("GPU-1", "", "libno-such-library.so.1");
  EXPECT_EQ(none->why_unavailable().find("libno-such-library.so.1 cannot be loaded: "), 0u);
  EXPECT_FALSE(none->sample().sm_clock);
  const auto bare = nvml_telemetry("GPU-1", "", TRAINCAST_BARE_NVML);
  EXPECT_NE(bare->why_unavailable().find("lacks nvmlInit_v2"), std::string::npos) << bare->why_unavailable();
  EXPECT_FALSE(make_backend("cpu", 0)->telemetry().why_unavailable().empty());
}

// Every start of the library has its end, also where no device was found.
TEST(Telemetry, ShutsDownWhatItStarted) {
  void* library = dlopen(TRAINCAST_FAKE_NVML, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr);
  const auto users = reinterpret_cast<int (*)()>(dlsym(library, "fake_users"));
  ASSERT_NE(users, nullptr);
  {
    const auto one = nvml_telemetry("GPU-11111111", "", TRAINCAST_FAKE_NVML);
    const auto lost = nvml_telemetry("GPU-3", "", TRAINCAST_FAKE_NVML);
    EXPECT_EQ(users(), 2);
  }
  EXPECT_EQ(users(), 0);
  dlclose(library);
}

}  // namespace
}  // namespace traincast
