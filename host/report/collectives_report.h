// What collectives cost on a cluster, by group and size, with the algorithm taken and the next best.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/collective.h"
#include "host/base/table.h"
#include "host/base/units.h"
#include "host/model/collectives.h"
#include "host/model/inputs.h"

namespace traincast {

struct CollectiveQuestion {
  std::vector<Collective> collectives;
  std::vector<std::int64_t> ranks;
  std::vector<Bytes> messages;
  std::int64_t ranks_per_node = 0;  // 0: as many as a node has
};

// One row for each collective, group and message, in that order. Groups fill their nodes; the ranks of a
// group of one rank a node lie on one rail.
Report collectives_report(const Fabric& fabric, const InputUsed& used, const CollectiveQuestion& question);

}  // namespace traincast
