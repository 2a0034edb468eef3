// Fits recover what made synthetic points, extrapolate where the baselines cannot, and files are refused
// precisely.
#include "host/calibrate/fabric.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "host/base/errors.h"

namespace traincast {
namespace {

using A = CollectiveAlgorithm;

Fabric fabric_from(const FabricFacts& facts) {
  Fabric fabric;
  fabric.generation = facts.generation;
  fabric.amd_host = facts.amd_host;
  fabric.gpus_per_node = facts.gpus_per_node;
  fabric.nics_per_node = facts.nics_per_node;
  fabric.nvlink = facts.nvlink;
  fabric.nic = facts.nic;
  return fabric;
}

// Times that a fabric with known scalars gives, on the node counts given.
std::vector<CollectivePoint> synthetic(const Fabric& fabric, std::initializer_list<int> node_counts) {
  std::vector<CollectivePoint> points;
  for (const Collective op : {Collective::all_reduce, Collective::all_gather, Collective::reduce_scatter}) {
    for (const int nodes : node_counts) {
      for (const int per_node : {1, 4}) {
        for (int exponent = 10; exponent < 35; ++exponent) {
          const double bytes = std::ldexp(1.0, exponent);
          CollectivePoint p{op, nodes, nodes * per_node, Bytes(bytes), Seconds(0)};
          p.measured = collective_cost(fabric, group_of(p), op, p.bytes).time;
          points.push_back(p);
        }
      }
    }
  }
  return points;
}

FabricFacts four_gpu_facts() {
  FabricFacts facts;
  facts.gpus_per_node = 4;
  facts.nics_per_node = 4;
  facts.era = NcclEra::v2_28;
  facts.ll128 = false;
  return facts;
}

Fabric known_fabric() {
  Fabric fabric = fabric_from(four_gpu_facts());
  fabric.ll128 = false;
  for (std::size_t kind : {0, 1}) {
    ClassScalars& scalars = fabric.between[kind];
    scalars.offset = Seconds(20e-6);
    scalars.lone_rank_bandwidth = 0.9;
    for (auto& by_protocol : scalars.link) {
      for (LinkScalars& link : by_protocol) link = {0.8, 1.1, 1.3, 1};
    }
    scalars.of(A::ring, Protocol::simple).overlap = 1.5;
  }
  return fabric;
}

TEST(CalibrateFabric, RecoversKnownScalarsFromSyntheticPoints) {
  const Fabric truth = known_fabric();
  const Fabric fitted = calibrate_fabric(synthetic(truth, {2, 4, 8, 16}), four_gpu_facts(), {1e-9});
  for (std::size_t kind : {0, 1}) {
    const ClassScalars& got = fitted.between[kind];
    EXPECT_NEAR(got.offset.value(), 20e-6, 2e-7);
    EXPECT_NEAR(got.lone_rank_bandwidth, 0.9, 1e-3);
    const LinkScalars& ring = got.of(A::ring, Protocol::simple);
    EXPECT_NEAR(ring.bandwidth, 0.8, 1e-3);
    EXPECT_NEAR(ring.intra_latency, 1.1, 1e-2);
    EXPECT_NEAR(ring.inter_latency, 1.3, 1e-2);
  }
}

TEST(CalibrateFabric, ExtrapolatesSyntheticPointsToThousandsOfGpus) {
  Fabric truth = known_fabric();
  truth.era = NcclEra::v2_21;  // before PAT, which two and four nodes would not show
  FabricFacts facts = four_gpu_facts();
  facts.era = truth.era;
  const auto result = validate_collectives(synthetic(truth, {2, 4}), synthetic(truth, {64, 1024}), facts);
  ASSERT_FALSE(result.summaries.empty());
  for (const ValidationSummary& s : result.summaries) {
    // Trees with Simple, picked at scale, are not among the fitted points: their hops rest on the start.
    EXPECT_LT(s.model, 0.10) << name(s.op) << " " << s.gpus << " " << name(s.size_class);
    EXPECT_GT(s.alpha_beta, 2 * s.model) << name(s.op) << " " << s.gpus << " " << name(s.size_class);
  }
}

TEST(CalibrateFabric, FindsTheReleaseAndProtocolsThatMadeThePoints) {
  Fabric truth = known_fabric();
  truth.era = NcclEra::v2_18;
  FabricFacts facts = four_gpu_facts();
  facts.era.reset();
  facts.ll128.reset();
  const Fabric without = calibrate_fabric(synthetic(truth, {2, 4, 8}), facts);
  EXPECT_EQ(without.era, NcclEra::v2_18);
  EXPECT_FALSE(without.ll128);
  truth.ll128 = true;
  EXPECT_TRUE(calibrate_fabric(synthetic(truth, {2, 4, 8}), facts).ll128);
}

TEST(CalibrateFabric, OneScaleKeepsToTheStartWhereItCannotTell) {
  // On two nodes the cost of a hop and the fixed cost are one number; the fit stays within what is plausible.
  const Fabric fitted = calibrate_fabric(synthetic(known_fabric(), {2}), four_gpu_facts());
  const LinkScalars& tree = fitted.between[0].of(A::tree, Protocol::ll);
  EXPECT_GT(tree.inter_latency, 0.8);
  EXPECT_LT(tree.inter_latency, 3);
  // Classes without points keep the start.
  EXPECT_DOUBLE_EQ(fitted.between[2].offset.value(), 15e-6);
}

TEST(CalibrateFabric, IsDeterministicAndRefusesNothing) {
  const auto points = synthetic(known_fabric(), {2, 4});
  const Fabric a = calibrate_fabric(points, four_gpu_facts()), b = calibrate_fabric(points, four_gpu_facts());
  for (std::size_t kind : {0, 1}) {
    EXPECT_EQ(a.between[kind].offset.value(), b.between[kind].offset.value());
    EXPECT_EQ(a.between[kind].of(A::ring, Protocol::ll).bandwidth,
              b.between[kind].of(A::ring, Protocol::ll).bandwidth);
  }
  EXPECT_THROW(calibrate_fabric({}, four_gpu_facts()), ConfigError);
}

TEST(CalibrateFabric, FitsPointToPointAndSingleNodes) {
  Fabric truth = fabric_from(four_gpu_facts());
  for (Scalars* scalars : {&truth.inside, &truth.between}) {
    ClassScalars& pairwise = (*scalars)[2];
    pairwise.of(A::pairwise, Protocol::simple).bandwidth = 0.6;
    pairwise.of(A::pairwise, Protocol::ll).bandwidth = 0.6;
    pairwise.offset = Seconds(12e-6);
  }
  std::vector<CollectivePoint> points;
  for (const int nodes : {1, 4}) {
    for (int exponent = 10; exponent < 34; exponent += 2) {
      const double bytes = std::ldexp(1.0, exponent);
      CollectivePoint p{Collective::all_to_all, nodes, nodes * 4, Bytes(bytes), Seconds(0)};
      p.measured = collective_cost(truth, group_of(p), p.op, p.bytes).time;
      points.push_back(p);
    }
  }
  const Fabric fitted = calibrate_fabric(points, four_gpu_facts());
  for (const Scalars* scalars : {&fitted.inside, &fitted.between}) {
    EXPECT_NEAR((*scalars)[2].of(A::pairwise, Protocol::simple).bandwidth, 0.6, 0.02);
  }
  const CollectiveCost measured =
      collective_cost(fitted, group_of(points.front()), Collective::all_to_all, points.front().bytes);
  EXPECT_TRUE(measured.measured);
  EXPECT_NEAR(measured.time.value(), points.front().measured.value(), 1e-12);
}

TEST(Baselines, RecoverALineAndThePeak) {
  std::vector<CollectivePoint> points;
  for (int exponent = 10; exponent < 34; ++exponent) {
    const double bytes = std::ldexp(1.0, exponent);
    points.push_back({Collective::all_reduce, 2, 16, Bytes(bytes), Seconds(46e-6 + 1.875 * bytes / 126e9)});
  }
  const auto lines = fit_alpha_beta(points);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].per_node, 8);
  EXPECT_NEAR(lines[0].alpha.value(), 46e-6, 1e-9);
  EXPECT_NEAR(lines[0].beta.value(), 126e9, 1e6);
  EXPECT_LT(lines[0].peak.value(), 126e9);
  EXPECT_NEAR(lines[0].constant_busbw(points.back()).value(), points.back().measured.value(), 1e-12);
}

TEST(IntraNodeCurves, TakeMediansOfVerifiedRowsAndNeverFall) {
  Profile profile;
  profile.communicator = "nccl";
  const auto add = [&](double bytes, double seconds, int nodes, bool verified) {
    CollectiveRow row;
    row.message = Bytes(bytes), row.ranks = 8, row.nodes = nodes, row.verified = verified;
    row.timing.median = Seconds(seconds);
    profile.collectives.push_back(row);
  };
  add(1024, 900e-6, 1, true);  // a cold first size
  add(2048, 20e-6, 1, true);
  add(4096, 30e-6, 1, true), add(4096, 50e-6, 1, true), add(4096, 34e-6, 1, true);
  add(6144, 50e-6, 1, true), add(6144, 40e-6, 1, true);  // two: their mean
  add(8192, 1e-6, 1, false);
  add(8192, 1e-6, 2, true);
  const auto curves = intra_node_curves(profile);
  ASSERT_EQ(curves.size(), 1U);
  ASSERT_EQ(curves[0].points.size(), 4U);
  EXPECT_NEAR(std::exp(curves[0].points[0].log_seconds), 20e-6, 1e-15);
  EXPECT_NEAR(std::exp(curves[0].points[2].log_seconds), 34e-6, 1e-15);
  EXPECT_NEAR(std::exp(curves[0].points[3].log_seconds), 45e-6, 1e-15);
  profile.communicator = "";
  EXPECT_EQ(intra_node_curves(profile)[0].points.size(), 5U);
}

std::vector<CollectivePoint> read(const std::string& text) {
  return read_collective_points(CsvTable::parse(text, "points.csv"));
}
std::string refusal(const std::string& text) {
  try {
    read(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(CollectivePoints, BothLayoutsAreRead) {
  const auto all_gpus =
      read("gpus,bytes,time_out_of_place_us,time_in_place_us\n4,8,16.5,16\r\n\n32,1024,53.0,81\n");
  ASSERT_EQ(all_gpus.size(), 2U);
  EXPECT_EQ(all_gpus[0], (CollectivePoint{Collective::all_reduce, 1, 4, Bytes(8), Seconds(16.5 * 1e-6)}));
  EXPECT_EQ(all_gpus[1], (CollectivePoint{Collective::all_reduce, 4, 32, Bytes(1024), Seconds(53.0 * 1e-6)}));
  EXPECT_EQ(group_of(all_gpus[1]).ranks_per_node, 8);
  EXPECT_EQ(group_of(all_gpus[1]).groups_per_node, 1);
  const auto by_node =
      read("op,bytes,nodes, gpus_per_node,time_us\nreducescatter,32768,16,2,150\nall_gather,1,2,1,9\n");
  ASSERT_EQ(by_node.size(), 2U);
  EXPECT_EQ(by_node[0],
            (CollectivePoint{Collective::reduce_scatter, 16, 32, Bytes(32768), Seconds(150 * 1e-6)}));
  EXPECT_EQ(by_node[1].op, Collective::all_gather);
  EXPECT_EQ(read("nodes,bytes,time_us\n2,8,1\n")[0].gpus, 16);
  EXPECT_EQ(a100_facts(by_node).gpus_per_node, 2);  // the most of all points
  EXPECT_EQ(a100_facts({by_node[1]}).gpus_per_node, 1);
}

TEST(CollectivePoints, ErrorsNameFileLineColumnAndWhatIsAccepted) {
  EXPECT_EQ(refusal("gpus,bytes,time_us\n16,8,1\n16,-8,1\n"),
            "points.csv:3: column bytes: \"-8\"; accepted: a number above 0");
  EXPECT_EQ(refusal("gpus,bytes,time_us\n16,8\n"),
            "points.csv:2: has 2 fields; accepted: 3, as in the header");
  EXPECT_NE(refusal("op,gpus,bytes,time_us\nbroadcast,16,8,1\n")
                .find("points.csv:2: column op: \"broadcast\"; accepted: all_reduce"),
            std::string::npos);
  EXPECT_NE(refusal("gpus,size,time_us\n").find("points.csv:1: column size: unknown; accepted: op nodes"),
            std::string::npos);
  EXPECT_NE(refusal("gpus,bytes\n1,1\n").find("column time_out_of_place_us: missing"), std::string::npos);
  EXPECT_NE(refusal("gpus,nodes,bytes,time_us\n").find("column gpus: accepted: either"), std::string::npos);
  EXPECT_NE(refusal("gpus,gpus,bytes,time_us\n").find("column gpus appears twice"), std::string::npos);
  EXPECT_NE(
      refusal("gpus,bytes,time_us\n12,8,1\n").find("column gpus: \"12\"; accepted: up to 8 or a multiple"),
      std::string::npos);
  EXPECT_NE(refusal("gpus,bytes,time_us\n9,8,1\n").find("column gpus: \"9\"; accepted: up to 8"),
            std::string::npos);
  EXPECT_NE(refusal("nodes,bytes,time_us\n130000000,8,1\n").find("up to 1000000000 GPUs in all"),
            std::string::npos);
  EXPECT_NE(refusal("gpus,bytes,time_us\n16.5,8,1\n").find("whole number"), std::string::npos);
  EXPECT_NE(refusal("gpus,bytes,time_us\n16,8,nan\n").find("column time_us: \"nan\""), std::string::npos);
  EXPECT_NE(refusal("gpus,bytes,time_us\n1,8,1\n").find("\"1\"; accepted: 2 GPUs or more"),
            std::string::npos);
  EXPECT_NE(refusal("gpus,bytes,time_us\n").find("no data"), std::string::npos);
  EXPECT_NE(refusal("").find("the file is empty"), std::string::npos);
}

TEST(Validation, SummarisesByCollectiveScaleAndSize) {
  const Fabric truth = known_fabric();
  const auto predict = synthetic(truth, {8, 16});
  const auto result = validate_collectives(synthetic(truth, {2, 4}), predict, four_gpu_facts());
  EXPECT_EQ(result.rows.size(), predict.size());
  // Three collectives at 8, 16, 32, 64 GPUs and over all of them, in three size classes.
  EXPECT_EQ(result.summaries.size(), 3U * 5 * 3);
  const ValidationSummary& first = result.summaries.front();
  EXPECT_EQ(first.gpus, 0);
  EXPECT_EQ(first.points, static_cast<int>(predict.size() / 3));
  double sum = 0;
  for (const ValidationRow& row : result.rows) {
    EXPECT_NEAR(row.log_error, std::log(row.predicted.value() / row.point.measured.value()), 1e-12);
    if (row.point.op == first.op) sum += std::abs(row.predicted.value() / row.point.measured.value() - 1);
  }
  EXPECT_NEAR(first.model, sum / first.points, 1e-12);
}

}  // namespace
}  // namespace traincast
