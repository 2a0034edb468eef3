#include "host/measure/devices.h"

#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "tests/fakes/fake_cluster.h"

namespace traincast {
namespace {

DeviceInfo device(std::string backend, std::string name, std::string id) {
  DeviceInfo info;
  info.backend = std::move(backend);
  info.name = std::move(name);
  info.id = std::move(id);
  return info;
}

TEST(Devices, AConfigIsFoundByWhatDriversPrint) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  const auto named = [&](const char* name) { return gpu_config_of(store, device("cuda", name, "")); };
  EXPECT_EQ(named("NVIDIA H100 80GB HBM3"), "h100-sxm");
  EXPECT_EQ(named("NVIDIA H200"), "h200-sxm");
  EXPECT_EQ(named("NVIDIA A100-SXM4-80GB"), "a100-80gb-sxm");
  EXPECT_EQ(named("NVIDIA A100-SXM4-40GB"), "a100-40gb-sxm");
  EXPECT_EQ(named("NVIDIA B200"), "b200-sxm");
  EXPECT_EQ(named("NVIDIA GeForce 256"), "");
  EXPECT_EQ(gpu_config_of(store, device("cpu", "AMD EPYC", "cpu")), "cpu");
}

std::string refusal(const std::vector<DeviceInfo>& devices) {
  std::string text;
  try {
    FakeCluster(static_cast<int>(devices.size())).run([&](Session& session) {
      check_same_devices(session, devices[static_cast<std::size_t>(session.rank())]);
    });
  } catch (const DeviceError& error) {
    text = error.what();
  }
  return text;
}

TEST(Devices, MixedAndSharedOnesAreRefused) {
  EXPECT_EQ(refusal({device("cuda", "A", "1"), device("cuda", "A", "2")}), "");
  EXPECT_EQ(refusal({device("cpu", "A", "cpu"), device("cpu", "A", "cpu")}), "");
  EXPECT_EQ(
      refusal({device("cuda", "A", "1"), device("cuda", "B", "2")}),
      "rank 1 on fakehost has \"cuda B\", rank 0 on fakehost \"cuda A\"; a profile describes one kind of "
      "device");
  EXPECT_EQ(refusal({device("cuda", "A", "1"), device("cuda", "A", "2"), device("cuda", "A", "1")}),
            "rank 2 on fakehost shares device fakehost 1 with rank 0; start one rank a GPU");
}

}  // namespace
}  // namespace traincast
