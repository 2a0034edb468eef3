// What a training step runs on, as the model sees it: kernel times and collective times behind two narrow
// interfaces.
#pragma once

#include <cstdint>

#include "host/base/collective.h"
#include "host/base/op.h"
#include "host/base/units.h"
#include "host/model/gpu.h"

namespace traincast {

// Time of one operation on one GPU, sustained, launch included. Pure and allocation-free.
class KernelTimes {
 public:
  virtual ~KernelTimes() = default;
  virtual Seconds time(const Op& op) const = 0;
  // Rate at which memory-bound kernels stream.
  virtual Bandwidth stream_rate() const = 0;
};

// Some ranks of a job that communicate with one another, and how they lie on NVLink domains.
struct CommGroup {
  std::int64_t ranks = 1;
  std::int64_t ranks_per_domain = 1;  // of this group, in one NVLink domain
  std::int64_t span = 1;              // GPUs from the first to the last rank: decides the network tier
  friend bool operator==(const CommGroup&, const CommGroup&) = default;
};

class CollectiveTimes {
 public:
  virtual ~CollectiveTimes() = default;
  // Message size as host/base/collective.h defines it.
  virtual Seconds time(Collective collective, Bytes message, const CommGroup& group) const = 0;
};

struct System {
  const Gpu* gpu = nullptr;
  const KernelTimes* kernels = nullptr;
  const CollectiveTimes* collectives = nullptr;
  std::int64_t nvlink_domain = 8;
};

}  // namespace traincast
