// Tiers of ranks, and what messages and operations do to one another.
#include "host/measure/tiers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <tuple>

#include "host/calibrate/curves.h"
#include "host/calibrate/fabric.h"
#include "host/config/load.h"
#include "tests/unit/measure/one_rank.h"

namespace traincast {
namespace {

using Shape = std::tuple<std::string, int, int, int>;  // tier, ranks, nodes, groups

std::vector<std::vector<Shape>> shapes(int ranks, int per_node) {
  FakeCluster cluster(ranks, per_node);
  std::vector<FakeClock> clocks(static_cast<std::size_t>(ranks));
  std::vector<std::vector<Shape>> by_rank(static_cast<std::size_t>(ranks));
  cluster.run([&](Session& session) {
    const auto rank = static_cast<std::size_t>(session.rank());
    FakeCommunicator communicator(clocks[rank], session);
    for (const Tier& tier : make_tiers(communicator, session)) {
      by_rank[rank].emplace_back(tier.name, tier.communicator == nullptr ? 0 : tier.ranks, tier.nodes,
                                 tier.groups);
    }
  });
  return by_rank;
}

TEST(Tiers, TwoNodesOfEightHaveNodesRailsAndGroups) {
  const std::vector<Shape> expected{
      {"all", 16, 2, 1}, {"node", 8, 1, 2}, {"rail", 2, 2, 8}, {"group", 2, 1, 8}, {"group", 4, 1, 4}};
  for (const auto& tiers : shapes(16, 8)) EXPECT_EQ(tiers, expected);
}

TEST(Tiers, OneNodeIsTheNode) {
  EXPECT_EQ(shapes(1, 0)[0], (std::vector<Shape>{{"node", 1, 1, 1}}));
  EXPECT_EQ(shapes(4, 0)[3], (std::vector<Shape>{{"node", 4, 1, 1}, {"group", 2, 1, 2}}));
}

TEST(Tiers, OneRankANodeHasNoRailBesideAll) {
  EXPECT_EQ(shapes(3, 1)[0], (std::vector<Shape>{{"all", 3, 3, 1}}));
}

TEST(Tiers, UnevenNodesHaveTheRailsOfTheSmallest) {
  const auto tiers = shapes(7, 4);  // four and three ranks
  EXPECT_EQ(tiers[0],
            (std::vector<Shape>{{"all", 7, 2, 1}, {"node", 4, 1, 2}, {"rail", 2, 2, 3}, {"group", 2, 1, 2}}));
  // The fourth of the first node belongs to no rail, and the third of the second to no group.
  EXPECT_EQ(tiers[3][2], (Shape{"rail", 0, 2, 3}));
  EXPECT_EQ(tiers[6][3], (Shape{"group", 0, 1, 2}));
}

Profile measured(int ranks, int per_node, std::vector<Section> sections) {
  FakeCluster cluster(ranks, per_node);
  std::vector<FakeClock> clocks(static_cast<std::size_t>(ranks));
  std::vector<Profile> profiles(static_cast<std::size_t>(ranks));
  cluster.run([&](Session& session) {
    const auto rank = static_cast<std::size_t>(session.rank());
    FakeBackend backend(clocks[rank], {});
    backend.beside_message = 1.25;
    FakeCommunicator communicator(clocks[rank], session);
    communicator.beside_load = 3;
    MeasureOptions options = quick_options(clocks[rank]);
    options.sections = sections;
    profiles[rank] = measure(backend, communicator, session, options, kSilent).profile;
  });
  return profiles[0];
}

TEST(Tiers, EveryTierHasRowsThatFollowTheFormulaOfItsRanks) {
  const Profile profile = measured(4, 2, {Section::collectives});
  const FakeCommunicator::Formula formula;
  std::map<std::string, int> rows;
  for (const CollectiveRow& row : profile.collectives) {
    ++rows[row.tier];
    const double expected = formula.time(row.collective, row.ranks, row.message).value();
    EXPECT_NEAR(row.timing.median.value(), expected, 1e-9 * expected) << row.tier;
    EXPECT_EQ(row.ranks, row.tier == "all" ? 4 : 2);
    EXPECT_EQ(row.nodes, row.tier == "node" ? 1 : 2);
  }
  EXPECT_EQ(rows, (std::map<std::string, int>{{"all", 70}, {"node", 70}, {"rail", 70}}));
}

TEST(Interference, EachSlowsTheOtherByItsFactor) {
  const Profile profile = measured(2, 0, {Section::interference});
  ASSERT_EQ(profile.collectives.size(), static_cast<std::size_t>(kCollectives));
  ASSERT_EQ(profile.ops.size(), profile.collectives.size());
  for (const CollectiveRow& row : profile.collectives) {
    EXPECT_NEAR(row.slowdown, 3, 1e-9);
    EXPECT_EQ(row.during, to_string(profile.ops[0].op));
    EXPECT_TRUE(row.verified);
  }
  for (const OpRow& row : profile.ops) {
    EXPECT_NEAR(row.slowdown, 1.25, 1e-9);
    EXPECT_NE(row.during.find("node of 2"), std::string::npos) << row.during;
  }
}

TEST(Interference, CurvesDoNotRestOnIt) {
  const Profile profile = measured(2, 0, {Section::interference});
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  EXPECT_TRUE(kernel_points(profile, load_gpu(store, "h100-sxm")).empty());
  EXPECT_TRUE(intra_node_curves(profile).empty());
}

TEST(Tiers, CurvesRestOnGroupsOfEverySizeAndOnBf16) {
  Profile profile = measured(4, 0, {Section::collectives});
  for (CollectiveRow& row : profile.collectives) {
    if (row.dtype == DataType::fp32) row.timing.median *= 7;
  }
  const FakeCommunicator::Formula formula;
  int curves = 0;
  for (const IntraNodeCurve& curve : intra_node_curves(profile)) {
    ++curves;
    EXPECT_TRUE(curve.ranks == 2 || curve.ranks == 4);
    const auto& last = curve.points.back();
    const Bytes message(std::exp(last.log_bytes));
    EXPECT_NEAR(std::exp(last.log_seconds),
                formula.time(curve.collective, static_cast<int>(curve.ranks), message).value(), 1e-6);
  }
  EXPECT_EQ(curves, 2 * kCollectives);
}

}  // namespace
}  // namespace traincast
