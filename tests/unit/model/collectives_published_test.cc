// The collective model without measured points against published figures; tolerances are in the names of the
// tests.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "host/model/collectives.h"

namespace traincast {
namespace {

constexpr double kMiB = 1048576;
constexpr double kGiBytes = 1024 * kMiB;

Group whole_nodes(std::int64_t ranks) {
  return {ranks, std::min<std::int64_t>(ranks, 8), 1, 0};
}
Group one_a_node(std::int64_t ranks) {
  return {ranks, 1, 8, 0};
}
double seconds(const Fabric& fabric, const Group& group, Collective collective, double bytes) {
  return collective_cost(fabric, group, collective, Bytes(bytes)).time.value();
}
double busbw_gb(const Fabric& fabric, const Group& group, Collective collective, double bytes) {
  return busbw(collective, group.ranks, Bytes(bytes), Seconds(seconds(fabric, group, collective, bytes)))
             .value() /
         1e9;
}
Fabric raw_h100() {
  Fabric fabric;
  fabric.nvlink = Bandwidth(450e9);
  fabric.nic = Bandwidth(50e9);
  fabric.nvls = true;
  return fabric;
}
Gpu gpu_of(const std::string& product, double nvlink) {
  Gpu gpu;
  gpu.product = product;
  gpu.links.nvlink = Bandwidth(nvlink);
  return gpu;
}
Cluster cluster_of(double nic, double efficiency) {
  Cluster cluster;
  cluster.network.nic_per_gpu = Bandwidth(nic);
  cluster.network.efficiency = efficiency;
  return cluster;
}
struct Published {
  std::int64_t ranks;
  double bytes, figure;
};

TEST(CollectivesPublished, GenerationsByProductName) {
  EXPECT_EQ(gpu_generation("NVIDIA A100-SXM4-80GB"), GpuGeneration::ampere);
  EXPECT_EQ(gpu_generation("NVIDIA H200"), GpuGeneration::hopper);
  EXPECT_EQ(gpu_generation("NVIDIA GB200 NVL72"), GpuGeneration::blackwell);
  EXPECT_TRUE(default_fabric(gpu_of("H100", 450e9), cluster_of(50e9, 0.92)).nvls);
  EXPECT_FALSE(default_fabric(gpu_of("A100", 300e9), cluster_of(25e9, 0.9)).nvls);
}

// Without points, of 8 H100: 0.93 of NVLink's 360 GB/s, all-to-all 0.87, NVLS 0.84 of both ways at 0.85; a
// hop of a tree between two nodes takes 1.7 x 5 us.
TEST(CollectivesPublished, RatesWithoutMeasurements) {
  const Fabric fabric = default_fabric(gpu_of("H100", 450e9), cluster_of(50e9, 0.92));
  EXPECT_NEAR(busbw_gb(fabric, whole_nodes(8), Collective::all_gather, 1e12), 0.93 * 360, 0.1);
  EXPECT_NEAR(busbw_gb(fabric, whole_nodes(8), Collective::all_to_all, 1e12), 0.87 * 360, 0.1);
  EXPECT_NEAR(busbw_gb(fabric, whole_nodes(8), Collective::all_reduce, 1e12), 0.84 * 720 * 0.85 * 7 / 8, 0.1);
  for (const auto& row : collective_alternatives(fabric, whole_nodes(16), Collective::all_reduce, Bytes(1))) {
    if (row.algorithm != CollectiveAlgorithm::tree || row.protocol != Protocol::ll) continue;
    EXPECT_NEAR(row.time.value(), (6.8 + 2 * (7 * 0.6 + 1.7 * 5)) * 1e-6, 1e-9);
  }
}

// NVIDIA/nccl issue 1229, reduce-scatter on 8 x H100 nodes, GB/s; its message size is not stated, 2 GiB
// taken.
TEST(CollectivesPublished, ReduceScatterOnH100NodesWithin10Percent) {
  const Fabric fabric = default_fabric(gpu_of("H100", 450e9), cluster_of(50e9, 0.92));
  for (const auto& row : {Published{32, 2 * kGiBytes, 360},
                          {64, 2 * kGiBytes, 345},
                          {128, 2 * kGiBytes, 320},
                          {256, 2 * kGiBytes, 300},
                          {512, 2 * kGiBytes, 280},
                          {1024, 2 * kGiBytes, 260}}) {
    EXPECT_NEAR(busbw_gb(fabric, whole_nodes(row.ranks), Collective::reduce_scatter, row.bytes) / row.figure,
                1, 0.10)
        << row.ranks;
  }
}

// CoreWeave, 64 H100 on NDR InfiniBand with SHARP, all-reduce bus bandwidth, GB/s.
TEST(CollectivesPublished, AllReduceWithSharpWithin6Percent) {
  Cluster cluster = cluster_of(50e9, 0.92);
  cluster.network.sharp = true;
  const Fabric fabric = default_fabric(gpu_of("H100", 450e9), cluster);
  for (const auto& row : {Published{64, 512 * kMiB, 356},
                          {64, kGiBytes, 366},
                          {64, 2 * kGiBytes, 381},
                          {64, 8 * kGiBytes, 386.6}}) {
    EXPECT_NEAR(busbw_gb(fabric, whole_nodes(64), Collective::all_reduce, row.bytes) / row.figure, 1, 0.06)
        << row.bytes;
  }
}

// One node of 8 GPUs, us (tables of ai-dynamo/aiconfigurator, NCCL 2.29.2 on H100 and 2.27.3 on A100). No
// measured points given: the formula alone.
TEST(CollectivesPublished, OneNodeWithin35PercentAndLargeMessagesWithin10) {
  const Fabric h100 = default_fabric(gpu_of("H100", 450e9), cluster_of(50e9, 0.92));
  const Fabric a100 = default_fabric(gpu_of("A100", 300e9), cluster_of(25e9, 0.9));
  struct Row {
    const Fabric* fabric;
    Collective collective;
    double mib, us;
  };
  using C = Collective;
  for (const Row& row : {Row{&h100, C::all_reduce, 1, 25.4},
                         {&h100, C::all_reduce, 4, 50},
                         {&h100, C::all_reduce, 16, 122},
                         {&h100, C::all_reduce, 64, 325},
                         {&h100, C::all_reduce, 256, 1092},
                         {&h100, C::all_reduce, 512, 2111},
                         {&h100, C::all_gather, 1, 17.1},
                         {&h100, C::all_gather, 4, 33},
                         {&h100, C::all_gather, 64, 208},
                         {&h100, C::all_gather, 512, 1402},
                         {&h100, C::reduce_scatter, 16, 70},
                         {&h100, C::reduce_scatter, 512, 1399},
                         {&h100, C::all_to_all, 16, 76},
                         {&h100, C::all_to_all, 512, 1490},
                         {&a100, C::all_reduce, 1, 39},
                         {&a100, C::all_reduce, 64, 595},
                         {&a100, C::all_reduce, 512, 4226},
                         {&a100, C::all_gather, 4, 48},
                         {&a100, C::all_gather, 512, 2288}}) {
    const double ratio = seconds(*row.fabric, whole_nodes(8), row.collective, row.mib * kMiB) * 1e6 / row.us;
    EXPECT_NEAR(ratio, 1, row.mib >= 256 ? 0.10 : 0.35) << name(row.collective) << " " << row.mib << " MiB";
  }
}

// NCCL's constants as they are, evaluated apart from this code: all-reduce over all ranks, reduce-scatter
// over one rank a node. All-reduce of 64 MiB within 25 % (that evaluation lets 16 channels carry trees), the
// rest within 5 %.
TEST(CollectivesPublished, NcclsModelFrom1024To200000Ranks) {
  const Fabric fabric = raw_h100();
  struct Row {
    std::int64_t ranks;
    double us_1m, us_64m, ms_1g;
  };
  for (const Row& row : {Row{1024, 161, 601, 6.21},
                         {8192, 212, 652, 6.34},
                         {32768, 246, 686, 6.43},
                         {100000, 263, 703, 6.47},
                         {200000, 280, 720, 6.51}}) {
    const auto time = [&](double bytes) {
      return seconds(fabric, whole_nodes(row.ranks), Collective::all_reduce, bytes) * 1e6;
    };
    EXPECT_NEAR(time(kMiB) / row.us_1m, 1, 0.05) << row.ranks;
    EXPECT_NEAR(time(64 * kMiB) / row.us_64m, 1, 0.25) << row.ranks;
    EXPECT_NEAR(time(kGiBytes) / 1e3 / row.ms_1g, 1, 0.05) << row.ranks;
  }
  Fabric no_pat = fabric;
  no_pat.era = NcclEra::v2_21;
  for (const auto& row : {Published{64, 256 * kMiB, 6.40},
                          {256, 256 * kMiB, 8.21},
                          {781, 256 * kMiB, 9.69},
                          {2048, 256 * kMiB, 13.2},
                          {12500, 256 * kMiB, 42.5},
                          {64, 2 * kGiBytes, 44.9},
                          {256, 2 * kGiBytes, 48.1},
                          {781, 2 * kGiBytes, 55.2},
                          {2048, 2 * kGiBytes, 65.4},
                          {12500, 2 * kGiBytes, 94.7}}) {
    EXPECT_NEAR(
        seconds(fabric, one_a_node(row.ranks), Collective::reduce_scatter, row.bytes) * 1e3 / row.figure, 1,
        0.02)
        << row.ranks;
  }
  for (const auto& row : {Published{64, 256 * kMiB, 6.40},
                          {256, 256 * kMiB, 8.24},
                          {781, 256 * kMiB, 12.7},
                          {2048, 256 * kMiB, 23.4},
                          {12500, 256 * kMiB, 75.7}}) {
    EXPECT_NEAR(
        seconds(no_pat, one_a_node(row.ranks), Collective::reduce_scatter, row.bytes) * 1e3 / row.figure, 1,
        0.02)
        << row.ranks;
  }
}

}  // namespace
}  // namespace traincast
