#include "host/model/collectives.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "host/model/collectives_tuning.h"

namespace traincast {
namespace {

using A = CollectiveAlgorithm;
// What NCCL tries, in its order.
constexpr std::array<A, 6> kNcclAlgorithms{A::tree, A::ring, A::sharp, A::nvls, A::nvls_tree, A::pat};

const Scalars& scalars_of(const Fabric& fabric, const Group& group) {
  return group.nodes() > 1 ? fabric.between : fabric.inside;
}

// One algorithm and protocol: NCCL's own term, and the calibrated time.
struct Candidate {
  NcclTerm raw;
  double fixed = 0;                   // s
  double steps = 0, steps_after = 0;  // s, below and from plateau_bytes on
  double plateau_bytes = 0;
  double seconds_per_byte = 0;
  double overlap = 1;

  double time(double bytes) const {
    const double latency = bytes >= plateau_bytes ? steps_after : steps;
    const double transfer = bytes * seconds_per_byte;
    if (overlap == 1) return fixed + latency + transfer;
    // Scaled by the larger one, so that no power overflows.
    const double large = std::max(latency, transfer), small = std::min(latency, transfer);
    return fixed + large * std::pow(1 + std::pow(small / large, overlap), 1 / overlap);
  }
};
struct Candidates {
  static constexpr int kCapacity = static_cast<int>(kNcclAlgorithms.size()) * kProtocols;
  std::array<Candidate, kCapacity> items{};
  int count = 0;
  const Candidate* begin() const { return items.data(); }
  const Candidate* end() const { return items.data() + count; }
};

Candidates candidates(const Fabric& fabric, const Group& group, Collective collective) {
  Candidates all;
  const ClassScalars& scalars =
      scalars_of(fabric, group)[static_cast<std::size_t>(collective_class(collective))];
  const bool lone = group.nodes() > 1 && group.ranks_per_node <= 1;
  for (const A algorithm : kNcclAlgorithms) {
    for (int p = 0; p < kProtocols; ++p) {
      const auto protocol = static_cast<Protocol>(p);
      const auto raw =
          nccl_term(nccl_tuning(fabric.era), Purpose::choose, fabric, group, collective, algorithm, protocol);
      if (!raw) continue;
      // The newest constants are NCCL's best knowledge of the hardware, whichever release runs.
      const auto timed =
          nccl_term(nccl_tuning(kNewestEra), Purpose::time, fabric, group, collective, algorithm, protocol);
      if (!timed) continue;
      const LinkScalars& link = scalars.of(algorithm, protocol);
      const double steps = link.intra_latency * timed->intra + link.inter_latency * timed->inter;
      Candidate& c = all.items[static_cast<std::size_t>(all.count++)];
      c.raw = *raw;
      c.fixed = scalars.offset.value() + timed->base;
      c.steps = steps, c.steps_after = steps * timed->plateau;
      c.overlap = link.overlap;
      c.plateau_bytes = timed->plateau_bytes;
      c.seconds_per_byte = 1 / (timed->bandwidth * link.bandwidth * (lone ? scalars.lone_rank_bandwidth : 1));
    }
  }
  return all;
}

const Candidate& choose(const Candidates& all, Collective collective, double bytes) {
  return *std::min_element(all.begin(), all.end(), [&](const Candidate& a, const Candidate& b) {
    return nccl_estimate(a.raw, collective, bytes) < nccl_estimate(b.raw, collective, bytes);
  });
}

// NCCL's rules switch in steps; the choice is made at the power of two below, so that switches happen at
// powers of two only and looking at those finds every later, cheaper time.
constexpr int kLargestExponent = 62;

CollectiveCost nccl_cost(const Fabric& fabric, const Group& group, Collective collective, double bytes) {
  const Candidates all = candidates(fabric, group, collective);
  const int exponent = std::ilogb(std::max(bytes, 1.0));
  const Candidate& pick = choose(all, collective, std::ldexp(1.0, exponent));
  CollectiveCost cost{Seconds(pick.time(bytes)), pick.raw.algorithm, pick.raw.protocol, false};
  for (int e = exponent + 1; e <= kLargestExponent; ++e) {
    const double size = std::ldexp(1.0, e);
    double fastest = all.begin()->time(size);
    for (const Candidate& c : all) fastest = std::min(fastest, c.time(size));
    if (fastest >= cost.time.value()) break;  // no larger message can be faster
    cost.time = std::min(cost.time, Seconds(choose(all, collective, size).time(size)));
  }
  return cost;
}

// Reduce-scatter over NVLink, all-reduce along the rails, all-gather over NVLink; the gather and scatter of
// several nodes do one half each. The rails of one node share its NICs.
Seconds hierarchical_time(const Fabric& fabric, const Group& group, Collective collective, Bytes message) {
  const Group local{group.ranks_per_node, group.ranks_per_node, group.groups_per_node, 0};
  const Group rail{group.nodes(), 1, group.groups_per_node * group.ranks_per_node, group.span};
  const Bytes share = message / static_cast<double>(group.ranks_per_node);
  Seconds time = nccl_cost(fabric, rail, collective, share.value()).time;
  const auto add = [&](Collective part) { time += collective_cost(fabric, local, part, message).time; };
  if (collective != Collective::all_gather) add(Collective::reduce_scatter);
  if (collective != Collective::reduce_scatter) add(Collective::all_gather);
  return time;
}
bool has_hierarchy(const Group& group, Collective collective) {
  return group.nodes() > 1 && group.ranks_per_node > 1 && collective != Collective::all_to_all &&
         collective != Collective::send_recv;
}

// Every rank sends S/n to every other. NVLink and NIC traffic overlap; the NICs are shared by the group's
// ranks on the node; the CPU posts each send (tuning.cc net overhead) while earlier ones are under way.
Candidate pairwise_or_direct(const Fabric& fabric, const Group& group, Collective collective,
                             Protocol protocol) {
  const bool pair = collective == Collective::send_recv;
  const NcclTuning& tuning = nccl_tuning(kNewestEra);
  const ClassScalars& scalars =
      scalars_of(fabric, group)[static_cast<std::size_t>(collective_class(collective))];
  const LinkScalars& link = scalars.of(A::ring, protocol);
  const auto p = static_cast<std::size_t>(protocol);
  const auto n = static_cast<double>(group.ranks);
  const double local = static_cast<double>(std::min(group.ranks, group.ranks_per_node));
  // LL stores a flag beside every word: half of the bandwidth at most.
  const double share = protocol == Protocol::ll ? 0.5 : 1;
  const double nvlink = nvlink_ring_bandwidth(fabric);
  double per_byte = pair ? 1 / nvlink : (local - 1) / n / nvlink;
  double latency = scalars.offset.value() + tuning.base.ring[p] * 1e-6;
  if (group.nodes() == 1) {
    latency += link.intra_latency * tuning.nvlink.ring[p] * 1e-6;
  } else {
    const TierCost tiers = tier_cost(fabric, group);
    const double nic = nccl_nic_speed(fabric.generation, fabric.nic) * group_nics(fabric, group) / local;
    latency += link.inter_latency * (tuning.net.tree[p] * 1e-6 + tiers.once);
    per_byte =
        std::max(per_byte, (pair ? 1 : (n - local) / n) / (nic * (pair ? tiers.bandwidth : tiers.pairwise)));
  }
  Candidate c;
  c.raw.algorithm = pair ? A::direct : A::pairwise;
  c.raw.protocol = protocol;
  c.fixed = latency;
  c.seconds_per_byte = per_byte / (share * link.bandwidth);
  return c;
}
double posting_time(const Fabric& fabric, const Group& group, Collective collective) {
  if (collective == Collective::send_recv || group.nodes() == 1) return 0;
  return static_cast<double>(group.ranks - group.ranks_per_node) * (fabric.amd_host ? 2e-6 : 1e-6);
}
CollectiveCost point_to_point_cost(const Fabric& fabric, const Group& group, Collective collective,
                                   double bytes) {
  const double posts = posting_time(fabric, group, collective);
  CollectiveCost best;
  for (const Protocol protocol : {Protocol::simple, Protocol::ll}) {
    const Candidate c = pairwise_or_direct(fabric, group, collective, protocol);
    const Seconds time(c.fixed + std::max(posts, bytes * c.seconds_per_byte));
    if (best.time.value() == 0 || time < best.time) best = {time, c.raw.algorithm, protocol, false};
  }
  return best;
}

CollectiveCost formula_cost(const Fabric& fabric, const Group& group, Collective collective, Bytes message) {
  if (collective == Collective::all_to_all || collective == Collective::send_recv) {
    return point_to_point_cost(fabric, group, collective, message.value());
  }
  CollectiveCost cost = nccl_cost(fabric, group, collective, message.value());
  if (fabric.hierarchical && has_hierarchy(group, collective)) {
    const Seconds time = hierarchical_time(fabric, group, collective, message);
    if (time < cost.time) cost = {time, A::hierarchical, Protocol::simple, false};
  }
  return cost;
}

}  // namespace

CollectiveCost collective_cost(const Fabric& fabric, const Group& group, Collective collective,
                               Bytes message) {
  if (group.ranks <= 1 || message.value() <= 0) return {};
  CollectiveCost cost = formula_cost(fabric, group, collective, message);
  if (group.nodes() > 1) return cost;
  const IntraNodeCurve* curve = find_curve(fabric.curves, collective, group.ranks);
  if (curve == nullptr) return cost;
  if (const auto time = interpolate(*curve, message)) {
    cost.time = *time, cost.measured = true;
    return cost;
  }
  // Outside the measured sizes the formula, scaled to meet the last point.
  const bool below = std::log(message.value()) < curve->points.front().log_bytes;
  const IntraNodeCurve::Point& end = below ? curve->points.front() : curve->points.back();
  const CollectiveCost there = formula_cost(fabric, group, collective, Bytes(std::exp(end.log_bytes)));
  cost.time *= std::exp(end.log_seconds) / there.time.value();
  return cost;
}

std::vector<CollectiveAlternative> collective_alternatives(const Fabric& fabric, const Group& group,
                                                           Collective collective, Bytes message) {
  std::vector<CollectiveAlternative> table;
  if (group.ranks <= 1 || message.value() <= 0) return table;
  const double bytes = message.value();
  if (collective == Collective::all_to_all || collective == Collective::send_recv) {
    for (const Protocol protocol : {Protocol::ll, Protocol::simple}) {
      const Candidate c = pairwise_or_direct(fabric, group, collective, protocol);
      const Seconds time(c.fixed +
                         std::max(posting_time(fabric, group, collective), bytes * c.seconds_per_byte));
      table.push_back({c.raw.algorithm, protocol, time, time, false});
    }
  } else {
    for (const Candidate& c : candidates(fabric, group, collective)) {
      table.push_back({c.raw.algorithm, c.raw.protocol, Seconds(nccl_estimate(c.raw, collective, bytes)),
                       Seconds(c.time(bytes)), false});
    }
    if (has_hierarchy(group, collective)) {
      const Seconds time = hierarchical_time(fabric, group, collective, message);
      table.push_back({A::hierarchical, Protocol::simple, time, time, false});
    }
  }
  const CollectiveCost cost = collective_cost(fabric, group, collective, message);
  for (CollectiveAlternative& row : table) {
    row.chosen = row.algorithm == cost.algorithm && row.protocol == cost.protocol;
  }
  return table;
}

}  // namespace traincast
