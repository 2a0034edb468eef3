// Which rank of a job that is told to end has its line printed.
#pragma once

#include <poll.h>

namespace traincast {

// For a rank that was told to end and says nothing: ends it last, a second later. Open MPI kills the ranks
// that are left as soon as the first of them has ended, and the one that speaks may still wait for a
// processor. Safe in a signal handler.
inline void let_others_speak() {
  poll(nullptr, 0, 1000);
}

}  // namespace traincast
