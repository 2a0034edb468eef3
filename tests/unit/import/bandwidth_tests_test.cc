#include "host/import/bandwidth_tests.h"

#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "tests/unit/import/refusal.h"

namespace traincast {
namespace {

constexpr std::string_view kText = R"(mpirun prints a line of its own
# nccl-tests version 2.17.6 nccl-headers=22803 nccl-library=22803
# Collective test starting: all_reduce_perf
# nThread 1 nGpus 1 minBytes 1048576 maxBytes 2097152 step: 2(factor) warmup iters: 5 iters: 20
# Using devices
#  Rank  0 Group  0 Pid  11 on  node-a device  0 [0000:1b:00] NVIDIA H100 80GB HBM3
#  Rank  1 Group  0 Pid  12 on  node-b device  0 [0000:1b:00] NVIDIA H100 80GB HBM3
#
#       size         count      type   redop    root     time   algbw   busbw  #wrong     time   algbw   busbw  #wrong
#        (B)    (elements)                               (us)  (GB/s)  (GB/s)             (us)  (GB/s)  (GB/s)
     1048576        524288  bfloat16     sum      -1    50.50   20.76   20.76       0    49.00   21.40   21.40       0
     2097152       1048576  bfloat16     sum      -1    80.25   26.13   26.13       0    79.00   26.55   26.55       0
# Out of bounds values : 0 OK
# Avg bus bandwidth    : 23.6
)";

TEST(NcclTests, ReadsItsText) {
  const BandwidthTest test = import_nccl_tests(kText, "log.txt", {});
  EXPECT_EQ(test.device, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(test.nccl_version, "2.28.3");
  ASSERT_EQ(test.rows.size(), 2U);
  EXPECT_EQ(test.rows[0].collective, Collective::all_reduce);
  EXPECT_EQ(test.rows[0].message, Bytes(1048576));
  EXPECT_EQ(test.rows[0].dtype, DataType::bf16);
  EXPECT_DOUBLE_EQ(test.rows[0].timing.median.value(), 50.50e-6);
  EXPECT_EQ(test.rows[0].ranks, 2);
  EXPECT_EQ(test.rows[0].nodes, 2);
  EXPECT_TRUE(test.rows[0].verified);
}

TEST(NcclTests, ReadsItsJson) {
  constexpr std::string_view kJson = R"({"version":3,"start_time":"2026-01-02 03:04:05","nccl_version":22803,
    "config":{"nthreads":1,"ngpus":4,"devices":[{"rank":0,"hostname":"a","device_info":"NVIDIA H100 80GB HBM3"},
                                                {"rank":4,"hostname":"b","device_info":"NVIDIA H100 80GB HBM3"}]},
    "results":[{"size":1024,"count":256,"type":"float","redop":"none","root":"-1",
      "out_of_place":{"time":12.5,"alg_bw":0.08,"bus_bw":0.07,"nwrong":0.0},"in_place":null,
      "actual_iterations":20,"experiment_name":"AllGather"}]})";
  const BandwidthTest test = import_nccl_tests(kJson, "log.json", {});
  ASSERT_EQ(test.rows.size(), 1U);
  EXPECT_EQ(test.rows[0].collective, Collective::all_gather);
  EXPECT_EQ(test.rows[0].ranks, 8);
  EXPECT_EQ(test.rows[0].nodes, 2);
  EXPECT_DOUBLE_EQ(test.rows[0].timing.median.value(), 12.5e-6);
  EXPECT_EQ(test.nccl_version, "2.28.3");
}

TEST(NcclTests, WithoutNamesOfHostsTakesTheNodesItIsTold) {
  constexpr std::string_view kJson =
      R"({"config":{"nthreads":1,"ngpus":2,"devices":[{"hostname":"a"},{"rank":1}]},
    "results":[{"size":1024,"type":"float","out_of_place":{"time":12.5},"experiment_name":"AllReduce"}]})";
  const BandwidthTest test = import_nccl_tests(kJson, "log.json", {.nodes = 2});
  EXPECT_TRUE(test.hosts.empty());
  ASSERT_EQ(test.rows.size(), 1U);
  EXPECT_EQ(test.rows[0].ranks, 4);
  EXPECT_EQ(test.rows[0].nodes, 2);
}

TEST(Osu, ReadsItsTextAndScalesPerPeerSizes) {
  constexpr std::string_view kOsu =
      "\n# OSU MPI-CUDA Allgather Latency Test v7.4\n# Size       Avg Latency(us)\n1024   10.5\n";
  const BandwidthTest test = import_osu(kOsu, "osu.txt", {.ranks = 4, .nodes = 2});
  ASSERT_EQ(test.rows.size(), 1U);
  EXPECT_EQ(test.rows[0].collective, Collective::all_gather);
  EXPECT_EQ(test.rows[0].message, Bytes(4096));
  EXPECT_EQ(test.rows[0].nodes, 2);
}

TEST(BandwidthTests, RefuseInOneLine) {
  EXPECT_NE(refusal([] { import_nccl_tests("", "empty", {}); }).find("empty: names 0 ranks"),
            std::string::npos);
  std::string wrong(kText);
  wrong.replace(wrong.find("20.76   20.76       0"), 21, "20.76   20.76       7");
  EXPECT_NE(refusal([&] {
              import_nccl_tests(wrong, "log.txt", {});
            }).find("log.txt:11: nccl-tests found 7 wrong elements"),
            std::string::npos);
  EXPECT_NE(refusal([] {
              import_nccl_tests("8 2 float sum -1 1.0 1 1 0\n", "t", {.ranks = 2});
            }).find("--collective NAME"),
            std::string::npos);
  EXPECT_NE(
      refusal([] { import_nccl_tests("{\"results\":3}", "t.json", {}); }).find("t.json#/results: missing"),
      std::string::npos);
  EXPECT_NE(refusal([] {
              import_osu("1024 x\n", "o", {.collective = "all_reduce", .ranks = 2});
            }).find("o:1: latency \"x\""),
            std::string::npos);
  EXPECT_NE(refusal([] { import_osu("", "o", {}); }).find("holds no result of the OSU"), std::string::npos);
}

std::string json_of(const std::string& result) {
  return R"({"config":{"nthreads":1,"ngpus":2,"devices":[{"rank":0,"hostname":"a"}]},"results":[)" + result +
         "]}";
}

TEST(NcclTests, JsonResultsThatSayTooLittleAreRefusedByTheirPlace) {
  const auto why = [](const std::string& result, const BandwidthTestFacts& facts = {}) {
    return refusal([&] { import_nccl_tests(json_of(result), "log.json", facts); });
  };
  EXPECT_NE(why("3").find("log.json#/results/0: no out_of_place or in_place object"), std::string::npos);
  EXPECT_NE(
      why(R"({"size":8,"out_of_place":{"time":1}})").find("experiment_name: missing; accepted: AllReduce"),
      std::string::npos);
  EXPECT_EQ(why(R"({"size":8,"out_of_place":{"time":1}})", {.collective = "all_reduce"}), "accepted");
  EXPECT_NE(why(R"({"size":8,"out_of_place":{"time":1,"nwrong":2},"experiment_name":"AllReduce"})")
                .find("found wrong elements"),
            std::string::npos);
  EXPECT_NE(
      why(R"({"size":0,"out_of_place":{"time":1},"experiment_name":"AllReduce"})").find("holds no result"),
      std::string::npos);
  EXPECT_NE(refusal([] { import_nccl_tests(R"({"results":[]})", "log.json", {}); }).find("names 0 ranks"),
            std::string::npos);
  for (const char* threads : {"1e300", "0", "257", "1.5", "-1"}) {
    const std::string config = R"({"config":{"nthreads":)" + std::string(threads) + R"(,"devices":[]}})";
    EXPECT_NE(refusal([&] {
                import_nccl_tests(config, "log.json", {});
              }).find("log.json#/config: nthreads times ngpus; accepted: a whole number from 1 to 256"),
              std::string::npos)
        << threads;
  }
  // In place where that alone was timed; the type of NCCL's default.
  const BandwidthTest test = import_nccl_tests(
      json_of(R"({"size":64,"out_of_place":null,"in_place":{"time":2},"experiment_name":"SendRecv"})"), "t",
      {});
  EXPECT_EQ(test.rows[0].collective, Collective::send_recv);
  EXPECT_EQ(test.rows[0].dtype, DataType::fp32);
  EXPECT_FALSE(test.rows[0].verified);
}

// A header that names the type last, and lines that end before it: no line of that table.
TEST(NcclTests, LinesShorterThanTheirHeaderAreNoResults) {
  const std::string text =
      "# Collective test starting: all_reduce_perf\n#  size  count  time  algbw  busbw  #wrong  type\n"
      "1048576 262144 45.1 23.2 23.2 0\n";
  EXPECT_NE(refusal([&] { import_nccl_tests(text, "t", {.ranks = 2}); }).find("holds no result"),
            std::string::npos);
  EXPECT_EQ(
      import_nccl_tests(text + "1048576 262144 45.1 23.2 23.2 0 half\n", "t", {.ranks = 2}).rows.at(0).dtype,
      DataType::fp16);
}

TEST(NcclTests, TextWithoutRanksTakesThoseGivenAndSkipsEmptyLines) {
  const BandwidthTest test = import_nccl_tests(
      "# Collective test starting: /opt/bin/alltoall_perf\n#  Rank  0 Group\n"
      "0 0 float none -1 1.0 1 1 N/A\n64 16 half none -1 3.0 1 1 N/A\n",
      "t", {.ranks = 8, .nodes = 2});
  ASSERT_EQ(test.rows.size(), 1U) << "a message of no bytes is no point";
  EXPECT_EQ(test.rows[0].collective, Collective::all_to_all);
  EXPECT_EQ(test.rows[0].dtype, DataType::fp16);
  EXPECT_EQ(test.rows[0].ranks, 8);
  EXPECT_EQ(test.rows[0].nodes, 2);
  EXPECT_FALSE(test.rows[0].verified);
  EXPECT_NE(refusal([] {
              import_nccl_tests("64 16 half sum -1 fast 1 1 0\n", "t",
                                {.collective = "all_reduce", .ranks = 2});
            }).find("t:1: time \"fast\"; accepted: microseconds"),
            std::string::npos);
}

TEST(Osu, RefusesWhatItCannotPlace) {
  EXPECT_NE(
      refusal([] { import_osu("1024 10\n", "o", {.ranks = 2}); }).find("o:1: no title says which collective"),
      std::string::npos);
  EXPECT_NE(refusal([] {
              import_osu("# OSU MPI-CUDA Allreduce Latency Test v7.4\n0 10\n", "o", {.ranks = 2});
            }).find("holds no result"),
            std::string::npos);
}

// A profile is JSON, and JSON is UTF-8.
TEST(NcclTests, NamesOfBytesThatAreNoTextAreMadePrintable) {
  const BandwidthTest test = import_nccl_tests(
      "# Collective test starting: all_reduce_perf\n# nccl-library=M\xd1Q\n"
      "#  Rank  0 Group  0 Pid 1 on h\xff device  0 [0000:1b:00] NVIDIA\x01 H100\n"
      "#  Rank  1 Group  0 Pid 2 on h\xff device  1 [0000:43:00] NVIDIA\x01 H100\n"
      "64 16 float sum -1 3.0 1 1 0\n",
      "t", {});
  EXPECT_EQ(test.nccl_version, "M?Q");
  EXPECT_EQ(test.hosts, (std::vector<std::string>{"h?", "h?"}));
  EXPECT_EQ(test.device, "NVIDIA? H100");
}

// What no profile holds: its reader would refuse the file that the import has just written.
TEST(BandwidthTests, RefusePointsThatNoProfileHolds) {
  const BandwidthTestFacts two{.collective = "all_reduce", .ranks = 2};
  EXPECT_EQ(refusal([&] { import_nccl_tests("-8 2 float sum -1 1.0 1 1 0\n", "t", two); }),
            "t:1: a message of -8 bytes; accepted: 1 to 1e18");
  EXPECT_EQ(refusal([&] { import_osu("-8 1.5\n", "o", two); }),
            "o:1: a message of -8 bytes; accepted: 1 to 1e18");
  EXPECT_EQ(refusal([&] { import_osu("2000000000000000000 1.5\n", "o", two); }),
            "o:1: a message of 2e+18 bytes; accepted: 1 to 1e18");
  EXPECT_EQ(refusal([&] { import_osu("8 2.5e-7\n", "o", two); }),
            "o:1: a time of 2.5e-13 s; accepted: 1e-12 to 1e9");
  EXPECT_EQ(
      refusal([&] { import_osu("8 1.5\n", "o", {.collective = "all_reduce", .ranks = 2, .nodes = 3}); }),
      "o: 3 nodes of 2 ranks; accepted: no more nodes than ranks");
  constexpr std::string_view kHalfAByte =
      R"({"results":[{"size":0.5,"type":"float","out_of_place":{"time":1.5},"experiment_name":"AllReduce"}]})";
  EXPECT_EQ(refusal([&] { import_nccl_tests(kHalfAByte, "t.json", two); }),
            "t.json#/results/0: a message of 0.5 bytes; accepted: 1 to 1e18");
}

TEST(MergePoints, ReplacesTheSamePointAndRefusesAnotherGpu) {
  Profile profile;
  profile.name = "mine";
  const BandwidthTest test = import_nccl_tests(kText, "log.txt", {});
  merge_points(profile, "h100-sxm", test.rows);
  merge_points(profile, "h100-sxm", test.rows);
  EXPECT_EQ(profile.collectives.size(), 2U);
  EXPECT_EQ(profile.gpu, "h100-sxm");
  EXPECT_NE(refusal([&] { merge_points(profile, "a100-80gb-sxm", test.rows); }).find("describes h100-sxm"),
            std::string::npos);
}

TEST(MergePoints, LeavesWhatWasMeasuredBesideAnOperation) {
  const BandwidthTest test = import_nccl_tests(kText, "log.txt", {});
  Profile profile;
  profile.collectives.push_back(test.rows[0]);
  profile.collectives[0].during = "gemm";
  profile.collectives[0].timing.median = Seconds(1);
  merge_points(profile, "h100-sxm", test.rows);
  ASSERT_EQ(profile.collectives.size(), 3U);
  EXPECT_EQ(profile.collectives[0].timing.median, Seconds(1));
}

}  // namespace
}  // namespace traincast
