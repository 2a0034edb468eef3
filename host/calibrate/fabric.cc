#include "host/calibrate/fabric.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host/base/errors.h"
#include "host/calibrate/fabric_fit.h"
#include "host/model/collectives_tuning.h"

namespace traincast {
namespace {

// Where a fit starts between nodes, and what it keeps where the points cannot tell parts of a time from one
// another (a fit on one scale cannot tell fixed costs from costs by hop). Public nccl-tests logs of A100 on
// InfiniBand (Azure ND A100 v4) and on Slingshot (Perlmutter) agree on these within the spread: large
// transfers get 0.7 of NCCL's rating, a hop of a tree costs about twice its constant, a hop of a ring its
// constant, waking the network 5 to 25 us. Steps of a ring hide in part under a long transfer: overlaps
// of 1.4 to 2 fit alike on both, 1 fits worse on both.
constexpr double kRingOverlap = 1.5;
ClassScalars start_between(CollectiveClass kind) {
  ClassScalars start;
  for (auto& by_protocol : start.link) {
    for (LinkScalars& link : by_protocol) link = {0.7, 0.7, 1.0, 1.0};
  }
  // Trees reduce; in gathers the family is PAT, of which neither log has any.
  auto& tree = start.link[static_cast<std::size_t>(AlgorithmFamily::tree)];
  for (LinkScalars& link : tree) {
    if (kind == CollectiveClass::all_reduce) {
      link.inter_latency = 2;
    } else {
      link.intra_latency = 1;
    }
  }
  start.of(CollectiveAlgorithm::ring, Protocol::simple).overlap = kRingOverlap;
  start.offset = Seconds(15e-6);
  return start;
}
ClassScalars start_inside() {
  ClassScalars start;
  for (auto& by_protocol : start.link) {
    for (LinkScalars& link : by_protocol) link.bandwidth = 0.9;
  }
  start.offset = Seconds(3e-6);
  return start;
}

Fabric blank_fabric(const FabricFacts& facts) {
  Fabric fabric;
  fabric.generation = facts.generation;
  fabric.era = facts.era.value_or(kNewestEra);
  fabric.amd_host = facts.amd_host;
  fabric.nvls = facts.nvls;
  fabric.sharp = facts.sharp;
  fabric.ll128 = facts.ll128.value_or(true);
  fabric.gpus_per_node = facts.gpus_per_node;
  fabric.nics_per_node = facts.nics_per_node;
  fabric.nvlink = facts.nvlink;
  fabric.nic = facts.nic;
  for (ClassScalars& scalars : fabric.inside) scalars = start_inside();
  for (std::size_t kind = 0; kind < kCollectiveClasses; ++kind) {
    fabric.between[kind] = start_between(static_cast<CollectiveClass>(kind));
  }
  return fabric;
}

// all_to_all and send_recv are a line in the message size: read off at two sizes of a fabric without
// corrections.
void point_to_point_parts(const Fabric& plain, const CollectivePoint& point, FitSample& sample) {
  const auto seconds = [&](double bytes) {
    for (const auto& row : collective_alternatives(plain, group_of(point), point.op, Bytes(bytes))) {
      if (row.protocol == sample.protocol) return row.time.value();
    }
    return 0.0;
  };
  const double large = 1e15;
  (point.nodes > 1 ? sample.inter : sample.intra) = seconds(1e-6);
  sample.transfer = (seconds(2 * large) - seconds(large)) / large * point.bytes.value();
}

FitSample sample_of(const Fabric& fabric, const Fabric& plain, const CollectivePoint& point) {
  const Group group = group_of(point);
  const CollectiveCost pick = collective_cost(fabric, group, point.op, point.bytes);
  FitSample sample;
  sample.family = family(pick.algorithm);
  sample.protocol = pick.protocol;
  sample.lone_rank = point.nodes > 1 && group.ranks_per_node == 1;
  sample.measured = point.measured.value();
  const CollectiveClass kind = collective_class(point.op);
  if (kind == CollectiveClass::all_to_all || kind == CollectiveClass::send_recv) {
    point_to_point_parts(plain, point, sample);
    return sample;
  }
  const auto term = nccl_term(nccl_tuning(kNewestEra), Purpose::time, fabric, group, point.op, pick.algorithm,
                              pick.protocol);
  if (!term) return sample;
  const double plateau = term->latency_factor(point.bytes.value());
  sample.overlap = (point.nodes > 1 ? fabric.between : fabric.inside)[static_cast<std::size_t>(kind)]
                       .of(pick.algorithm, pick.protocol)
                       .overlap;
  sample.base = term->base;
  sample.intra = term->intra * plateau;
  sample.inter = term->inter * plateau;
  sample.transfer = point.bytes.value() / term->bandwidth;
  return sample;
}

// Large messages of any algorithm wait for the same NICs: one that no sample shows gets the ring's share of
// its rating.
void carry_bandwidth(const std::vector<FitSample>& samples, ClassScalars& scalars) {
  const auto seen = [&](AlgorithmFamily f) {
    return std::any_of(samples.begin(), samples.end(),
                       [&](const FitSample& s) { return s.family == f && s.protocol == Protocol::simple; });
  };
  if (!seen(AlgorithmFamily::ring)) return;
  const double ring = scalars.of(CollectiveAlgorithm::ring, Protocol::simple).bandwidth;
  for (const CollectiveAlgorithm other : {CollectiveAlgorithm::tree, CollectiveAlgorithm::nvls_tree}) {
    if (!seen(family(other))) scalars.of(other, Protocol::simple).bandwidth = ring;
  }
}

// Fits every class that has points, inside nodes and between them; the loss is that between nodes.
double fit_fabric(Fabric& fabric, const std::vector<CollectivePoint>& points, const FitOptions& options) {
  Fabric plain = fabric;
  plain.inside = plain.between = Scalars{};
  double loss = 0;
  for (const bool between : {false, true}) {
    for (std::size_t kind = 0; kind < kCollectiveClasses; ++kind) {
      std::vector<FitSample> samples;
      for (const CollectivePoint& point : points) {
        if ((point.nodes > 1) != between) continue;
        if (static_cast<std::size_t>(collective_class(point.op)) != kind) continue;
        samples.push_back(sample_of(fabric, plain, point));
      }
      if (samples.empty()) continue;
      ClassScalars& scalars = (between ? fabric.between : fabric.inside)[kind];
      const FitResult fit = fit_scalars(samples, scalars, FitSpread{}, options.prior);
      scalars = fit.scalars;
      if (between) carry_bandwidth(samples, scalars);
      if (between) loss += fit.loss;
    }
  }
  return loss;
}

}  // namespace

Group group_of(const CollectivePoint& point) {
  return {point.gpus, (point.gpus + point.nodes - 1) / point.nodes, 1, 0};
}

FabricFacts a100_facts(const std::vector<CollectivePoint>& points) {
  FabricFacts facts;
  facts.gpus_per_node = 1;
  for (const CollectivePoint& p : points) {
    facts.gpus_per_node = std::max(facts.gpus_per_node, group_of(p).ranks_per_node);
  }
  facts.nics_per_node = static_cast<double>(facts.gpus_per_node);
  return facts;
}

Fabric calibrate_fabric(const std::vector<CollectivePoint>& points, const FabricFacts& facts,
                        const FitOptions& options) {
  if (points.empty())
    throw ConfigError("no measured collectives to calibrate on; accepted: one point or more");
  Fabric best;
  double least = std::numeric_limits<double>::infinity();
  for (int era = kNcclEras - 1; era >= 0; --era) {
    if (facts.era && static_cast<int>(*facts.era) != era) continue;
    for (const bool ll128 : {true, false}) {
      if (facts.ll128 && *facts.ll128 != ll128) continue;
      Fabric fabric = blank_fabric(facts);
      fabric.era = static_cast<NcclEra>(era);
      fabric.ll128 = ll128;
      const double loss = fit_fabric(fabric, points, options);
      if (loss < least) least = loss, best = fabric;
    }
  }
  best.curves = intra_node_curves(points);
  best.from.origin = Origin::fitted;
  best.from.source = "NCCL's cost model fitted on " + std::to_string(points.size()) + " measured collectives";
  return best;
}

}  // namespace traincast
