// NCCL's formulas (src/graph/tuning.cc ncclTopoTuneModel and ncclTopoGetAlgoTime) over the tables of
// collectives_tuning.cc.
#include <algorithm>
#include <cmath>

#include "host/model/collectives_tuning.h"

namespace traincast {
namespace {

constexpr double kMicro = 1e-6;
constexpr double kGiga = 1e9;
// Channels that NCCL's search finds inside a node: Volta, Ampere, Hopper, Blackwell.
constexpr double kNodeChannels[] = {12, 12, 12, 18};
constexpr double kNvlsEfficiency[] = {0, 0, 0.85, 0.74};
constexpr double kNvlsMinRanks = 5;  // NVLS is seen from 5 GPUs a node on

double at(const ByProtocol& values, Protocol protocol) {
  return values[static_cast<std::size_t>(protocol)];
}

// The group and the fabric in the terms of the formulas.
struct Shape {
  double ranks, nodes, per_node, levels;
  double bus;       // B/s over all channels
  double channels;  // for limits by channel
  std::size_t generation, size_class;
  bool reduce_both;  // all-reduce
  Purpose purpose;
};
Shape shape_of(Purpose purpose, const Fabric& fabric, const Group& group, Collective collective) {
  Shape s{};
  s.ranks = static_cast<double>(group.ranks);
  s.nodes = static_cast<double>(group.nodes());
  s.per_node = s.ranks / s.nodes;
  s.generation = static_cast<std::size_t>(fabric.generation);
  s.size_class = static_cast<std::size_t>(std::min<std::int64_t>(group.nodes(), 3) - 1);
  s.purpose = purpose;
  s.reduce_both = collective == Collective::all_reduce;
  if (group.nodes() == 1) {
    s.bus = nvlink_ring_bandwidth(fabric);
    s.channels = kNodeChannels[s.generation];
    return s;
  }
  const double speed = nccl_nic_speed(fabric.generation, fabric.nic);
  const double nics = group_nics(fabric, group);
  s.bus = speed * nics;
  // A ring enters a node at one GPU and leaves it at another: of p channels NVLink carries p-1 into any GPU.
  if (s.per_node > 1) s.bus = std::min(s.bus, nvlink_ring_bandwidth(fabric) * s.per_node / (s.per_node - 1));
  s.channels = std::max(nics, 1.0);
  if (purpose == Purpose::time && fabric.generation >= GpuGeneration::hopper && speed >= 45 * kGiga)
    s.channels *= 2;
  s.levels = purpose == Purpose::time ? std::log2(s.nodes) : std::floor(std::log2(s.nodes));
  return s;
}

double ll_limit(const NcclTuning& tuning, const Fabric& fabric, const Shape& s) {
  const std::size_t row = s.nodes > 1 ? (fabric.amd_host ? 1 : 0) : s.generation;
  return tuning.ll_max[row][s.size_class] * kGiga;
}

void ring(const NcclTuning& tuning, const Fabric& fabric, const Shape& s, NcclTerm& t) {
  const Protocol p = t.protocol;
  double bus = s.bus;
  if (p == Protocol::ll) {
    const bool together = s.nodes > 1 || s.reduce_both;
    bus = std::min(bus * (together ? tuning.ring_ll_share : tuning.ring_ll_share_gather),
                   ll_limit(tuning, fabric, s));
  } else if (p == Protocol::ll128) {
    const double share = s.per_node < 2 && !tuning.lone_rank_exposed ? 0.7 : 0.92;
    bus = std::min(bus * share, s.channels * tuning.ring_ll128_max[s.generation][s.size_class] * kGiga);
  }
  const double passes = s.reduce_both ? 2 : 1;
  const double steps = passes * (s.ranks - 1);
  t.bandwidth = bus * s.ranks / steps;

  double network_steps = 0;
  if (s.nodes > 1) network_steps = s.reduce_both && tuning.ring_wraps ? 2 * s.nodes : passes * (s.nodes - 1);
  double intra = at(tuning.nvlink.ring, p);
  if (s.nodes > 1 && p == Protocol::ll) intra *= tuning.multi_node_ll_intra;
  if (s.nodes > 1 && tuning.net_overhead) {
    intra = std::max(intra, (fabric.amd_host ? 2.0 : 1.0) * (p == Protocol::simple ? 3 : 1));
  }
  // NCCL rates LL and LL128 hops of rings below those of trees unless a node has one rank; measured rings
  // take the tree's hop at any number of ranks a node (small all-gathers on Perlmutter grow by 5.9 us a node
  // with one GPU a node, and the same hop fits two and four).
  const bool exposed = tuning.lone_rank_exposed && (s.per_node == 1 || s.purpose == Purpose::time);
  t.base = at(tuning.base.ring, p) * kMicro;
  t.intra = std::max(0.0, steps - network_steps) * intra * kMicro;
  t.inter = network_steps * at(exposed ? tuning.net.tree : tuning.net.ring, p) * kMicro;
  if (p == Protocol::simple && s.reduce_both && s.nodes > 1) {
    t.plateau = fabric.generation < GpuGeneration::ampere ? 1.9 : tuning.plateau;
    // 2.12 switched at 64 KiB for every 16 ranks.
    t.plateau_bytes = tuning.net_overhead ? 64 * s.channels * s.ranks : s.ranks / 16 * 65536;
  }
}

void tree(const NcclTuning& tuning, const Fabric& fabric, const Shape& s, NcclTerm& t) {
  const Protocol p = t.protocol;
  double bus = std::min(s.bus * 0.92, s.channels * tuning.tree_max[s.generation][s.size_class] * kGiga);
  if (p == Protocol::ll) bus = std::min(bus / 3.8, ll_limit(tuning, fabric, s));
  if (p == Protocol::ll128) {
    bus = std::min(bus * (s.nodes > 1 ? 120.0 / 128 : 7.0 / 9),
                   s.channels * tuning.tree_ll128_max[s.generation][s.size_class] * kGiga);
  }
  t.bandwidth = bus / 2;
  double intra = at(tuning.nvlink.tree, p);
  if (s.nodes > 1 && p == Protocol::ll) intra *= tuning.multi_node_ll_intra;
  t.base = at(tuning.base.tree, p) * kMicro;
  t.intra = 2 * (s.per_node - 1) * intra * kMicro;
  t.inter = 2 * s.levels * at(tuning.net.tree, p) * kMicro;
}

// NVLS in one node, NVLSTree between nodes, NVLS with SHARP between nodes: all-reduce.
void in_switch(const NcclTuning& tuning, const Fabric& fabric, const Shape& s, NcclTerm& t) {
  const double nvlink = nvlink_ring_bandwidth(fabric);
  const double inside = 2 * nvlink * kNvlsEfficiency[s.generation] * (s.per_node - 1) / s.per_node;
  t.base = (tuning.nvls_base + tuning.nvls_nvlink) * kMicro;
  const double to_message = tuning.nvls_two_sided ? s.ranks / (2 * (s.ranks - 1)) : 5.0 / 6;
  if (t.algorithm == CollectiveAlgorithm::nvls) {
    t.bandwidth = (tuning.nvls_two_sided ? inside : nvlink) * to_message;
  } else if (t.algorithm == CollectiveAlgorithm::sharp) {
    t.bandwidth = std::min(inside, s.bus) * to_message;
    t.inter = tuning.nvls_net * kMicro;
  } else {
    const double nics = s.nodes <= 2 ? 2 * s.bus : s.bus;
    const double limit = nccl_tuning(kNewestEra).nvls_tree_max[s.generation][s.size_class] * kGiga * s.bus /
                         nccl_nic_speed(fabric.generation, fabric.nic);
    t.bandwidth = (tuning.nvls_two_sided ? std::min({inside, nics, limit}) : nics / 2) * to_message;
    const double hops = tuning.nvls_tree_linear ? s.nodes - 1 : s.levels;
    t.inter = 2 * hops * tuning.nvls_tree_net * kMicro;
  }
}

// CollNetDirect: every GPU reduces its share inside the node and hands it to the switches.
void collnet(const Shape& s, NcclTerm& t) {
  const double gpus_per_nic = s.per_node / s.channels;
  t.bandwidth = s.bus / (gpus_per_nic - (gpus_per_nic - 1) / 2) / 2;
  t.intra = 2 * (std::min(1.0, s.per_node - 1) * 3.7 + (s.per_node - 1) * 0.4) * kMicro;
  t.inter = 31 * kMicro;
}

void pat(const Shape& s, NcclTerm& t) {
  t.bandwidth = s.bus * 0.75;
  t.base = 8 * kMicro;
  t.intra = 2.8 * s.ranks * kMicro;  // posting of sends
  t.inter = s.levels * 14 / 3.5 * kMicro;
}

bool runs(const NcclTuning& tuning, const Fabric& fabric, const Group& group, Collective collective,
          CollectiveAlgorithm algorithm, Protocol protocol) {
  const bool many = group.nodes() > 1;
  const bool reduce = collective == Collective::all_reduce;
  const bool simple = protocol == Protocol::simple;
  if (protocol == Protocol::ll128 && many && !fabric.ll128) return false;
  const bool nvls = fabric.nvls && reduce && simple &&
                    static_cast<double>(group.ranks_per_node) >= kNvlsMinRanks &&
                    fabric.generation >= GpuGeneration::hopper;
  switch (algorithm) {
    case CollectiveAlgorithm::ring:
      return true;
    case CollectiveAlgorithm::tree:
      return reduce;
    case CollectiveAlgorithm::nvls:
      return nvls && !many;
    case CollectiveAlgorithm::nvls_tree:
      return nvls && many;
    case CollectiveAlgorithm::sharp:
      return fabric.sharp && many && reduce && simple;
    case CollectiveAlgorithm::pat:
      return tuning.pat && many && !reduce && simple && group.ranks_per_node == 1;
    default:
      return false;
  }
}

// What lies between the nodes slows the term; NCCL does not know it when it chooses.
void cross_tiers(const Fabric& fabric, const Group& group, Collective collective, NcclTerm& t) {
  const TierCost tiers = tier_cost(fabric, group);
  const double passes = collective == Collective::all_reduce ? 2 : 1;
  switch (t.algorithm) {
    case CollectiveAlgorithm::ring:
      t.inter += passes * tiers.ring;
      break;
    case CollectiveAlgorithm::sharp:
      t.inter += 2 * tiers.once;
      break;
    default:
      t.inter += passes * tiers.tree;
  }
  if (t.algorithm != CollectiveAlgorithm::sharp) t.bandwidth *= tiers.bandwidth;
}

}  // namespace

std::optional<NcclTerm> nccl_term(const NcclTuning& tuning, Purpose purpose, const Fabric& fabric,
                                  const Group& group, Collective collective, CollectiveAlgorithm algorithm,
                                  Protocol protocol) {
  if (!runs(tuning, fabric, group, collective, algorithm, protocol)) return std::nullopt;
  const Shape shape = shape_of(purpose, fabric, group, collective);
  NcclTerm term;
  term.algorithm = algorithm, term.protocol = protocol;
  switch (family(algorithm)) {
    case AlgorithmFamily::ring:
      ring(tuning, fabric, shape, term);
      break;
    case AlgorithmFamily::tree:
      if (algorithm == CollectiveAlgorithm::pat)
        pat(shape, term);
      else
        tree(tuning, fabric, shape, term);
      break;
    case AlgorithmFamily::in_switch:
      if (algorithm == CollectiveAlgorithm::sharp && !fabric.nvls)
        collnet(shape, term);
      else
        in_switch(tuning, fabric, shape, term);
  }
  if (term.bandwidth <= 0) return std::nullopt;
  if (purpose == Purpose::time && group.nodes() > 1) cross_tiers(fabric, group, collective, term);
  return term;
}

double nccl_estimate(const NcclTerm& term, Collective collective, double bytes) {
  const double latency = term.base + term.intra + term.inter;
  double bandwidth = term.bandwidth;
  if (term.algorithm == CollectiveAlgorithm::tree && collective == Collective::all_reduce) {
    bandwidth *= tree_correction(term.protocol, bytes);
  }
  return latency * term.latency_factor(bytes) + bytes / bandwidth;
}

double nvlink_ring_bandwidth(const Fabric& fabric) {
  // 12 links of 20 GB/s of A100's 300 GB/s, 360 of H100's 450, 720 of B200's 900 (topo.h NVLINK_BW,
  // search.cc).
  return 0.8 * fabric.nvlink.value();
}

double group_nics(const Fabric& fabric, const Group& group) {
  const double share =
      fabric.nics_per_node / static_cast<double>(std::max<std::int64_t>(group.groups_per_node, 1));
  const double per_gpu = std::max(1.0, fabric.nics_per_node / static_cast<double>(fabric.gpus_per_node));
  return std::min(share, per_gpu * static_cast<double>(group.ranks_per_node));
}

TierCost tier_cost(const Fabric& fabric, const Group& group) {
  TierCost cost;
  const auto nodes = static_cast<double>(group.nodes());
  if (nodes <= 1) return cost;
  const double span =
      group.span > 0 ? static_cast<double>(group.span) : nodes * static_cast<double>(fabric.gpus_per_node);
  double below = 0;  // GPUs in one block of the tier below
  for (const NetworkTier& tier : fabric.tiers) {
    const double blocks = below > 0 ? std::min(nodes, std::ceil(span / below)) : nodes;
    below = static_cast<double>(tier.gpus);
    if (blocks <= 1) break;
    // A block of B GPUs holds B / (m p) groups with m nodes of p ranks each; as a ring every one of them
    // sends its NICs' rate, p NICs, over the edge, together B/m NICs, where the tier carries
    // B/oversubscription.
    const double nodes_in_block = nodes / blocks;
    cost.ring += blocks * tier.latency.value();
    cost.tree += std::log2(blocks) * tier.latency.value();
    cost.once += tier.latency.value();
    if (tier.oversubscription > 1) {
      cost.bandwidth = std::min(cost.bandwidth, nodes_in_block / tier.oversubscription);
      cost.pairwise = std::min(cost.pairwise, 1 / (tier.oversubscription * (1 - 1 / blocks)));
    }
  }
  return cost;
}

}  // namespace traincast
