// What a collective costs over a group of GPUs: NCCL's own cost model (NVIDIA/nccl src/graph/tuning.cc,
// src/enqueue.cc), which picks the algorithm and protocol from raw constants as NCCL does, and times the pick
// with constants corrected by a few calibrated scalars. Pure: no I/O, no clock; collective_cost() allocates
// nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "host/base/collective.h"
#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/model/cluster.h"
#include "host/model/collectives_curve.h"
#include "host/model/gpu.h"

namespace traincast {

// sharp: reduction in the switches, from NVLS inside the node where it exists, else NCCL's CollNetDirect.
// hierarchical: NVLink inside the node, then one ring or tree per rail; NCCL does not pick it by itself.
// pairwise: every rank sends to every other (all_to_all); direct: one pair (send_recv).
enum class CollectiveAlgorithm { ring, tree, nvls, nvls_tree, pat, sharp, hierarchical, pairwise, direct };
inline constexpr int kCollectiveAlgorithms = 9;
enum class Protocol { ll, ll128, simple };
inline constexpr int kProtocols = 3;
std::string_view name(CollectiveAlgorithm algorithm);
std::string_view name(Protocol protocol);

enum class GpuGeneration { volta, ampere, hopper, blackwell };
// Spans of NCCL releases with the same constants and rules; the name is the first release.
enum class NcclEra { v2_12, v2_18, v2_19, v2_21, v2_23, v2_28 };
inline constexpr int kNcclEras = 6;
std::string_view name(NcclEra era);

// The ranks that take part. A node is one NVLink domain.
struct Group {
  std::int64_t ranks = 1;
  std::int64_t ranks_per_node = 1;  // of this group
  std::int64_t groups_per_node =
      1;                  // groups like this one at work at once on the same node: they share its NICs
  std::int64_t span = 0;  // GPUs of the smallest block of the cluster that holds the group; 0: its nodes

  std::int64_t nodes() const;
};

// Corrections of NCCL's constants; 1 everywhere and offset 0 is NCCL's raw formula.
struct LinkScalars {
  double bandwidth = 1;
  double intra_latency = 1;  // of steps inside a node
  double inter_latency = 1;  // of steps between nodes
  // How steps and transfer combine: (steps^overlap + transfer^overlap)^(1/overlap). 1 adds them; above 1 the
  // steps of a pipelined ring hide in part under a long transfer.
  double overlap = 1;
};
enum class CollectiveClass { all_reduce, gather_scatter, all_to_all, send_recv };
inline constexpr int kCollectiveClasses = 4;
CollectiveClass collective_class(Collective collective);

enum class AlgorithmFamily {
  ring,
  tree,
  in_switch
};  // pat counts as a tree; nvls, nvls_tree, sharp in_switch
inline constexpr int kAlgorithmFamilies = 3;
AlgorithmFamily family(CollectiveAlgorithm algorithm);

struct ClassScalars {
  std::array<std::array<LinkScalars, kProtocols>, kAlgorithmFamilies> link{};
  Seconds offset;  // launch and wake-up, once a call
  double lone_rank_bandwidth =
      1;  // further factor where a group has one rank a node: one GPU sends and receives all
  LinkScalars& of(CollectiveAlgorithm algorithm, Protocol protocol) {
    return link[static_cast<std::size_t>(family(algorithm))][static_cast<std::size_t>(protocol)];
  }
  const LinkScalars& of(CollectiveAlgorithm algorithm, Protocol protocol) const {
    return link[static_cast<std::size_t>(family(algorithm))][static_cast<std::size_t>(protocol)];
  }
};
using Scalars = std::array<ClassScalars, kCollectiveClasses>;

struct Fabric {
  GpuGeneration generation = GpuGeneration::hopper;
  NcclEra era = NcclEra::v2_28;
  bool amd_host = false;  // the host's CPU vendor changes NCCL's limits
  bool nvls = false;      // in-switch reduction inside the node
  bool sharp = false;     // in-switch reduction between nodes
  bool ll128 = true;      // LL128 protocol between nodes: needs an NVLink-class path to the NIC
  bool hierarchical =
      false;  // let the hierarchical algorithm compete (a framework that builds it from parts)
  std::int64_t gpus_per_node = 8;
  double nics_per_node = 8;
  Bandwidth nvlink;  // one GPU, one direction, datasheet
  Bandwidth nic;     // line rate of one NIC, one direction
  std::vector<NetworkTier>
      tiers;          // innermost first. A tier is crossed by groups that span more than the tier below
                      // holds (by all groups of several nodes for the first); then its latency adds to
                      // each step across and its oversubscription slows what crosses it
  Scalars inside{};   // groups within one node
  Scalars between{};  // groups of several nodes
  std::vector<IntraNodeCurve> curves;  // measured inside a node; they replace the formula in their range
  Provenance from;
};

struct CollectiveCost {
  Seconds time;
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::ring;
  Protocol protocol = Protocol::simple;
  bool measured = false;  // the time is interpolated between measured points
};

// Sizes as host/base/collective.h defines them. Groups of one rank and messages of zero bytes cost nothing.
// Finite for 2 to 10^9 ranks and never falls when the message grows: where NCCL switches to an algorithm that
// turns out faster at a larger size, the time before the switch is capped by the time after it.
CollectiveCost collective_cost(const Fabric& fabric, const Group& group, Collective collective,
                               Bytes message);

// Every algorithm and protocol that could run, in a fixed order, with NCCL's own estimate and the calibrated
// one.
struct CollectiveAlternative {
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::ring;
  Protocol protocol = Protocol::simple;
  Seconds nccl;  // NCCL's estimate from raw constants: what the choice is made on
  Seconds time;  // calibrated
  bool chosen = false;
};
std::vector<CollectiveAlternative> collective_alternatives(const Fabric& fabric, const Group& group,
                                                           Collective collective, Bytes message);

// A fabric nobody has measured, from datasheets: NIC line rate times the cluster's efficiency, NVLS on Hopper
// and later, tiers and SHARP as the cluster says. The scalars' sources are in collectives_default.cc.
Fabric default_fabric(const Gpu& gpu, const Cluster& cluster);
// From the GPU's product name ("H100", "H200", "GB200", ...); unknown names count as hopper.
GpuGeneration gpu_generation(std::string_view product);

}  // namespace traincast
