#include "host/measure/tiers.h"

#include <algorithm>

namespace traincast {
namespace {

Tier part(Communicator& all, const Session& session, std::string name, int color, int ranks, int nodes,
          int groups) {
  Tier tier{.name = std::move(name), .communicator = nullptr, .own = all.split(color, session.rank())};
  tier.communicator = tier.own.get();
  tier.ranks = ranks;
  tier.nodes = nodes;
  tier.groups = groups;
  return tier;
}

}  // namespace

Tier whole_tier(Communicator& all, const Session& session) {
  return {.name = session.nodes() == 1 ? "node" : "all",
          .communicator = &all,
          .own = nullptr,
          .ranks = session.size(),
          .nodes = session.nodes()};
}

std::vector<Tier> make_tiers(Communicator& all, Session& session) {
  const int nodes = session.nodes();
  const int largest = static_cast<int>(session.max(session.local_size()));
  const int smallest = -static_cast<int>(session.max(-session.local_size()));
  std::vector<Tier> tiers;
  tiers.push_back(whole_tier(all, session));
  if (nodes > 1 && smallest > 1) {
    // Rank 0 is on node 0, whose ranks are the figures of the tier.
    const int ranks = static_cast<int>(session.max(session.node() == 0 ? session.local_size() : 0));
    tiers.push_back(part(all, session, "node", session.node(), ranks, 1, nodes));
    const bool takes_part = session.local_rank() < smallest;
    tiers.push_back(
        part(all, session, "rail", takes_part ? session.local_rank() : -1, nodes, nodes, smallest));
  }
  for (int ranks = 2; ranks < smallest; ranks *= 2) {
    const int groups = smallest / ranks;
    const bool takes_part = session.local_rank() < groups * ranks;
    const int color = takes_part ? session.node() * largest + session.local_rank() / ranks : -1;
    tiers.push_back(part(all, session, "group", color, ranks, 1, groups * nodes));
  }
  return tiers;
}

std::string describe(const Tier& tier) {
  if (tier.name == "rail") return "rail over " + std::to_string(tier.nodes) + " nodes";
  if (tier.name == "all") {
    return "all " + std::to_string(tier.ranks) + " ranks on " + std::to_string(tier.nodes) + " nodes";
  }
  return tier.name + " of " + std::to_string(tier.ranks);
}

}  // namespace traincast
