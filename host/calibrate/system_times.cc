#include "host/calibrate/system_times.h"

#include <algorithm>
#include <utility>

namespace traincast {

CurveTimes::CurveTimes(KernelCurves curves, const OpFlags& others, RooflineTimes elsewhere)
    : curves_(std::move(curves)), others_(others), elsewhere_(std::move(elsewhere)) {
  // 2 x 1 GiB: far beyond every cache.
  const Op copy = MemoryBound{MemoryKind::copy, 65536, 8192, DataType::bf16};
  stream_ = others_[copy.index()] ? elsewhere_.stream_rate() : work(copy).bytes / curves_.time(copy);
}

Group fabric_group(const CommGroup& group, std::int64_t gpus_per_node) {
  Group out;
  out.ranks = group.ranks;
  out.ranks_per_node = std::clamp<std::int64_t>(group.ranks_per_domain, 1, group.ranks);
  const bool leaves = group.ranks > out.ranks_per_node;
  out.groups_per_node = leaves ? std::max<std::int64_t>(1, gpus_per_node / out.ranks_per_node) : 1;
  out.span = group.span;
  return out;
}

Seconds FabricTimes::time(Collective collective, Bytes message, const CommGroup& group) const {
  return collective_cost(fabric_, fabric_group(group, fabric_.gpus_per_node), collective, message).time;
}

}  // namespace traincast
