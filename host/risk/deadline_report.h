// What `traincast deadline` prints.
#pragma once

#include "host/base/table.h"
#include "host/risk/deadline.h"

namespace traincast {

// Scalars: start, by, available_s, probability, seed, draws. Table `finish`: {"share", "time_s", "date"}: by
// when that share of the draws is done. Table `what_would_do`: {"probability", "start", "mfu", "gpus"}, each
// alone, and "no_start", "no_mfu", "no_gpus" with the reason where it is null.
Report deadline_report(const Deadline& deadline);

}  // namespace traincast
