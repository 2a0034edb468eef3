// The tables copied from NCCL against control sums: each row of NCCL's sources added up by hand, so that one
// wrong entry shows.
#include "host/model/collectives_tuning.h"

#include <gtest/gtest.h>

#include <numeric>

namespace traincast {
namespace {

template <typename Row>
double sum(const Row& row) {
  return std::accumulate(row.begin(), row.end(), 0.0);
}
void expect_sums(const std::array<ByNodes, 4>& table, const std::array<double, 4>& sums) {
  for (std::size_t g = 0; g < table.size(); ++g) EXPECT_NEAR(sum(table[g]), sums[g], 1e-9) << g;
}
void expect_sums(const NcclTuning::Latency& latency, double tree, double ring) {
  EXPECT_NEAR(sum(latency.tree), tree, 1e-9);
  EXPECT_NEAR(sum(latency.ring), ring, 1e-9);
}

// By generation: Volta, Ampere, Hopper, Blackwell; a row adds its figures for 1, 2, and 4 or more nodes.
TEST(CollectivesTuning, BandwidthsOfAChannel) {
  for (const NcclEra era : {NcclEra::v2_12, NcclEra::v2_18, NcclEra::v2_19}) {
    expect_sums(nccl_tuning(era).ll_max, {98.4, 129.2, 129.2, 129.2});
  }
  for (const NcclEra era : {NcclEra::v2_21, NcclEra::v2_23, NcclEra::v2_28}) {
    expect_sums(nccl_tuning(era).ll_max, {98.4, 129.2, 221, 442});
  }
  const NcclTuning& t = nccl_tuning(kNewestEra);
  expect_sums(t.ring_ll128_max, {60, 60, 110.1, 120});
  expect_sums(t.tree_ll128_max, {60, 60, 102.4, 107.27});
  expect_sums(t.tree_max, {55, 65.4, 116.1, 136.8});
  expect_sums(t.nvls_tree_max, {0, 0, 103.2, 176});
}

// Microseconds of LL, LL128 and Simple, added.
TEST(CollectivesTuning, Latencies) {
  for (const NcclEra era : {NcclEra::v2_23, NcclEra::v2_28}) {
    const NcclTuning& t = nccl_tuning(era);
    expect_sums(t.base, 6.8 + 14 + 8.4, 6.6 + 14 + 8.4);
    expect_sums(t.nvlink, 0.6 + 1.25 + 4, 0.6 + 1.9 + 3.4);
    expect_sums(t.net, 5 + 8.5 + 14, 2.7 + 4 + 14);
  }
  for (const NcclEra era : {NcclEra::v2_19, NcclEra::v2_21}) {
    const NcclTuning& t = nccl_tuning(era);
    expect_sums(t.base, 6.8 + 14, 6.6 + 14 + 8.4);
    expect_sums(t.nvlink, 0.6 + 1.25 + 28, 0.6 + 1.9 + 3.4);
    expect_sums(t.net, 5 + 8.5 + 28, 2.7 + 4 + 14);
  }
  expect_sums(nccl_tuning(NcclEra::v2_18).nvlink, 0.6 + 1.25 + 4, 0.6 + 1.9 + 3.4);
  expect_sums(nccl_tuning(NcclEra::v2_18).net, 5 + 8.5 + 14, 2.7 + 4 + 14);
  const NcclTuning& oldest = nccl_tuning(NcclEra::v2_12);
  expect_sums(oldest.base, 4.4 + 4.4, 3.6 + 10 + 8.4);
  expect_sums(oldest.nvlink, 0.52 + 1.25 + 28, 0.47 + 1.9 + 3.4);
  expect_sums(oldest.net, 5 + 8.5 + 28, 2.7 + 4 + 28);
}

TEST(CollectivesTuning, SwitchesByRelease) {
  const auto expect = [](NcclEra era, double base, double nvlink, double net, double tree_net) {
    const NcclTuning& t = nccl_tuning(era);
    EXPECT_EQ(t.nvls_base, base);
    EXPECT_EQ(t.nvls_nvlink, nvlink);
    EXPECT_EQ(t.nvls_net, net);
    EXPECT_EQ(t.nvls_tree_net, tree_net);
  };
  expect(NcclEra::v2_18, 23, 0, 18, 19);
  expect(NcclEra::v2_19, 0, 23, 18, 14);
  expect(NcclEra::v2_21, 0, 25, 18, 14);
  expect(NcclEra::v2_23, 0, 25, 18, 14);
  expect(NcclEra::v2_28, 0, 25, 18, 20.9);
}

TEST(CollectivesTuning, SharesAndFactorsByRelease) {
  const auto expect = [](NcclEra era, double share, double gather, double intra, double plateau) {
    const NcclTuning& t = nccl_tuning(era);
    EXPECT_DOUBLE_EQ(t.ring_ll_share, share);
    EXPECT_DOUBLE_EQ(t.ring_ll_share_gather, gather);
    EXPECT_EQ(t.multi_node_ll_intra, intra);
    EXPECT_EQ(t.plateau, plateau);
  };
  expect(NcclEra::v2_12, 0.25, 1.0 / 3, 1.8, 1.9);
  expect(NcclEra::v2_18, 0.25, 1.0 / 3, 1, 1.4);
  expect(NcclEra::v2_19, 0.25, 1.0 / 3, 1, 1.4);
  expect(NcclEra::v2_21, 0.5, 0.5, 1, 1.4);
  expect(NcclEra::v2_28, 0.5, 0.5, 1, 1.4);
}

// 23 powers of two from 64 B to 256 MiB; nothing is corrected outside them.
TEST(CollectivesTuning, TreeCorrectionBySize) {
  const double sums[] = {17.9, 19.0, 17.1};
  for (const Protocol protocol : {Protocol::ll, Protocol::ll128, Protocol::simple}) {
    double total = 0;
    for (double bytes = 64; bytes <= 268435456; bytes *= 2) total += tree_correction(protocol, bytes);
    EXPECT_NEAR(total, sums[static_cast<int>(protocol)], 1e-9);
    EXPECT_EQ(tree_correction(protocol, 63), 1);
    EXPECT_EQ(tree_correction(protocol, 536870912), 1);
  }
  EXPECT_EQ(tree_correction(Protocol::simple, 64), 0.9);
  EXPECT_EQ(tree_correction(Protocol::ll, 127 * 1024), 0.6);  // that of 64 KiB
}

// A rate that NCCL's search knows is found as it is, GB/s.
TEST(CollectivesTuning, SpeedsOfTheSearch) {
  const auto expect = [](GpuGeneration generation, std::initializer_list<double> speeds) {
    for (const double speed : speeds) {
      EXPECT_DOUBLE_EQ(nccl_nic_speed(generation, Bandwidth(speed * 1e9)), speed * 1e9);
      EXPECT_DOUBLE_EQ(nccl_nic_speed(generation, Bandwidth(speed * 1.001e9)), speed * 1e9);
    }
  };
  expect(GpuGeneration::ampere, {48, 30, 28, 24, 20, 18, 15, 12, 10, 9, 7, 6, 5, 4, 3, 2.4, 1.2, 0.24, 0.12});
  expect(GpuGeneration::hopper, {48, 45, 42, 40, 30, 24, 22, 20, 17.5, 15, 12, 6, 3, 2.4, 1.2, 0.24, 0.12});
  expect(GpuGeneration::blackwell,
         {96, 86, 80, 48, 45.1, 42, 40, 30, 24, 22, 20, 17.5, 15, 12, 6, 3, 2.4, 1.2, 0.24, 0.12});
  EXPECT_EQ(nccl_nic_speed(GpuGeneration::ampere, Bandwidth(0.1e9)), 0.1e9);
}

}  // namespace
}  // namespace traincast
