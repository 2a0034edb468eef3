// What `traincast sweep` prints.
#pragma once

#include "host/base/table.h"
#include "host/risk/sweep.h"

namespace traincast {

// Table `points`, one row a point: a column for each axis, keyed by the last steps of its path and its SI
// unit, then days and what goes with them; `status` is "ok" or why there is no estimate.
Report sweep_report(const Sweep& sweep);

}  // namespace traincast
