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

}  // namespace traincast
