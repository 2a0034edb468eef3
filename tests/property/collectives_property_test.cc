// What holds for every collective on every fabric.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include "host/model/collectives.h"
#include "host/model/collectives_tuning.h"
#include "tests/property/generate.h"

namespace traincast::property {
namespace {

constexpr std::uint64_t kCases = 1500;
constexpr Collective kCollectives[] = {Collective::all_reduce, Collective::all_gather,
                                       Collective::reduce_scatter, Collective::all_to_all,
                                       Collective::send_recv};

struct Case {
  Gpu gpu;
  Cluster cluster;
  Group group;
  Collective collective;
  Bytes message;
};

Case random_case(std::uint64_t seed) {
  Random random(seed);
  Case out;
  out.gpu = random_gpu(random);
  out.cluster = random_cluster(random, out.gpu, 1 << 17);
  out.collective =
      random.pick_from(std::vector<Collective>(std::begin(kCollectives), std::end(kCollectives)));
  out.group.ranks_per_node = random.power_of_two(8);
  const std::int64_t nodes = random.power_of_two(16384);
  out.group.ranks = out.collective == Collective::send_recv
                        ? 2
                        : std::max<std::int64_t>(2, out.group.ranks_per_node * nodes);
  if (out.group.ranks < out.group.ranks_per_node) out.group.ranks_per_node = out.group.ranks;
  out.group.groups_per_node = 8 / out.group.ranks_per_node;
  out.message = Bytes(random.scale(1, 1e11));
  return out;
}

Case faster(Case one, double factor) {
  one.gpu.links.nvlink *= factor;
  one.gpu.links.default_nic *= factor;
  one.cluster.network.nic_per_gpu *= factor;
  return one;
}

std::vector<CollectiveAlternative> alternatives(const Case& one) {
  return collective_alternatives(default_fabric(one.gpu, one.cluster), one.group, one.collective,
                                 one.message);
}

// NCCL rates a NIC by steps: a line rate beyond the next step is another machine to it, with other limits.
bool rated_alike(const Case& a, const Case& b) {
  const auto step = [](const Case& one) {
    const Bandwidth rate = one.cluster.network.nic_per_gpu;
    const double rating = nccl_nic_speed(gpu_generation(one.gpu.product), rate);
    return rating == rate.value() ? 0 : rating;
  };
  return step(a) == step(b);
}

// Whichever of them NCCL picks: it may pick another one on another fabric (step_property_test.cc).
TEST(CollectivesProperty, FasterLinksNeverSlowAnAlgorithm) {
  int compared = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    const Case slow = random_case(seed);
    const std::vector<CollectiveAlternative> before = alternatives(slow);
    for (const double factor : {1.001, 1.3, 4.0}) {
      const Case fast = faster(slow, factor);
      if (fast.group.nodes() > 1 && !rated_alike(slow, fast)) continue;
      const std::vector<CollectiveAlternative> after = alternatives(fast);
      ASSERT_EQ(after.size(), before.size());
      for (std::size_t i = 0; i < before.size(); ++i) {
        ASSERT_EQ(after[i].algorithm, before[i].algorithm);
        ASSERT_EQ(after[i].protocol, before[i].protocol);
        ASSERT_LE(after[i].time.value(), before[i].time.value() * (1 + 1e-12)) << name(after[i].algorithm);
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, static_cast<int>(kCases));
}

// The one that is used is one of them, finite and above 0, and no message is free.
TEST(CollectivesProperty, TheCostIsOneOfTheAlternativesOrCappedByALargerMessage) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    SCOPED_TRACE(seed);
    const Case one = random_case(seed);
    const Fabric fabric = default_fabric(one.gpu, one.cluster);
    const double cost = collective_cost(fabric, one.group, one.collective, one.message).time.value();
    ASSERT_TRUE(std::isfinite(cost) && cost > 0);
    const double larger = collective_cost(fabric, one.group, one.collective, one.message * 1.5).time.value();
    ASSERT_LE(cost, larger);
    double fastest = std::numeric_limits<double>::infinity();
    for (const CollectiveAlternative& row : alternatives(one)) fastest = std::min(fastest, row.time.value());
    ASSERT_GE(cost, fastest * (1 - 1e-12));
  }
}

}  // namespace
}  // namespace traincast::property
