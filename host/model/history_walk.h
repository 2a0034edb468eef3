// The inside of history.cc: one walk through a run. Times in seconds, as plain numbers, because this is the
// inner loop of every simulation.
#pragma once

#include <limits>
#include <vector>

#include "host/model/exponential.h"
#include "host/model/history.h"

namespace traincast {

inline constexpr double kNever = std::numeric_limits<double>::infinity();

// Nodes in repair, first in first out, as each repair takes the same time.
class SpareNodes {
 public:
  SpareNodes(std::int64_t spares, double repair);
  // A node fails now; how long until another stands in its place.
  double wait(double now);

 private:
  std::vector<double> back_;  // when each node in repair comes back: a ring
  std::size_t first_ = 0, count_ = 0;
  bool limited_;
  double repair_;
};

// What the inner loop knows of a class and of a phase.
struct WalkClass {
  double below = 1;  // a uniform number under this picks it, if none before it
  double restart = 0, rollback = 0;
  bool crash = true, planned = false, takes_node = false;
};
struct WalkPhase {
  double start = 0, end = kNever, change = 0;
  bool hopeless = false;  // less than a millionth of the time would be useful
  double interval = 1;
  WalkClass common;                               // the most frequent crash
  double common_gap = kNever, rare_gap = kNever;  // mean times between interruptions
  std::vector<WalkClass> rare;                    // all others
  double gap() const { return 1 / (1 / common_gap + 1 / rare_gap); }
};

// Where time went in a piece of the run within one phase and one part of the work.
struct WalkTimes {
  double elapsed = 0, useful = 0, stalls = 0, restarting = 0, waiting = 0, degraded = 0;
  double interruptions = 0;
};

struct WalkCheckpoints {
  double stall = 0, durable = 0;
};

struct WalkState {
  RandomStream random;
  SpareNodes spares;
  double now = 0;
  double restart = 0;             // what is left of the one under way
  double wait = 0;                // for a node, before that
  std::vector<double> away = {};  // when each replica that is away comes back, ascending
};

// Runs until `need` seconds of work are done or the phase ends, whichever is first, and takes what was done
// from `need`; `whole` is the part's whole work at this speed, which no rollback exceeds.
WalkTimes walk_job(const WalkPhase& phase, const WalkCheckpoints& checkpoints, double whole, double& need,
                   WalkState& state);
WalkTimes walk_replicas(const WalkPhase& phase, const WalkCheckpoints& checkpoints, double replicas,
                        double regroup, double whole, double& need, WalkState& state);

// No more interruptions than this in one history.
inline constexpr double kMostInterruptions = 2e8;

}  // namespace traincast
