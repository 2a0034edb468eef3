// NCCL's cost model (collectives.h) as the step model asks for it.
#pragma once

#include "host/model/collectives.h"
#include "host/model/system.h"

namespace traincast {

class FabricTimes final : public CollectiveTimes {
 public:
  explicit FabricTimes(Fabric fabric) : fabric_(std::move(fabric)) {}
  // The groups of a plan work at the same time: as many on a node as fit, and they share its NICs.
  Seconds time(Collective collective, Bytes message, const CommGroup& group) const override;
  const Fabric& fabric() const { return fabric_; }

 private:
  Fabric fabric_;
};

}  // namespace traincast
