// What interruptions and checkpoints leave of a synchronous run's time. Failures come as a Poisson process:
// each throws the run back to its last checkpoint.
#pragma once

#include "host/base/units.h"

namespace traincast {

// Mean time between interruptions of a job that any one of its GPUs stops.
Seconds job_mtbf(Seconds mtbf_per_gpu, double gpus);

// Share of the wall-clock time that is useful steps, with a checkpoint after each `interval` of work that
// stalls the run for `stall`, and `restart` from an interruption until work goes on (interruptions may strike
// then too). Daly's exact form, "A higher order estimate of the optimum checkpoint interval for restart
// dumps", Future Generation Computer Systems 22 (2006), eq. 20: interval / (M e^(R/M) (e^((interval +
// stall)/M) - 1)). Between 0 and 1, never NaN; 0 where it is too small for a double. Times in seconds;
// interval and mtbf above 0.
double effective_fraction(Seconds interval, Seconds stall, Seconds mtbf, Seconds restart);

// First-order optimum sqrt(2 stall M) (Young 1974): good while both are far below M.
Seconds young_interval(Seconds stall, Seconds mtbf);

struct CheckpointSchedule {
  Seconds interval;       // of work between two checkpoints
  double effective = 0;   // share of the time that is useful steps
  double restarting = 0;  // share of the time between an interruption and the next step: 1 - e^(-R/M)
};

// The interval of the highest effective fraction between `shortest` (a step; the time until a checkpoint is
// written) and `longest` (the whole run). The optimum without bounds lies below M. Throws InfeasiblePlan
// "never finishes: ..." where less than a millionth of the time is useful.
CheckpointSchedule best_schedule(Seconds stall, Seconds mtbf, Seconds restart, Seconds shortest,
                                 Seconds longest);

}  // namespace traincast
