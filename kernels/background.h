// An op that executes over and over beside whatever else is measured.
#pragma once

#include <cstdint>

#include "host/base/units.h"

namespace traincast {

struct LoadResult {
  std::int64_t executions = 0;  // completed
  Seconds elapsed;              // from the first one's start to the last one's end
};

// Runs from its making to stop() or its end. The Prepared that it executes belongs to it until then: it must
// outlive the load and must not be timed, enqueued or asked for a result meanwhile; other Prepareds may.
class BackgroundLoad {
 public:
  virtual ~BackgroundLoad() = default;  // stops; an error of the load is then lost
  // Waits for what has been started. The same answer when called again. Throws DeviceError when the load
  // failed.
  virtual LoadResult stop() = 0;
};

}  // namespace traincast
