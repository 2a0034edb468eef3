// Collective times by rings: NVLink inside a domain, one NIC per GPU between domains. The simplest model that
// has the right asymptotes; used where no NCCL fabric is calibrated.
#pragma once

#include "host/model/system.h"

namespace traincast {

struct RingFabric {
  Bandwidth nvlink_bus;   // bus bandwidth that collectives reach inside a domain
  Bandwidth nic;          // per GPU, reached
  Seconds intra_latency;  // per collective
  Seconds hop_latency;    // per ring step between domains
};

class RingTimes final : public CollectiveTimes {
 public:
  explicit RingTimes(const RingFabric& fabric) : fabric_(fabric) {}
  Seconds time(Collective collective, Bytes message, const CommGroup& group) const override;

 private:
  RingFabric fabric_;
};

}  // namespace traincast
