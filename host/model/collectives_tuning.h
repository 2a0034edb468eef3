// The constants of NCCL's cost model by release, and the terms that its formulas make of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "host/model/collectives.h"

namespace traincast {

using ByProtocol = std::array<double, kProtocols>;  // LL, LL128, Simple
using ByNodes = std::array<double, 3>;              // 1, 2, 4 or more nodes

// Latencies in microseconds, bandwidths in GB/s (10^9), as the source has them.
struct NcclTuning {
  struct Latency {
    ByProtocol tree, ring;
  };
  Latency base, nvlink, net;
  double nvls_base, nvls_nvlink, nvls_net, nvls_tree_net;
  double ring_ll_share;           // ring LL bandwidth over ring bandwidth, several nodes or all-reduce
  double ring_ll_share_gather;    // the same, all-gather and reduce-scatter inside one node
  double multi_node_ll_intra;     // factor on LL steps inside a node in groups of several nodes
  bool net_overhead;              // steps inside a node cost at least the CPU's posting of a send
  bool lone_rank_exposed;         // one rank a node: ring steps cost the tree's network latency
  bool ring_wraps;                // counts 2N instead of 2(N-1) network steps in a ring all-reduce
  bool pat;                       // parallel aggregated trees exist
  bool nvls_tree_linear;          // NVLSTree latency grows with nodes instead of their logarithm
  bool nvls_two_sided;            // NVLS rated as two pipelined operations, with its own caps
  double plateau;                 // factor on ring/Simple all-reduce latency between nodes
  std::array<ByNodes, 4> ll_max;  // by generation on one node; [0] Intel, [1] AMD on several
  std::array<ByNodes, 4> tree_max, tree_ll128_max, ring_ll128_max,
      nvls_tree_max;  // per channel, by generation
};
const NcclTuning& nccl_tuning(NcclEra era);
inline constexpr NcclEra kNewestEra = NcclEra::v2_28;

// NCCL's correction of tree bandwidth by message size (tuning.cc treeCorrectionFactor), for its choice only.
double tree_correction(Protocol protocol, double bytes);

// Fastest speed of NCCL's search (search.cc) that a line rate allows: how it rates one channel, B/s.
double nccl_nic_speed(GpuGeneration generation, Bandwidth line_rate);

// One algorithm and protocol for one group: time = base + intra + inter + message / bandwidth.
struct NcclTerm {
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::ring;
  Protocol protocol = Protocol::simple;
  double base = 0;       // s
  double intra = 0;      // s, steps inside nodes
  double inter = 0;      // s, steps between nodes
  double bandwidth = 0;  // message bytes a second
  double plateau = 1;    // factor on base, intra and inter from plateau_bytes on
  double plateau_bytes = 0;
  double latency_factor(double bytes) const { return bytes >= plateau_bytes ? plateau : 1; }
};
// Estimates for NCCL's choice follow its code to the letter: whole levels of a tree, channels as its search
// counts them. Estimates of the time take fractional levels, the channels that NCCL really connects (twice
// the found ones on Hopper between nodes, connect.cc), and what tiers add.
enum class Purpose { choose, time };
// Nothing where this algorithm and protocol cannot run this collective on this group.
std::optional<NcclTerm> nccl_term(const NcclTuning& tuning, Purpose purpose, const Fabric& fabric,
                                  const Group& group, Collective collective, CollectiveAlgorithm algorithm,
                                  Protocol protocol);
// NCCL's own estimate, in seconds.
double nccl_estimate(const NcclTerm& term, Collective collective, double bytes);

// Bandwidth of one GPU into NVLink as NCCL's ring search rates it: 240 GB/s on A100, 360 on H100.
double nvlink_ring_bandwidth(const Fabric& fabric);
// NICs that the group can use on one node; a fraction where groups share them.
double group_nics(const Fabric& fabric, const Group& group);
// What the tiers between the group's nodes add.
struct TierCost {
  double ring = 0;       // s, over one turn of a ring
  double tree = 0;       // s, from the leaves of a tree to its root
  double once = 0;       // s, from one end of the group's span to the other
  double bandwidth = 1;  // share of the NIC bandwidth that rings and trees keep
  double pairwise = 1;   // the same when every rank sends to every other
};
TierCost tier_cost(const Fabric& fabric, const Group& group);

}  // namespace traincast
