// What versions of nccl-tests and the OSU micro-benchmarks print, and launchers around them.
#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "host/import/bandwidth_tests.h"
#include "tests/unit/import/refusal.h"

namespace traincast {
namespace {

std::string refused(std::string_view text, const BandwidthTestFacts& facts = {}) {
  return refusal([&] { import_nccl_tests(text, "log", facts); });
}
std::string refused_osu(std::string_view text, const BandwidthTestFacts& facts = {.ranks = 8}) {
  return refusal([&] { import_osu(text, "osu", facts); });
}

// Versions before 2.11: no root, no program's name, and the greatest difference for the number of wrong
// elements.
constexpr std::string_view k2021 =
    R"(# nThread 1 nGpus 2 minBytes 8 maxBytes 1024 step: 2(factor) warmup iters: 5 iters: 20 validation: 1
#
# Using devices
#   Rank  0 Pid   4242 on     node-a device  0 [0x07] NVIDIA A100-SXM4-80GB
#   Rank  1 Pid   4242 on     node-a device  1 [0x0f] NVIDIA A100-SXM4-80GB
#
#                                                     out-of-place                       in-place
#       size         count      type   redop     time   algbw   busbw  error     time   algbw   busbw  error
#        (B)    (elements)                       (us)  (GB/s)  (GB/s)            (us)  (GB/s)  (GB/s)
     1048576        262144     float     sum    30.00   34.95   34.95  5e-07    29.00   36.16   36.16  5e-07
# Out of bounds values : 0 OK
# Avg bus bandwidth    : 35.5
)";

TEST(NcclTestsVersions, ReadsTheColumnsThatTheHeaderNames) {
  const BandwidthTest test = import_nccl_tests(k2021, "log", {.collective = "all_reduce"});
  ASSERT_EQ(test.rows.size(), 1U);
  EXPECT_DOUBLE_EQ(test.rows[0].timing.median.value(), 30e-6);  // not algbw, 34.95
  EXPECT_EQ(test.rows[0].ranks, 2);
  EXPECT_EQ(test.rows[0].nodes, 1);
  EXPECT_TRUE(test.rows[0].verified);
  EXPECT_EQ(test.device, "NVIDIA A100-SXM4-80GB");
  // All-gather had no operator either.
  constexpr std::string_view kGather =
      "#  size count type time algbw busbw error time algbw busbw error\n 2048 64 float 52.01 1.26 1.10 "
      "0e+00 50.09 "
      "1.31 1.14 0e+00\n";
  const BandwidthTest gather = import_nccl_tests(kGather, "log", {.collective = "all_gather", .ranks = 4});
  EXPECT_DOUBLE_EQ(gather.rows.at(0).timing.median.value(), 52.01e-6);
}

TEST(NcclTestsVersions, RefusesValuesOutOfBounds) {
  std::string text(k2021);
  text.replace(text.find("values : 0 OK"), 13, "values : 3 FAILED");
  EXPECT_EQ(refused(text, {.collective = "all_reduce"}),
            "log:11: nccl-tests found 3 values out of bounds; accepted: 0");
}

// -I and -T of 2026 add columns; without -c nothing is checked.
TEST(NcclTestsVersions, ReadsMoreColumnsAndUncheckedRuns) {
  constexpr std::string_view kNew = R"(# Collective test starting: /opt/reduce_scatter_perf
#       size count type redop root time algbw busbw #wrong i_min i_max i_p99 i_cv% time algbw busbw #wrong i_min i_max i_p99 i_cv% timestamp
 4096 1024 f8e4m3 sum -1 11.5 0.36 0.31 N/A 11.0 12.0 12.0 3.1 11.6 0.35 0.31 N/A 11.1 12.2 12.1 3.0 2026-08-01 10:00:00
 8192 2048 f8e4m3 sum -1 1.2e+05 0.00 0.00 N/A 11.0 12.0 12.0 3.1 11.6 0.35 0.31 N/A 11.1 12.2 12.1 3.0 2026-08-01 10:00:00
)";
  const BandwidthTest test = import_nccl_tests(kNew, "log", {.ranks = 4});
  ASSERT_EQ(test.rows.size(), 2U);
  EXPECT_EQ(test.rows[0].collective, Collective::reduce_scatter);
  EXPECT_DOUBLE_EQ(test.rows[0].timing.median.value(), 11.5e-6);
  EXPECT_EQ(test.rows[0].dtype, DataType::fp8_e4m3);
  EXPECT_FALSE(test.rows[0].verified);
  EXPECT_DOUBLE_EQ(test.rows[1].timing.median.value(), 0.12);
}

constexpr std::string_view kRun =
    "# Collective test starting: all_reduce_perf\n# Using devices\n"
    "#  Rank  0 Group  0 Pid  1 on a device  0 [0000:1b:00] NVIDIA H100 80GB HBM3\n"
    "#  Rank  1 Group  0 Pid  2 on a device  1 [0000:1c:00] NVIDIA H100 80GB HBM3\n"
    "#  size count type redop root time algbw busbw #wrong time algbw busbw #wrong\n";

// Two logs in one file, of two ranks each, are no run of four; and -o all and -N repeat each size.
TEST(NcclTestsVersions, KeepsRunsApartAndTheFirstOfRepeatedSizes) {
  std::string second(kRun);
  second.replace(second.find("all_reduce_perf"), 15, "sendrecv_perf");
  const std::string text =
      std::string(kRun) +
      "1024 256 float sum -1 5.0 0 0 0 5.0 0 0 0\n1024 256 float prod -1 6.0 0 0 0 5.0 0 0 0\n" +
      "# Collective test concluded: all_reduce_perf\n" + second +
      "1024 256 float none -1 7.0 0 0 0 5.0 0 0 N/A\n";
  const BandwidthTest test = import_nccl_tests(text, "log", {});
  ASSERT_EQ(test.rows.size(), 2U);
  EXPECT_DOUBLE_EQ(test.rows[0].timing.median.value(), 5e-6);
  EXPECT_EQ(test.rows[0].ranks, 2);
  EXPECT_EQ(test.rows[1].collective, Collective::send_recv);
  EXPECT_EQ(test.rows[1].ranks, 2);
}

// What -J of versions 2.17 to 2.19 writes: no name of the experiment, texts for booleans and NaN.
TEST(NcclTestsVersions, TakesTheProgramOfAJsonThatNamesNoExperiment) {
  std::string json =
      R"({"version":4,"args":["./build/reduce_scatter_perf","-J","x.json"],"nccl_version":22906,
    "config":{"nthreads":1,"ngpus":2,"per_iter_timing":"true","devices":[{"rank":0,"group":0,"hostname":"a",
      "device_info":"NVIDIA H100 80GB HBM3"}]},
    "results":[{"size":4096,"count":1024,"type":"half","redop":"sum","root":"    -1",
      "out_of_place":{"time":51.5,"alg_bw":"nan","bus_bw":20.36,"nwrong":null},
      "out_of_place_per_iter":{"times_us":[50.0,53.0]},"in_place":null,"actual_iterations":20,"experiment_name":""}],
    "out_of_bounds":{"count":0,"okay":"true"},"average_bus_bandwidth":{"bandwidth":23.0,"okay":"unchecked"}})";
  const BandwidthTest test = import_nccl_tests(json, "log.json", {});
  ASSERT_EQ(test.rows.size(), 1U);
  EXPECT_EQ(test.rows[0].collective, Collective::reduce_scatter);
  EXPECT_EQ(test.rows[0].dtype, DataType::fp16);
  EXPECT_EQ(test.rows[0].ranks, 2);
  EXPECT_DOUBLE_EQ(test.rows[0].timing.median.value(), 51.5e-6);
  EXPECT_FALSE(test.rows[0].verified);
  json.replace(json.find("\"count\":0,"), 10, "\"count\":3,");
  EXPECT_EQ(refused(json), "log#/out_of_bounds: nccl-tests found wrong elements; accepted: none");
  json.replace(json.find("reduce_scatter_perf"), 19, "broadcast_perf");
  EXPECT_NE(refused(json).find("#/results/0/experiment_name: \"\"; accepted:"), std::string::npos);
}

// NCCL_TESTS_SPLIT: two communicators of two ranks on two nodes.
TEST(NcclTestsVersions, CountsTheRanksOfOneCommunicator) {
  std::string text = "# Collective test starting: all_reduce_perf\n# Using devices\n";
  for (int rank = 0; rank < 4; ++rank) {
    text += "#  Rank  " + std::to_string(rank) + " Group  " + std::to_string(rank % 2) + " Pid  1 on " +
            (rank < 2 ? "a" : "b") + " device  0 [0000:1b:00] NVIDIA H100 80GB HBM3\n";
  }
  text += "1024 256 float sum -1 5.0 0 0 0 5.0 0 0 0\n";
  const BandwidthTest test = import_nccl_tests(text, "log", {});
  EXPECT_EQ(test.rows.at(0).ranks, 2);
  EXPECT_EQ(test.rows.at(0).nodes, 2);
}

TEST(NcclTestsVersions, ReadsLinesThatALauncherTagged) {
  std::string tagged;
  std::string_view rest = kRun;
  while (!rest.empty()) {
    tagged += "[1,0]<stdout>:" + std::string(rest.substr(0, rest.find('\n') + 1));
    rest.remove_prefix(rest.find('\n') + 1);
  }
  tagged += " 0: 1024 256 float sum -1 5.0 0 0 0 5.0 0 0 0\n";
  EXPECT_EQ(import_nccl_tests(tagged, "log", {}).rows.size(), 1U);
}

TEST(NcclTestsVersions, RefusesWhatIsNoMeasurementOfOneFabric) {
  const std::string row = "1024 256 float sum -1 5.0 0 0 0 5.0 0 0 0\n";
  std::string twice(kRun);
  twice.replace(twice.find("Rank  1"), 7, "Rank  0");
  EXPECT_NE(refused(twice + row).find("rank 0 for the second time"), std::string::npos);
  std::string mixed(kRun);
  mixed.replace(mixed.rfind("H100 80GB HBM3"), 14, "A100-SXM4-80GB");
  EXPECT_NE(refused(mixed + row).find("a rank on NVIDIA A100-SXM4-80GB beside NVIDIA H100"),
            std::string::npos);
  std::string broadcast(kRun);
  broadcast.replace(broadcast.find("all_reduce_perf"), 15, "broadcast_perf");
  EXPECT_NE(
      refused(broadcast + row).find("log:6: results of broadcast_perf, which has no place in a profile"),
      std::string::npos);
  std::string host(kRun);
  host.replace(host.find(" time "), 6, " cputime ");
  EXPECT_NE(refused(host + row).find("log:5: cputime"), std::string::npos);
  EXPECT_NE(
      refused(R"({"results":[{"size":8,"out_of_place":{"cpu_time":5.0},"experiment_name":"AllReduce"}]})",
              {.ranks = 2})
          .find("log#/results/0/cpu_time"),
      std::string::npos);
  // Columns of NCCL 1's tests, in milliseconds.
  EXPECT_NE(refused("# bytes N type op time algbw busbw res time algbw busbw res\n"
                    "1000 1000 char sum 0.064 157.38 0.00 0e+00 0.005 2083.77 0.00 0e+00\n",
                    {.collective = "all_reduce", .ranks = 2})
                .find("holds no result"),
            std::string::npos);
}

TEST(OsuVersions, ReadsItsTests) {
  const auto one = [](std::string_view text, int ranks = 8) {
    const BandwidthTest test = import_osu(text, "osu", {.ranks = ranks, .nodes = 2});
    EXPECT_EQ(test.rows.size(), 1U);
    return test.rows.at(0);
  };
  const CollectiveRow reduce = one(
      "# OSU MPI-CUDA Allreduce Latency Test v7.0\n# Size Avg Latency(us) Min Latency(us) Max Latency(us) "
      "Iterations\n16777216 8630.58 8619.50 8642.46 10\n");
  EXPECT_EQ(reduce.collective, Collective::all_reduce);
  EXPECT_EQ(reduce.message, Bytes(16777216));
  EXPECT_DOUBLE_EQ(reduce.timing.median.value(), 8630.58e-6);
  const CollectiveRow exchange =
      one("#Using NCCL\n# OSU NCCL-CUDA All-to-All Personalized Exchange Latency Test v7.5\n1024 189.24\n");
  EXPECT_EQ(exchange.collective, Collective::all_to_all);
  EXPECT_EQ(exchange.message, Bytes(8 * 1024));
  // 8 MB in 64 us are 131,072 MB/s; two ranks, whatever else.
  const CollectiveRow bandwidth =
      one("# OSU MPI-CUDA Bandwidth Test v7.5\n# Datatype: MPI_CHAR.\n# Size Bandwidth (MB/s) Validation\n"
          "8388608 131072.0 Pass\n",
          0);
  EXPECT_EQ(bandwidth.collective, Collective::send_recv);
  EXPECT_EQ(bandwidth.ranks, 2);
  EXPECT_TRUE(bandwidth.verified);
  EXPECT_DOUBLE_EQ(bandwidth.timing.median.value(), 64e-6);
  const CollectiveRow latency =
      one("# OSU MPI-CUDA Latency Test v5.7\n# Send Buffer on DEVICE (D) and Receive Buffer on DEVICE (D)\n"
          "# Size          Latency (us)\n0 1.10\n1024 5.47\n",
          0);
  EXPECT_DOUBLE_EQ(latency.timing.median.value(), 5.47e-6);
}

TEST(OsuVersions, ReadsAValidationBeforeOtherColumns) {
  const std::string title = "# OSU MPI-CUDA Allreduce Latency Test v7.5\n";
  EXPECT_TRUE(import_osu(title + "1048576 100.00 Pass 120.00\n", "osu", {.ranks = 8, .nodes = 1})
                  .rows.at(0)
                  .verified);
  EXPECT_EQ(refused_osu(title + "1048576 100.00 Fail 120.00\n"),
            "osu:2: the validation failed; accepted: Pass");
}

TEST(OsuVersions, RefusesHostMemoryAndOtherTests) {
  EXPECT_NE(refused_osu("# OSU MPI Allreduce Latency Test v7.4\n8 1.0\n")
                .find("osu:1: \"OSU MPI\" measured the memory"),
            std::string::npos);
  EXPECT_NE(
      refused_osu(
          "# OSU MPI-CUDA Latency Test v5.7\n# Send Buffer on HOST (H) and Receive Buffer on DEVICE (D)\n")
          .find("osu:2: a buffer in the memory of the host"),
      std::string::npos);
  // Behind an all-reduce, a broadcast is none.
  EXPECT_NE(refused_osu("# OSU MPI-CUDA Allreduce Latency Test v7.4\n8 1.0\n"
                        "# OSU MPI-CUDA Broadcast Latency Test v7.4\n8 1.0\n")
                .find("osu:3: \"broadcast latency test\" has no place"),
            std::string::npos);
  EXPECT_NE(refused_osu("# OSU MPI-CUDA Bi-Directional Bandwidth Test v7.5\n1 0.18\n").find("osu:1:"),
            std::string::npos);
  EXPECT_NE(refused_osu("# OSU MPI-CUDA Allreduce Latency Test v7.4\n8 1.0 Fail\n").find("validation failed"),
            std::string::npos);
  EXPECT_NE(refused_osu("# OSU MPI-CUDA Allreduce Latency Test v7.4\n8 1.0\n", {}).find("--ranks N"),
            std::string::npos);
}

}  // namespace
}  // namespace traincast
