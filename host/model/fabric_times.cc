#include "host/model/fabric_times.h"

#include <algorithm>

namespace traincast {

Seconds FabricTimes::time(Collective collective, Bytes message, const CommGroup& group) const {
  Group ranks;
  ranks.ranks = group.ranks;
  ranks.ranks_per_node = group.ranks_per_domain;
  ranks.groups_per_node = std::max<std::int64_t>(1, fabric_.gpus_per_node / group.ranks_per_domain);
  ranks.span = group.span;
  return collective_cost(fabric_, ranks, collective, message).time;
}

}  // namespace traincast
