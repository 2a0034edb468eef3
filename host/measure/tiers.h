// Which ranks send to one another: training's groups lie inside nodes, along rails and across everything.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "mpi/communicator.h"
#include "mpi/session.h"

namespace traincast {

// All groups of a tier work at once, as they do in training. Figures are of rank 0's group.
struct Tier {
  std::string name;  // "all", "node", "rail" (one rank a node) or "group" (some ranks of a node)
  Communicator* communicator = nullptr;  // of this rank's group; nullptr where it belongs to none
  std::unique_ptr<Communicator> own;     // what `communicator` points to, unless it is that of all ranks
  int ranks = 1, nodes = 1;              // of a group
  int groups = 1;
};

// Collective. All ranks first ("node" where there is only one node), then those of a node, one rank of each
// node, and groups of 2, 4, ... ranks of a node, fewer than all of it. Nodes of different size have rails and
// groups as the smallest one. `all` must outlive the tiers.
std::vector<Tier> make_tiers(Communicator& all, Session& session);

// The first of them alone.
Tier whole_tier(Communicator& all, const Session& session);

// "node of 8", "rail over 4 nodes"
std::string describe(const Tier& tier);

}  // namespace traincast
