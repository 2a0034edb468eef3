// Each term of NCCL's cost model by hand: the rates in GB/s and latencies in microseconds are those of
// collectives_tuning.cc, and every case is made so that one of them decides.
#include <gtest/gtest.h>

#include "host/model/collectives_tuning.h"

namespace traincast {
namespace {

using A = CollectiveAlgorithm;
constexpr auto kAllReduce = Collective::all_reduce;
constexpr auto kAllGather = Collective::all_gather;

// 8 GPUs and NICs a node: NVLink rings at 360, 240 on A100; NICs of 50 rated 48.
Fabric h100() {
  Fabric fabric;
  fabric.nvlink = Bandwidth(450e9);
  fabric.nic = Bandwidth(50e9);
  fabric.nvls = true;
  return fabric;
}
Fabric with_nic(double gigabytes) {
  Fabric fabric = h100();
  fabric.nic = Bandwidth(gigabytes * 1e9);
  return fabric;
}
Fabric a100() {
  Fabric fabric;
  fabric.generation = GpuGeneration::ampere;
  fabric.nvlink = Bandwidth(300e9);
  fabric.nic = Bandwidth(25e9);
  return fabric;
}
Group nodes_of_8(std::int64_t nodes) {
  return {8 * nodes, 8, 1, 0};
}
NcclTerm term(const Fabric& fabric, const Group& group, Collective collective, A algorithm, Protocol protocol,
              NcclEra era = kNewestEra, Purpose purpose = Purpose::choose) {
  return nccl_term(nccl_tuning(era), purpose, fabric, group, collective, algorithm, protocol).value();
}
double gigabytes(const NcclTerm& t) {
  return t.bandwidth / 1e9;
}

TEST(CollectivesTerms, ChannelsInsideANodeLimitRings) {
  Fabric fabric = h100();
  fabric.nvlink = Bandwidth(2500e9);
  const auto ring = [&](GpuGeneration generation) {
    fabric.generation = generation;
    return gigabytes(term(fabric, nodes_of_8(1), kAllGather, A::ring, Protocol::ll128));
  };
  EXPECT_DOUBLE_EQ(ring(GpuGeneration::volta), 12 * 20.0 * 8 / 7);
  EXPECT_DOUBLE_EQ(ring(GpuGeneration::ampere), 12 * 20.0 * 8 / 7);
  EXPECT_DOUBLE_EQ(ring(GpuGeneration::hopper), 12 * 36.7 * 8 / 7);
  EXPECT_DOUBLE_EQ(ring(GpuGeneration::blackwell), 18 * 40.0 * 8 / 7);
}

TEST(CollectivesTerms, RingsOfLl128KeepAShare) {
  EXPECT_DOUBLE_EQ(gigabytes(term(h100(), nodes_of_8(1), kAllGather, A::ring, Protocol::ll128)),
                   360 * 0.92 * 8 / 7);
  // Older releases give one rank a node less, and two ranks what the channels carry.
  const NcclEra old = NcclEra::v2_21;
  EXPECT_DOUBLE_EQ(gigabytes(term(h100(), {4, 1, 8, 0}, kAllGather, A::ring, Protocol::ll128, old)),
                   48 * 0.7 * 4 / 3);
  EXPECT_DOUBLE_EQ(gigabytes(term(h100(), {8, 2, 4, 0}, kAllGather, A::ring, Protocol::ll128, old)),
                   2 * 36.7 * 8 / 7);
}

TEST(CollectivesTerms, RingsBetweenNodes) {
  Fabric slow = h100();
  slow.nvlink = Bandwidth(50e9);  // rated 40; of 8 channels 7 go into any GPU
  EXPECT_DOUBLE_EQ(gigabytes(term(slow, nodes_of_8(2), kAllGather, A::ring, Protocol::simple)),
                   40 * 8.0 / 7 * 16 / 15);
  // LL is limited by the host between nodes.
  EXPECT_DOUBLE_EQ(gigabytes(term(h100(), nodes_of_8(2), kAllGather, A::ring, Protocol::ll)), 39.0 * 16 / 15);
  Fabric amd = h100();
  amd.amd_host = true;
  EXPECT_DOUBLE_EQ(gigabytes(term(amd, nodes_of_8(2), kAllGather, A::ring, Protocol::ll)), 22.5 * 16 / 15);
}

TEST(CollectivesTerms, StepsOfRings) {
  // 32 ranks on 4 nodes: 62 steps, of which 2.21 counts 8 between nodes.
  const NcclTerm wrapped = term(h100(), nodes_of_8(4), kAllReduce, A::ring, Protocol::simple, NcclEra::v2_21);
  EXPECT_NEAR(wrapped.intra, 54 * 3.4e-6, 1e-15);
  EXPECT_NEAR(wrapped.inter, 8 * 14e-6, 1e-15);
  // A step costs at least the posting of its sends: 1 or 2 us, three times that for Simple.
  Fabric amd = h100();
  amd.amd_host = true;
  EXPECT_NEAR(term(amd, nodes_of_8(2), kAllGather, A::ring, Protocol::simple).intra, 14 * 6e-6, 1e-15);
  EXPECT_NEAR(term(amd, nodes_of_8(2), kAllGather, A::ring, Protocol::ll).intra, 14 * 2e-6, 1e-15);
  EXPECT_NEAR(term(h100(), nodes_of_8(2), kAllGather, A::ring, Protocol::ll).intra, 14 * 1e-6, 1e-15);
}

TEST(CollectivesTerms, PlateauOfRings) {
  Fabric volta = h100();
  volta.generation = GpuGeneration::volta;
  volta.nvls = false;
  EXPECT_EQ(term(volta, nodes_of_8(2), kAllReduce, A::ring, Protocol::simple).plateau, 1.9);
  // From 64 B a channel and rank on; 2.12: from 64 KiB for every 16 ranks on.
  EXPECT_DOUBLE_EQ(term(h100(), nodes_of_8(4), kAllReduce, A::ring, Protocol::simple).plateau_bytes,
                   64 * 8 * 32);
  EXPECT_DOUBLE_EQ(
      term(h100(), nodes_of_8(4), kAllReduce, A::ring, Protocol::simple, NcclEra::v2_12).plateau_bytes,
      2 * 65536);
  // Half a NIC is one channel. For the time, a NIC of 45 GB/s or more on Hopper makes two.
  EXPECT_DOUBLE_EQ(term(h100(), {4, 1, 16, 0}, kAllReduce, A::ring, Protocol::simple).plateau_bytes, 64 * 4);
  const auto timed = [](double nic) {
    return term(with_nic(nic), {4, 1, 8, 0}, kAllReduce, A::ring, Protocol::simple, kNewestEra, Purpose::time)
        .plateau_bytes;
  };
  EXPECT_DOUBLE_EQ(timed(45), 64 * 2 * 4);
  EXPECT_DOUBLE_EQ(timed(42), 64 * 4);
}

TEST(CollectivesTerms, PlateauCountsFromItsSizeOn) {
  NcclTerm t;
  t.base = 1e-6, t.intra = 2e-6, t.inter = 3e-6, t.bandwidth = 1e9, t.plateau = 2, t.plateau_bytes = 1000;
  EXPECT_NEAR(nccl_estimate(t, kAllReduce, 999), 6e-6 + 999e-9, 1e-15);
  EXPECT_NEAR(nccl_estimate(t, kAllReduce, 1000), 12e-6 + 1000e-9, 1e-15);
}

TEST(CollectivesTerms, Trees) {
  const auto between = [](double nic, Protocol protocol) {
    return gigabytes(term(with_nic(nic), nodes_of_8(2), kAllReduce, A::tree, protocol));
  };
  EXPECT_DOUBLE_EQ(between(25, Protocol::simple), 8 * 24 * 0.92 / 2);
  EXPECT_DOUBLE_EQ(between(12, Protocol::ll), 8 * 12 * 0.92 / 3.8 / 2);
  EXPECT_DOUBLE_EQ(between(12, Protocol::ll128), 8 * 12 * 0.92 * 120 / 128 / 2);
  EXPECT_DOUBLE_EQ(gigabytes(term(h100(), nodes_of_8(1), kAllReduce, A::tree, Protocol::ll128)),
                   360 * 0.92 * 7 / 9 / 2);
}

TEST(CollectivesTerms, Switches) {
  const auto inside = [](const Fabric& fabric, NcclEra era) {
    return gigabytes(term(fabric, nodes_of_8(1), kAllReduce, A::nvls, Protocol::simple, era));
  };
  // Both ways over NVLink at 0.85 (Blackwell 0.74) for 7 of 8 ranks; 8 / 14 of that is the message's rate.
  EXPECT_DOUBLE_EQ(inside(h100(), kNewestEra), 2 * 360 * 0.85 * 7 / 8 * 8 / 14);
  EXPECT_DOUBLE_EQ(inside(h100(), NcclEra::v2_23), 360 * 5.0 / 6);
  Fabric b200 = h100();
  b200.generation = GpuGeneration::blackwell;
  b200.nvlink = Bandwidth(900e9);
  EXPECT_DOUBLE_EQ(inside(b200, kNewestEra), 2 * 720 * 0.74 * 7 / 8 * 8 / 14);
  // Five GPUs a node are enough, four are not.
  EXPECT_TRUE(nccl_term(nccl_tuning(kNewestEra), Purpose::choose, h100(), {5, 5, 1, 0}, kAllReduce, A::nvls,
                        Protocol::simple));
  EXPECT_FALSE(nccl_term(nccl_tuning(kNewestEra), Purpose::choose, h100(), {4, 4, 1, 0}, kAllReduce, A::nvls,
                         Protocol::simple));
}

TEST(CollectivesTerms, SwitchTreesBetweenNodes) {
  const auto tree = [](std::int64_t nodes, NcclEra era) {
    return term(with_nic(25), nodes_of_8(nodes), kAllReduce, A::nvls_tree, Protocol::simple, era);
  };
  // Two nodes use their NICs both ways, of which older releases count half.
  EXPECT_DOUBLE_EQ(gigabytes(tree(2, kNewestEra)), 2 * 8 * 24.0 * 16 / 30);
  EXPECT_DOUBLE_EQ(gigabytes(tree(4, kNewestEra)), 8 * 24.0 * 32 / 62);
  EXPECT_DOUBLE_EQ(gigabytes(tree(2, NcclEra::v2_23)), 8 * 24.0 * 5 / 6);
  EXPECT_NEAR(tree(4, NcclEra::v2_18).inter, 2 * 3 * 19e-6, 1e-15);
  EXPECT_NEAR(tree(4, kNewestEra).inter, 2 * 2 * 20.9e-6, 1e-15);
}

// Two GPUs share a NIC: half of the NIC's rate by 2 - 1 / 2 shares.
TEST(CollectivesTerms, SwitchesOfTheNetworkWithoutNvls) {
  Fabric fabric = a100();
  fabric.sharp = true;
  fabric.nics_per_node = 4;
  const NcclTerm t = term(fabric, nodes_of_8(2), kAllReduce, A::sharp, Protocol::simple);
  EXPECT_DOUBLE_EQ(gigabytes(t), 4 * 24 / 1.5 / 2);
  EXPECT_NEAR(t.intra, 2 * (3.7 + 7 * 0.4) * 1e-6, 1e-15);
  EXPECT_NEAR(t.inter, 31e-6, 1e-15);
  EXPECT_EQ(term(fabric, {4, 1, 1, 0}, kAllReduce, A::sharp, Protocol::simple).intra, 0);
}

// A tier of 1 us over 4 nodes: rings pass 4 edges, trees two levels, a switch one; all-reduce goes twice.
TEST(CollectivesTerms, TiersBetweenNodes) {
  const auto added = [](Collective collective, A algorithm) {
    Fabric fabric = h100();
    fabric.sharp = true;
    const auto inter = [&] {
      return term(fabric, nodes_of_8(4), collective, algorithm, Protocol::simple, kNewestEra, Purpose::time)
          .inter;
    };
    const double without = inter();
    fabric.tiers = {{"spine", 4096, 1, Seconds(1e-6)}};
    return inter() - without;
  };
  EXPECT_NEAR(added(kAllReduce, A::ring), 8e-6, 1e-15);
  EXPECT_NEAR(added(kAllGather, A::ring), 4e-6, 1e-15);
  EXPECT_NEAR(added(kAllReduce, A::tree), 4e-6, 1e-15);
  EXPECT_NEAR(added(kAllReduce, A::sharp), 2e-6, 1e-15);
}

TEST(CollectivesTerms, NicsOfAGroup) {
  Fabric fabric = h100();
  EXPECT_DOUBLE_EQ(group_nics(fabric, {8, 2, 1, 0}), 2);
  fabric.nics_per_node = 4;  // a GPU reaches one NIC even where two GPUs share it
  EXPECT_DOUBLE_EQ(group_nics(fabric, {8, 2, 1, 0}), 2);
  EXPECT_DOUBLE_EQ(group_nics(fabric, {8, 2, 4, 0}), 1);
}

}  // namespace
}  // namespace traincast
