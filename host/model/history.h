// One history of a whole run: failures, restarts, checkpoints, GPUs that arrive, power that is capped,
// batches that grow, from an event to the next. Exact for the process described (no step of fixed time), and
// a pure function of inputs, seed and index: the same on any number of threads and ranks.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "host/base/units.h"
#include "host/model/interruptions.h"

namespace traincast {

// A part of the calendar with the same GPUs, power and speed.
struct HistoryPhase {
  Seconds start;  // since the run began; the first 0, ascending; the last phase has no end
  double gpus = 0;
  // Tokens a second while steps run, for each of HistoryInputs::work; 0: the run waits for the next phase.
  std::vector<TokenRate> speed;
  Watts power;                  // while steps run, with cooling
  Watts idle_power;             // while the job restarts or waits
  Seconds checkpoint_interval;  // of work; above 0
  Seconds change;  // pause on entering, after a checkpoint: 0 for a power cap, a restart for more GPUs
};

// An interruption's cause. Its rate is rate_per_gpu times the GPUs of the phase + rate_per_job.
struct HistoryCause {
  Frequency rate_per_gpu, rate_per_job;
  Seconds restart;                  // of a job of any size,
  Seconds restart_per_gpu;          // what each GPU adds: detect, reschedule, initialise, reload
  Seconds restart_per_gpu_squared;  // and each pair of them
  Seconds rollback;                 // see InterruptionClass
  bool planned = false;
  bool takes_node = false;
};

inline constexpr Seconds kHorizon = Seconds(100 * 365.25 * kSecondsPerDay);  // no run is followed for longer

struct HistoryInputs {
  std::vector<Tokens> work = {};  // parts in order: steps of a batch-size ramp, sequence-length phases
  std::vector<HistoryPhase> phases = {};
  std::vector<HistoryCause> causes = {};
  Seconds checkpoint_stall;    // for each checkpoint
  Seconds checkpoint_durable;  // after that until it can be read back
  // Nodes on hold for those that fail; below 0: one is always at hand. A node is away for `repair`; with none
  // on hold, the job waits for the next one back, and as nothing runs then, nothing is interrupted.
  std::int64_t spare_nodes = -1;
  Seconds repair;
  Replicas replicas = {};
  Seconds horizon = kHorizon;
};

// Where the time of one run went: wall is the sum of the seven below it.
struct RunHistory {
  bool finished = false;
  std::string_view reason = {};  // why it never finishes: words of static duration
  Seconds wall;
  Seconds useful;      // work that was kept
  Seconds lost;        // work done again, and steps that were under way
  Seconds restarting;  // from interruptions until steps run, without the wait for nodes
  Seconds waiting;     // for nodes
  Seconds stalls;      // for checkpoints
  Seconds degraded;    // what replicas that are away would have done, as time of the whole job
  Seconds paused;      // changes of the fleet, and phases without speed
  double interruptions = 0;
  double gpu_hours = 0;
  Joules energy;
  double goodput() const { return wall.value() > 0 ? useful / wall : 0; }
};

// Causes as classes of a job on so many GPUs: those with equal consequences merged, the most frequent first,
// those that never strike left out. A planned stop begins with a checkpoint.
std::vector<InterruptionClass> merged_classes(std::span<const HistoryCause> causes, double gpus,
                                              bool nodes_limited, const Checkpointing& checkpointing);

// Inputs checked and made ready; copies nothing per history. Throws std::invalid_argument where they
// contradict themselves (a caller's mistake: configs are checked by their loaders).
class HistoryModel {
 public:
  explicit HistoryModel(HistoryInputs inputs);
  // History `index` of those of this seed. Allocates once, for the nodes in repair.
  RunHistory simulate(std::uint64_t seed, std::uint64_t index) const;
  const HistoryInputs& inputs() const { return inputs_; }
  // Interruptions of a phase with equal consequences, merged.
  const std::vector<InterruptionClass>& classes(std::size_t phase) const { return classes_[phase]; }

 private:
  HistoryInputs inputs_;
  std::vector<std::vector<InterruptionClass>> classes_;  // by phase
};

// The same in one call, where inputs differ from history to history.
RunHistory simulate_history(const HistoryInputs& inputs, std::uint64_t seed, std::uint64_t index);

}  // namespace traincast
