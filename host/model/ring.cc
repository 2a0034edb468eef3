#include "host/model/ring.h"

#include <algorithm>

namespace traincast {

Seconds RingTimes::time(Collective collective, Bytes message, const CommGroup& group) const {
  if (group.ranks <= 1) return Seconds(0);
  const auto n = static_cast<double>(group.ranks);
  const auto local = static_cast<double>(group.ranks_per_domain);
  const double factor = bus_factor(collective, group.ranks);
  if (group.ranks <= group.ranks_per_domain) {
    return fabric_.intra_latency + message * factor / fabric_.nvlink_bus;
  }
  switch (collective) {
    case Collective::send_recv:
      return fabric_.hop_latency + message / fabric_.nic;
    case Collective::all_to_all:  // every GPU's own NIC carries what leaves its domain
      return fabric_.intra_latency + fabric_.hop_latency + message * ((n - local) / n) / fabric_.nic;
    case Collective::all_reduce:
    case Collective::all_gather:
    case Collective::reduce_scatter:
      break;
  }
  const double passes = collective == Collective::all_reduce ? 2 : 1;
  const Bandwidth bus = std::min(fabric_.nvlink_bus, fabric_.nic * local);
  return fabric_.intra_latency + fabric_.hop_latency * (passes * (n / local - 1)) + message * factor / bus;
}

}  // namespace traincast
