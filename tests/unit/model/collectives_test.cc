// NCCL's formulas against values computed by hand, the invariants that the search relies on, and published
// figures.
#include "host/model/collectives.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdlib>
#include <new>
#include <optional>
#include <utility>

#include "host/model/collectives_tuning.h"

namespace {
std::atomic<long> allocations{0};
}  // namespace
// Counts every allocation of this program. Not inlined: GCC 12 then warns of a mismatch that is none.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace traincast {
namespace {

using A = CollectiveAlgorithm;
constexpr double kMiB = 1048576;
constexpr double kGiBytes = 1024 * kMiB;

// 8 x H100 with 8 x 400 Gb/s, Intel host, NCCL's constants as they are.
Fabric raw_h100() {
  Fabric fabric;
  fabric.nvlink = Bandwidth(450e9);
  fabric.nic = Bandwidth(50e9);
  fabric.nvls = true;
  return fabric;
}
Fabric raw_a100() {
  Fabric fabric;
  fabric.generation = GpuGeneration::ampere;
  fabric.nvlink = Bandwidth(300e9);
  fabric.nic = Bandwidth(25e9);
  return fabric;
}
Group whole_nodes(std::int64_t ranks) {
  return {ranks, std::min<std::int64_t>(ranks, 8), 1, 0};
}
// One rank a node; the node's other seven GPUs are in groups like it.
Group one_a_node(std::int64_t ranks) {
  return {ranks, 1, 8, 0};
}
std::optional<CollectiveAlternative> find(const Fabric& fabric, const Group& group, Collective collective,
                                          double bytes, A algorithm, Protocol protocol) {
  for (const auto& row : collective_alternatives(fabric, group, collective, Bytes(bytes))) {
    if (row.algorithm == algorithm && row.protocol == protocol) return row;
  }
  return std::nullopt;
}
double seconds(const Fabric& fabric, const Group& group, Collective collective, double bytes) {
  return collective_cost(fabric, group, collective, Bytes(bytes)).time.value();
}
TEST(Collectives, RingAllReduceIsNcclsFormula) {
  // 64 ranks on 8 nodes, Simple: 126 steps, 14 of them between nodes; 8 channels of 48 GB/s; plateau 1.4.
  const auto ring =
      find(raw_h100(), whole_nodes(64), Collective::all_reduce, kGiBytes, A::ring, Protocol::simple);
  ASSERT_TRUE(ring);
  const double latency = 1.4 * (8.4 + (126 - 14) * 3.4 + 14 * 14.0) * 1e-6;
  const double transfer = kGiBytes * 2 * 63 / 64 / 384e9;
  EXPECT_NEAR(ring->nccl.value(), latency + transfer, 1e-12);
  // Half of the steps, half of the data and no plateau in a reduce-scatter.
  const auto half =
      find(raw_h100(), whole_nodes(64), Collective::reduce_scatter, kGiBytes, A::ring, Protocol::simple);
  ASSERT_TRUE(half);
  EXPECT_NEAR(half->nccl.value(), (8.4 + 56 * 3.4 + 7 * 14.0) * 1e-6 + transfer / 2, 1e-12);
}

TEST(Collectives, TreeLatencyGrowsWithTheLogarithmOfNodes) {
  for (const std::int64_t nodes : {2, 8, 1024}) {
    const auto tree =
        find(raw_h100(), whole_nodes(8 * nodes), Collective::all_reduce, 1, A::tree, Protocol::ll);
    ASSERT_TRUE(tree);
    const double expected = 6.8 + 2 * (7 * 0.6 + std::log2(static_cast<double>(nodes)) * 5.0);
    EXPECT_NEAR(tree->time.value() * 1e6, expected, 1e-3);
  }
}

TEST(Collectives, SwitchAndPatTermsAreNcclsFormula) {
  Fabric fabric = raw_h100();
  fabric.sharp = true;
  const auto nvls_tree =
      find(fabric, whole_nodes(1024), Collective::all_reduce, kGiBytes, A::nvls_tree, Protocol::simple);
  ASSERT_TRUE(nvls_tree);  // 45.5 GB/s a channel at most
  EXPECT_NEAR(nvls_tree->nccl.value(), (25 + 2 * 7 * 20.9) * 1e-6 + kGiBytes * 2 * 1023 / 1024 / (8 * 45.5e9),
              1e-9);
  const auto sharp =
      find(fabric, whole_nodes(1024), Collective::all_reduce, kGiBytes, A::sharp, Protocol::simple);
  ASSERT_TRUE(sharp);
  EXPECT_NEAR(sharp->nccl.value(), 43e-6 + kGiBytes * 2 * 1023 / 1024 / 384e9, 1e-9);
  const auto pat =
      find(fabric, one_a_node(256), Collective::reduce_scatter, kGiBytes, A::pat, Protocol::simple);
  ASSERT_TRUE(pat);
  EXPECT_NEAR(pat->nccl.value(), (8 + 8 * 4 + 2.8 * 256) * 1e-6 + kGiBytes / (0.75 * 48e9), 1e-9);
  // PAT needs one rank a node, trees reduce, NVLS needs more than four GPUs a node.
  EXPECT_FALSE(find(fabric, whole_nodes(256), Collective::reduce_scatter, 1, A::pat, Protocol::simple));
  EXPECT_FALSE(find(fabric, whole_nodes(256), Collective::all_gather, 1, A::tree, Protocol::ll));
  EXPECT_FALSE(find(fabric, {4, 4, 1, 0}, Collective::all_reduce, 1, A::nvls, Protocol::simple));
}

TEST(Collectives, ChoiceFollowsSizeScaleAndRelease) {
  const Fabric h100 = raw_h100();
  EXPECT_EQ(collective_cost(h100, whole_nodes(8), Collective::all_reduce, Bytes(512 * kMiB)).algorithm,
            A::nvls);
  EXPECT_EQ(collective_cost(h100, whole_nodes(8), Collective::all_reduce, Bytes(1024)).protocol,
            Protocol::ll);
  EXPECT_EQ(collective_cost(h100, whole_nodes(1024), Collective::all_reduce, Bytes(1024)).algorithm, A::tree);
  EXPECT_EQ(collective_cost(h100, whole_nodes(1024), Collective::all_reduce, Bytes(kGiBytes)).algorithm,
            A::nvls_tree);
  const Fabric a100 = raw_a100();
  EXPECT_EQ(collective_cost(a100, whole_nodes(32), Collective::all_reduce, Bytes(kGiBytes)).algorithm,
            A::ring);
  EXPECT_EQ(collective_cost(a100, whole_nodes(32), Collective::all_reduce, Bytes(4096)).algorithm, A::tree);
  EXPECT_EQ(collective_cost(h100, one_a_node(2048), Collective::all_gather, Bytes(256 * kMiB)).algorithm,
            A::pat);
  Fabric before_pat = h100;
  before_pat.era = NcclEra::v2_21;
  EXPECT_EQ(
      collective_cost(before_pat, one_a_node(2048), Collective::all_gather, Bytes(256 * kMiB)).algorithm,
      A::ring);
  Fabric no_ll128 = a100;
  no_ll128.ll128 = false;
  EXPECT_FALSE(find(no_ll128, whole_nodes(32), Collective::all_reduce, 1, A::tree, Protocol::ll128));
}

TEST(Collectives, ScalarsCorrectTheTimeAndNotTheChoice) {
  Fabric slow = raw_a100();
  for (ClassScalars& scalars : slow.between) {
    scalars.offset = Seconds(10e-6);
    scalars.of(A::ring, Protocol::simple) = {0.5, 2, 3, 1};
  }
  const double bytes = kGiBytes;
  const auto plain = collective_cost(raw_a100(), whole_nodes(32), Collective::all_gather, Bytes(bytes));
  const auto cost = collective_cost(slow, whole_nodes(32), Collective::all_gather, Bytes(bytes));
  EXPECT_EQ(cost.algorithm, plain.algorithm);
  EXPECT_EQ(cost.protocol, plain.protocol);
  const double expected = (10 + 8.4 + 2 * 28 * 3.4 + 3 * 3 * 14.0) * 1e-6 + bytes * 31 / 32 / (0.5 * 192e9);
  EXPECT_NEAR(cost.time.value(), expected, 1e-9);
  // Steps hide in part under the transfer.
  slow.between[1].of(A::ring, Protocol::simple).overlap = 2;
  const double steps = (2 * 28 * 3.4 + 3 * 3 * 14.0) * 1e-6, transfer = bytes * 31 / 32 / (0.5 * 192e9);
  EXPECT_NEAR(seconds(slow, whole_nodes(32), Collective::all_gather, bytes),
              18.4e-6 + std::hypot(steps, transfer), 1e-9);
}

TEST(Collectives, NeverFasterForLargerMessages) {
  for (int era = 0; era < kNcclEras; ++era) {
    for (Fabric fabric : {raw_h100(), raw_a100()}) {
      fabric.era = static_cast<NcclEra>(era);
      // Scalars that contradict NCCL's choices.
      fabric.between[0].of(A::tree, Protocol::ll).bandwidth = 0.2;
      fabric.between[1].of(A::ring, Protocol::ll).bandwidth = 0.3;
      for (const Group& group : {whole_nodes(2), whole_nodes(8), whole_nodes(24), whole_nodes(4096),
                                 one_a_node(3), one_a_node(512), Group{96, 4, 2, 0}}) {
        for (int op = 0; op < kCollectives; ++op) {
          double last = 0;
          for (int step = 0; step < 96; ++step) {
            const double bytes = std::pow(1.37, step);
            const double time = seconds(fabric, group, static_cast<Collective>(op), bytes);
            ASSERT_TRUE(std::isfinite(time));
            ASSERT_GE(time, last) << name(static_cast<Collective>(op)) << " " << group.ranks << " ranks, "
                                  << bytes << " B, NCCL " << name(fabric.era);
            last = time;
          }
          // Choices change at powers of two: just below one is no slower than there.
          for (double power = 256; power < 1e12; power *= 2) {
            ASSERT_LE(seconds(fabric, group, static_cast<Collective>(op), power * (1 - 1e-9)),
                      seconds(fabric, group, static_cast<Collective>(op), power))
                << name(static_cast<Collective>(op)) << " " << group.ranks << " ranks, " << power << " B";
          }
        }
      }
    }
  }
}

TEST(Collectives, FiniteAndGrowingToAMillionRanksAndBeyond) {
  for (int op = 0; op < kCollectives - 1; ++op) {
    double last = 0;
    for (std::int64_t ranks = 16; ranks <= 1000000000; ranks *= 4) {
      const double time = seconds(raw_h100(), whole_nodes(ranks), static_cast<Collective>(op), 1e9);
      ASSERT_TRUE(std::isfinite(time)) << ranks;
      ASSERT_GE(time, last * 0.999) << name(static_cast<Collective>(op)) << " " << ranks;
      last = time;
    }
  }
  // The flat ring at 100,000 ranks is latency-dead: 0.24 s in its fastest protocol.
  const auto ring = find(raw_h100(), whole_nodes(100000), Collective::all_reduce, 1, A::ring, Protocol::ll);
  ASSERT_TRUE(ring);
  EXPECT_NEAR(ring->nccl.value(), 0.2425, 0.0005);
}

TEST(Collectives, TheTimeQueryAllocatesNothing) {
  const Fabric fabric = raw_h100();
  const long before = allocations;
  double sum = 0;
  for (int op = 0; op < kCollectives; ++op)
    sum += seconds(fabric, whole_nodes(1024), static_cast<Collective>(op), 1e8);
  const long after = allocations;
  EXPECT_GT(sum, 0);
  EXPECT_EQ(after, before);
}

TEST(Collectives, NothingToDoCostsNothing) {
  EXPECT_EQ(seconds(raw_h100(), {1, 1, 1, 0}, Collective::all_reduce, 1e9), 0);
  EXPECT_EQ(seconds(raw_h100(), whole_nodes(16), Collective::all_reduce, 0), 0);
  EXPECT_TRUE(collective_alternatives(raw_h100(), {1, 1, 1, 0}, Collective::all_reduce, Bytes(1)).empty());
}

TEST(Collectives, AllToAllBetweenNodesIsBoundByOneNicAGpu) {
  const double bytes = 1e10;
  const double expected = bytes * (64 - 8) / 64 / 48e9;
  EXPECT_NEAR(seconds(raw_h100(), whole_nodes(64), Collective::all_to_all, bytes), expected, 1e-3 * expected);
  // Inside a node NVLink bounds it.
  EXPECT_NEAR(seconds(raw_h100(), whole_nodes(8), Collective::all_to_all, bytes), bytes * 7 / 8 / 360e9,
              3e-5);
}

TEST(Collectives, SendRecvTakesNvlinkInsideAndTheNicOutside) {
  EXPECT_NEAR(seconds(raw_h100(), {2, 2, 1, 0}, Collective::send_recv, 3.6e9), (8.4 + 3.4) * 1e-6 + 0.01,
              1e-9);
  EXPECT_NEAR(seconds(raw_h100(), {2, 1, 8, 0}, Collective::send_recv, 4.8e9), (8.4 + 14) * 1e-6 + 0.1, 1e-9);
  // Sixteen pairs share eight NICs.
  EXPECT_NEAR(seconds(raw_h100(), {2, 1, 16, 0}, Collective::send_recv, 4.8e9), (8.4 + 14) * 1e-6 + 0.2,
              1e-9);
}

TEST(Collectives, RailsHaveTheirOwnNicsUntilGroupsShareThem) {
  const double own = seconds(raw_h100(), one_a_node(64), Collective::reduce_scatter, 2 * kGiBytes);
  const double shared = seconds(raw_h100(), {64, 1, 16, 0}, Collective::reduce_scatter, 2 * kGiBytes);
  EXPECT_NEAR(own, (8.4 + 63 * 14.0) * 1e-6 + 2 * kGiBytes * 63 / 64 / 48e9, 1e-6);
  EXPECT_NEAR(shared - own, 2 * kGiBytes * 63 / 64 / 48e9, 1e-6);
}

TEST(Collectives, TiersAddLatencyAndOversubscriptionSlowsWhatCrosses) {
  Fabric fabric = raw_h100();
  const Group group = one_a_node(64);  // spans 512 GPUs
  const double flat = seconds(fabric, group, Collective::all_gather, 1e10);
  fabric.tiers = {
      {"rail", 256, 1, Seconds(1e-6)}, {"spine", 4096, 4, Seconds(3e-6)}, {"core", 65536, 7, Seconds(9e-6)}};
  // 64 hops cross the rail tier and two the spine; 32 nodes of the group in a block of 256 hide 4:1.
  EXPECT_NEAR(seconds(fabric, group, Collective::all_gather, 1e10) - flat, 64e-6 + 2 * 3e-6, 1e-9);
  // A group with two nodes in a block loses half of its bandwidth at 4:1.
  const Group spread{64, 1, 8, 64L * 128};
  const Group at_core{64, 1, 8, 64L * 65536};
  EXPECT_GT(seconds(fabric, spread, Collective::all_gather, 1e10), 1.9 * flat);
  EXPECT_GT(seconds(fabric, at_core, Collective::all_gather, 1e10), 6.5 * flat);
  // Every byte of an all-to-all that leaves a block is slowed: half of them here.
  EXPECT_NEAR(seconds(fabric, group, Collective::all_to_all, 1e10), 1e10 * 63 / 64 / 48e9 * 4 * 0.5, 1e-3);
}

TEST(Collectives, HierarchyRescuesLargeGathers) {
  Fabric fabric = raw_h100();
  const Group group = whole_nodes(8192);
  const auto rows = collective_alternatives(fabric, group, Collective::all_gather, Bytes(64 * kMiB));
  EXPECT_EQ(rows.back().algorithm, A::hierarchical);
  const double flat = seconds(fabric, group, Collective::all_gather, 64 * kMiB);
  EXPECT_LT(rows.back().time.value(), flat);
  fabric.hierarchical = true;
  EXPECT_EQ(collective_cost(fabric, group, Collective::all_gather, Bytes(64 * kMiB)).algorithm,
            A::hierarchical);
  EXPECT_DOUBLE_EQ(seconds(fabric, group, Collective::all_gather, 64 * kMiB), rows.back().time.value());
}

// 16 GPUs on two nodes: reduce-scatter and all-gather over NVLink, seven steps each, and between them an
// all-reduce of an eighth between two ranks.
TEST(Collectives, HierarchyAddsItsParts) {
  const auto rows =
      collective_alternatives(raw_h100(), whole_nodes(16), Collective::all_reduce, Bytes(8 * kGiBytes));
  ASSERT_EQ(rows.back().algorithm, A::hierarchical);
  const double inside = (8.4 + 7 * 3.4) * 1e-6 + 8 * kGiBytes * 7 / 8 / 360e9;
  const double between = (8.4 + 1.4 * 2 * 14) * 1e-6 + kGiBytes / 48e9;
  EXPECT_NEAR(rows.back().time.value(), 2 * inside + between, 1e-9);
}

// A byte to each of 1,016 ranks on other nodes: the CPU posts one a microsecond, one in two on AMD's. LL,
// which is the faster one (6.6 and 5 us), has no say in that.
TEST(Collectives, AllToAllPostsEverySend) {
  Fabric fabric = raw_h100();
  EXPECT_NEAR(seconds(fabric, whole_nodes(1024), Collective::all_to_all, 1), (6.6 + 5.0 + 1016) * 1e-6,
              1e-12);
  fabric.amd_host = true;
  EXPECT_NEAR(seconds(fabric, whole_nodes(1024), Collective::all_to_all, 1), (6.6 + 5.0 + 2032) * 1e-6,
              1e-12);
}
TEST(Collectives, LlCarriesHalf) {
  const auto ll = find(raw_h100(), {2, 2, 1, 0}, Collective::send_recv, 3.6e9, A::direct, Protocol::ll);
  ASSERT_TRUE(ll);
  EXPECT_NEAR(ll->time.value(), (6.6 + 0.6) * 1e-6 + 0.02, 1e-9);
}

TEST(Collectives, MeasuredPointsReplaceTheFormulaInTheirRange) {
  Fabric fabric = raw_h100();
  IntraNodeCurve curve{Collective::all_reduce, 8, {}};
  for (const auto& [bytes, time] : {std::pair{1e6, 20e-6}, {4e6, 40e-6}, {16e6, 160e-6}}) {
    curve.points.push_back({std::log(bytes), std::log(time)});
  }
  fabric.curves = {curve};
  EXPECT_NEAR(seconds(fabric, whole_nodes(8), Collective::all_reduce, 4e6), 40e-6, 1e-15);
  EXPECT_NEAR(seconds(fabric, whole_nodes(8), Collective::all_reduce, 2e6), std::sqrt(20e-6 * 40e-6), 1e-12);
  EXPECT_TRUE(collective_cost(fabric, whole_nodes(8), Collective::all_reduce, Bytes(2e6)).measured);
  EXPECT_FALSE(collective_cost(fabric, whole_nodes(8), Collective::all_reduce, Bytes(1e9)).measured);
  EXPECT_FALSE(collective_cost(fabric, whole_nodes(4), Collective::all_reduce, Bytes(2e6)).measured);
  // Continuous at both ends, and the formula's shape beyond them.
  EXPECT_NEAR(seconds(fabric, whole_nodes(8), Collective::all_reduce, 16.001e6), 160e-6, 1e-7);
  EXPECT_NEAR(seconds(fabric, whole_nodes(8), Collective::all_reduce, 0.999e6), 20e-6, 1e-7);
  const double ratio = seconds(raw_h100(), whole_nodes(8), Collective::all_reduce, 1e9) /
                       seconds(raw_h100(), whole_nodes(8), Collective::all_reduce, 16e6);
  EXPECT_NEAR(seconds(fabric, whole_nodes(8), Collective::all_reduce, 1e9), 160e-6 * ratio, 1e-9);
}

TEST(Collectives, ChannelsAreRatedAtNcclsSpeeds) {
  EXPECT_EQ(nccl_nic_speed(GpuGeneration::ampere, Bandwidth(25e9)), 24e9);
  EXPECT_EQ(nccl_nic_speed(GpuGeneration::hopper, Bandwidth(50e9)), 48e9);
  EXPECT_EQ(nccl_nic_speed(GpuGeneration::blackwell, Bandwidth(100e9)), 96e9);
  EXPECT_EQ(nccl_nic_speed(GpuGeneration::volta, Bandwidth(1e7)), 1e7);
}

}  // namespace
}  // namespace traincast
