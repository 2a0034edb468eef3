#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/base/file.h"
#include "host/config/load_profile.h"
#include "tests/unit/config/sample_configs.h"

namespace traincast {
namespace {

Profile sample() {
  Profile profile;
  profile.gpu = "h100-sxm";
  profile.tool_version = "0.1.0";
  profile.when = "2025-01-02T03:04:05Z";
  profile.device = {"cuda", "A \"GPU\"\\\n\x01", "550", Bytes(80 * kGiB), Bytes(50e6), 132};
  profile.libraries = {{"z", "1"}, {"a", ""}};
  profile.hosts = {"node1", "node2"};
  profile.communicator = "nccl";
  profile.ranks = 16;
  profile.nodes = 2;
  profile.from = {Origin::measured, "traincast measure \xC3\xA9"};
  // Doubles that need all their digits, and one below the normal range of decimals.
  const Timing timing{"", Seconds(1.0 / 3), {0.1, 1e-7, std::nextafter(0.1, 1)}, {1.7e-4, 2.0 / 3}};
  profile.ops = {
      {Gemm{4096, 8192, 2048, DataType::fp8_e4m3, GemmLayout::weight_gradient, 3}, timing, true},
      {Gemm{1, 2, 3}, {"no FP8 here", {}, {}, {}}, false},
      {GroupedGemm{8, 128, 4096, 7168, DataType::bf16, GemmLayout::data_gradient}, timing, false},
      {Attention{1, 8192, 8192, 64, 8, 192, 128, false, Pass::backward, DataType::fp16}, timing, false},
      {MemoryBound{MemoryKind::adam, 1, 4'000'000'000, DataType::fp32}, timing, false}};
  profile.collectives = {
      {Collective::all_to_all, Bytes(1048576), DataType::bf16, 16, 2, "ring", true, timing},
      {Collective::send_recv, Bytes(3e18 / 7), DataType::fp32, 2, 1, "", false, {"one rank", {}, {}, {}}}};
  profile.devices = {"GPU-1", "GPU-2"};
  profile.options = {{"effort", "full"}, {"mode", "both"}};
  profile.telemetry = "1.98 GHz at 690 W";
  const DeviceState hot{Frequency(1.98e9), Watts(690.5), 71, {"sw_power_cap"}};
  profile.ops[0].algorithm = "algo 66";
  profile.ops[0].best = Seconds(1e-4 / 3);
  profile.ops[0].best_algorithm = "algo 67 (2 of 8)";
  profile.ops[0].during = "all_reduce bf16 of 64 MB";
  profile.ops[0].slowdown = 1.1;
  profile.ops[0].state = hot;
  profile.collectives[0].protocol = "ll128";
  profile.collectives[0].channels = 16;
  profile.collectives[0].estimate = Seconds(1e-5 / 3);
  profile.collectives[0].in_place = true;
  profile.collectives[0].tier = "rail";
  profile.collectives[0].groups = 8;
  profile.collectives[0].during = "gemm";
  profile.collectives[0].slowdown = 4.0 / 3;
  profile.collectives[0].state = hot;
  profile.host_ops = {{KernelLaunch{}, timing, hot},
                      {HostCopy{CopyDirection::host_to_device, 1 << 30}, timing, {}}};
  profile.storage = {{"/scratch", 16, 2, Bytes(1e9), timing, {1e9, 2e9 / 3}}};
  profile.slow_devices = {{3, "node2", "GPU-4", 1.25, 1.02}};
  profile.progress = {{"gemm sustained", 3, 7, Seconds(0.1 + 0.2)}};
  return profile;
}

void expect_equal(const Timing& a, const Timing& b) {
  EXPECT_EQ(a.skipped, b.skipped);
  EXPECT_EQ(a.median, b.median);
  EXPECT_EQ(a.samples_s, b.samples_s);
  EXPECT_EQ(a.rank_medians_s, b.rank_medians_s);
}

TEST(Profile, ComesBackExactly) {
  const TemporaryFolder folder;
  const Profile out = sample();
  save_profile(out, folder.path() / "mine.json");
  const Profile in = load_profile(folder.path() / "mine.json");
  EXPECT_EQ(in.name, "mine");
  EXPECT_EQ(in.gpu, out.gpu);
  EXPECT_EQ(in.tool_version, out.tool_version);
  EXPECT_EQ(in.when, out.when);
  EXPECT_EQ(in.device.backend, out.device.backend);
  EXPECT_EQ(in.device.name, out.device.name);
  EXPECT_EQ(in.device.driver, out.device.driver);
  EXPECT_EQ(in.device.memory, out.device.memory);
  EXPECT_EQ(in.device.last_level_cache, out.device.last_level_cache);
  EXPECT_EQ(in.device.multiprocessors, out.device.multiprocessors);
  EXPECT_EQ(in.libraries, out.libraries);
  EXPECT_EQ(in.hosts, out.hosts);
  EXPECT_EQ(in.communicator, out.communicator);
  EXPECT_EQ(in.ranks, out.ranks);
  EXPECT_EQ(in.nodes, out.nodes);
  EXPECT_EQ(in.from.origin, out.from.origin);
  EXPECT_EQ(in.from.source, out.from.source);
  ASSERT_EQ(in.ops.size(), out.ops.size());
  for (std::size_t i = 0; i < in.ops.size(); ++i) {
    EXPECT_TRUE(in.ops[i].op == out.ops[i].op) << i;
    EXPECT_EQ(in.ops[i].sustained, out.ops[i].sustained);
    expect_equal(in.ops[i].timing, out.ops[i].timing);
    EXPECT_EQ(in.ops[i].state, out.ops[i].state);
    EXPECT_EQ(in.ops[i].best, out.ops[i].best);
    EXPECT_EQ(in.ops[i].during, out.ops[i].during);
  }
  ASSERT_EQ(in.collectives.size(), out.collectives.size());
  for (std::size_t i = 0; i < in.collectives.size(); ++i) {
    const CollectiveRow &a = in.collectives[i], &b = out.collectives[i];
    EXPECT_EQ(a.collective, b.collective);
    EXPECT_EQ(a.message, b.message);
    EXPECT_EQ(a.dtype, b.dtype);
    EXPECT_EQ(a.ranks, b.ranks);
    EXPECT_EQ(a.nodes, b.nodes);
    EXPECT_EQ(a.algorithm, b.algorithm);
    EXPECT_EQ(a.verified, b.verified);
    EXPECT_EQ(a.state, b.state);
    EXPECT_EQ(a.estimate, b.estimate);
    EXPECT_EQ(a.slowdown, b.slowdown);
    EXPECT_EQ(a.tier, b.tier);
    EXPECT_EQ(a.groups, b.groups);
    expect_equal(a.timing, b.timing);
  }
  EXPECT_EQ(in.devices, out.devices);
  EXPECT_EQ(in.options, out.options);
  ASSERT_EQ(in.host_ops.size(), 2U);
  EXPECT_EQ(in.host_ops[1].op, out.host_ops[1].op);
  EXPECT_EQ(in.host_ops[0].state, out.host_ops[0].state);
  ASSERT_EQ(in.storage.size(), 1U);
  EXPECT_EQ(in.storage[0].node_byte_per_s, out.storage[0].node_byte_per_s);
  ASSERT_EQ(in.slow_devices.size(), 1U);
  EXPECT_EQ(in.slow_devices[0].device, "GPU-4");
  ASSERT_EQ(in.progress.size(), 1U);
  EXPECT_EQ(in.progress[0].spent, out.progress[0].spent);
  EXPECT_EQ(profile_text(in), profile_text(out));
}

TEST(Profile, IsWrittenOneRowALine) {
  Profile profile;
  profile.from = {Origin::published, "a paper"};
  profile.ops = {{Gemm{1, 2, 3}, {"", Seconds(1.7e-4), {}, {}}, false}};
  EXPECT_EQ(profile_text(profile), R"({
  "schema_version": 1,
  "device": {"memory_bytes": 0, "last_level_cache_bytes": 0, "multiprocessors": 0},
  "libraries": {},
  "hosts": [],
  "ranks": 1,
  "nodes": 1,
  "origin": "published",
  "source": "a paper",
  "ops": [
    {"op": "gemm", "dtype": "bf16", "layout": "forward", "m": 1, "n": 2, "k": 3, "median_s": 0.00017}
  ],
  "collectives": []
}
)");
}

TEST(Profile, RefusesWhatItCannotRead) {
  const SampleConfigs configs;
  const std::string file = configs.file("profiles/test-profile.json");
  EXPECT_EQ(load_profile(configs.store(), "test-profile").ops.size(), 1U);
  const auto refusal = [&](std::string_view from, std::string_view to) {
    configs.folder.write("profiles/test-profile.json", replaced(kProfile, from, to));
    return message_of([&] { load_profile(configs.store(), "test-profile"); });
  };
  EXPECT_EQ(refusal("\"schema_version\": 1", "\"future\": 0, \"schema_version\": 2"),
            file + "#/schema_version: this program reads version 1 and the file has version 2");
  EXPECT_EQ(refusal("\"schema_version\": 1, ", ""), file + "#: missing key \"schema_version\"");
  EXPECT_EQ(refusal("\"gemm\"", "\"gem\""),
            file + "#/ops/0/op: found the text \"gem\"; accepted: one of gemm grouped_gemm attention memory");
  EXPECT_EQ(refusal("\"bf16\"", "\"bf17\""),
            file + "#/ops/0/dtype: found the text \"bf17\"; accepted: one of fp32 bf16 fp16 fp8_e4m3 fp4");
  EXPECT_EQ(refusal("1.7e-4", "0"),
            file + "#/ops/0/median_s: 0 is out of range; accepted: a plain number from 1e-12 to 1e+09");
  EXPECT_EQ(
      refusal("1.7e-4", "\"170 us\""),
      file + "#/ops/0/median_s: found the text \"170 us\"; accepted: a plain number from 1e-12 to 1e+09");
  EXPECT_EQ(refusal("\"median_s\"", "\"skipped\": \"why\", \"median_s\""),
            file + "#/ops/0/median_s: a row with \"skipped\" has no time");
  EXPECT_EQ(
      refusal("\"median_s\": 1.7e-4", "\"median_s\": 1.7e-4, \"rows\": 1"),
      file +
          "#/ops/0: unknown key \"rows\"; accepted: op m n k dtype layout batch skipped median_s samples_s "
          "rank_medians_s sustained algorithm best_s best_algorithm during slowdown clock_hz power_w "
          "temperature_c "
          "throttle $schema notes origin source");
  EXPECT_EQ(refusal(", \"median_s\": 1.7e-4", ""), file + "#/ops/0: missing key \"median_s\"");
}

TEST(Profile, SavesAndThenComplainsOfWhatCannotBeReadBack) {
  const TemporaryFolder folder;
  Profile profile = sample();
  profile.ops[0].timing.median = Seconds(0);
  const auto file = folder.path() / "mine.json";
  EXPECT_EQ(
      message_of([&] { save_profile(profile, file); }),
      file.string() + "#/ops/0/median_s: 0 is out of range; accepted: a plain number from 1e-12 to 1e+09");
  EXPECT_EQ(read_file(file), profile_text(profile));
}

}  // namespace
}  // namespace traincast
