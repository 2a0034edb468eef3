// What stops a run, what each stop costs, and what is left of the time on average, in closed form.
#pragma once

#include <span>
#include <vector>

#include "host/base/units.h"

namespace traincast {

// Interruptions of a running job with the same consequences, as a Poisson process.
struct InterruptionClass {
  Frequency rate;   // of the whole job
  Seconds restart;  // until steps run again, not counting a wait for a node; starts anew if struck meanwhile
  // Of work that is spoiled though it was saved: found only so long after it went wrong (silent data
  // corruption). The run goes back to the last checkpoint before that.
  Seconds rollback;
  bool planned = false;     // saved just before it begins: nothing is lost
  bool takes_node = false;  // a node leaves for repair and a spare takes its place
};

// Checkpoints of a synchronous job.
struct Checkpointing {
  Seconds interval;  // of work between two
  Seconds stall;     // of training, for each
  Seconds durable;   // after the stall until it can be read back (an asynchronous copy)
};

Frequency total_rate(std::span<const InterruptionClass> classes);

// Share of the wall-clock time that is useful in the long run; exact for classes of constant rate with spares
// at hand. Each time between two interruptions (mean M = 1 / total rate) begins with the restart R of the one
// before and keeps the work up to what the one at its end spoils, which gives with t = interval, d = stall
//   crash                M^-1 t e^-(R + durable)/M / (e^((t + d)/M) - 1)
//   planned stop         e^-R/M (1 - e^-t/M) / (1 - e^-(t + d)/M)
//   found b too late     M^-1 t (e^-R/M e^-(t - r)/M / (1 - e^-(t + d)/M) - n),  b = n t - r, 0 <= r < t,
// averaged over both. With crashes of one kind and durable = 0 this is Daly's equation 20 (see
// reliability.h). From 1 down to 0 (never negative, never NaN); 1 - share of stalls where nothing interrupts.
double effective_fraction(std::span<const InterruptionClass> classes, const Checkpointing& checkpointing);

// Data-parallel replicas that fail one by one (as FT-HSDP, arXiv 2602.00277): all wait `regroup` for each
// failure, the replica that failed is away for the restart of its class, and the others go on, at the speed
// of those that are left.
struct Replicas {
  double count = 0;  // 0 or 1: the whole job restarts from a checkpoint
  Seconds regroup;
};

// The same share for recovery by replicas, with S = regroup and r replicas struck at rate 1/(r M) each:
// e^-S/M t/(t + d) (1 - mean over classes of 1 - e^-max(R - S, 0)/(r M)), less what silent corruption spoils:
// its rollback and half an interval. Leaves out that all replicas could be away at once.
double replica_fraction(std::span<const InterruptionClass> classes, const Checkpointing& checkpointing,
                        const Replicas& replicas);

// The interval of the highest share between `shortest` (a step) and `longest` (the whole run).
Seconds best_interval(std::span<const InterruptionClass> classes, Checkpointing checkpointing,
                      Seconds shortest, Seconds longest);

}  // namespace traincast
