// From measured collectives to a Fabric: curves inside a node, and the few scalars of NCCL's cost model
// between nodes, fitted on a few nodes so that they carry to many.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "host/base/collective.h"
#include "host/base/csv.h"
#include "host/base/units.h"
#include "host/config/profile.h"
#include "host/model/collectives.h"

namespace traincast {

// One measured time; sizes as host/base/collective.h (nccl-tests) defines them.
struct CollectivePoint {
  Collective op = Collective::all_reduce;
  int nodes = 1;
  int gpus = 1;  // all of them
  Bytes bytes;
  Seconds measured;

  friend bool operator==(const CollectivePoint&, const CollectivePoint&) = default;
};
Group group_of(const CollectivePoint& point);

// CSV with a header; columns are found by name, in any order:
//   bytes, time_out_of_place_us (or time_us)  and  gpus (all GPUs; full nodes)  or  nodes (GPUs = nodes x
//   gpus_per_node); optional: gpus_per_node (8 where absent), op (all_reduce where absent), time_in_place_us.
// op: all_reduce, all_gather, reduce_scatter, all_to_all, send_recv, with or without the underscore.
// Throws ConfigError naming file, line, column and what is accepted.
std::vector<CollectivePoint> read_collective_points(const CsvTable& table);

// What is known about the machine apart from measured times.
struct FabricFacts {
  GpuGeneration generation = GpuGeneration::ampere;
  std::int64_t gpus_per_node = 8;
  double nics_per_node = 8;
  Bandwidth nic{25e9};      // line rate of one NIC
  Bandwidth nvlink{300e9};  // one GPU, one direction
  bool amd_host = true;
  bool nvls = false;
  bool sharp = false;
  std::optional<NcclEra> era;  // else the release whose choices fit the points best
  std::optional<bool> ll128;   // between nodes; likewise
};
// A100 nodes with one 200 Gb/s NIC a GPU and AMD hosts (Azure ND A100 v4, Perlmutter); GPUs per node as in
// the points.
FabricFacts a100_facts(const std::vector<CollectivePoint>& points);

struct FitOptions {
  double prior = 1;  // weight of the starting values against the points; 0 trusts the points alone
};
// Points of several nodes set the scalars between nodes; points of one node the scalars inside and the
// curves. A collective without points keeps the starting values. Deterministic. Throws ConfigError where
// there are no points.
Fabric calibrate_fabric(const std::vector<CollectivePoint>& points, const FabricFacts& facts,
                        const FitOptions& options = {});

// Curves from rows measured on one node: verified ones, or any of a published profile (no communicator).
// Median where a size was measured more than once. Where a larger message was faster, a smaller one takes its
// time.
std::vector<IntraNodeCurve> intra_node_curves(const Profile& profile);
std::vector<IntraNodeCurve> intra_node_curves(const std::vector<CollectivePoint>& points);

// What people use instead: time = alpha + bus_factor x bytes / beta, and constant bus bandwidth. One line for
// each collective and number of GPUs a node, fitted to the least mean absolute log error.
struct AlphaBeta {
  Collective op = Collective::all_reduce;
  int per_node = 1;
  Seconds alpha;
  Bandwidth beta;  // bus bandwidth
  Bandwidth peak;  // highest bus bandwidth measured
  Seconds alpha_beta(const CollectivePoint& point) const;
  Seconds constant_busbw(const CollectivePoint& point) const;
};
std::vector<AlphaBeta> fit_alpha_beta(const std::vector<CollectivePoint>& points);

enum class SizeClass { all, from_1_mib, from_64_mib };
inline constexpr int kSizeClasses = 3;
std::string_view name(SizeClass size_class);

struct ValidationRow {
  CollectivePoint point;
  Seconds predicted, alpha_beta, constant_busbw;
  double log_error = 0;  // ln(predicted / measured)
  CollectiveAlgorithm algorithm = CollectiveAlgorithm::ring;
  Protocol protocol = Protocol::simple;
};
// Means over rows of |predicted / measured - 1|.
struct ValidationSummary {
  Collective op = Collective::all_reduce;
  int gpus = 0;  // 0: every scale
  SizeClass size_class = SizeClass::all;
  int points = 0;
  double model = 0, alpha_beta = 0, constant_busbw = 0;
  double model_bias = 0;  // mean of ln(predicted / measured)
};
struct ValidationResult {
  Fabric fabric;  // as fitted
  std::vector<ValidationRow> rows;
  std::vector<ValidationSummary> summaries;  // by op, scale and size class; every op also over all scales
};
// Fits on one set of points and predicts the other. Points of one node are predicted from the curves.
ValidationResult validate_collectives(const std::vector<CollectivePoint>& fit,
                                      const std::vector<CollectivePoint>& predict, const FabricFacts& facts);
ValidationResult validate_collectives(const std::vector<CollectivePoint>& fit,
                                      const std::vector<CollectivePoint>& predict);

}  // namespace traincast
