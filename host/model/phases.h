// A run on a site that changes: what it trains on between two dates, and what that makes of the whole run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/date.h"
#include "host/base/units.h"
#include "host/model/power.h"
#include "host/model/reliability.h"
#include "host/model/run.h"
#include "host/model/run_estimate.h"
#include "host/model/step.h"

namespace traincast {

// What keeps a phase from more GPUs (or, for clocks, from faster ones).
enum class Limit { plan, gpus, supply, clocks };
constexpr std::string_view name(Limit limit) {
  constexpr std::string_view kNames[] = {"plan", "GPUs there", "power: fewer GPUs", "power: lower clocks"};
  return kNames[static_cast<int>(limit)];
}

// The share of one fleet in a phase.
struct FleetUse {
  std::string gpu;
  std::int64_t gpus = 0;           // in the run
  std::int64_t replicas = 0;       // paced by this fleet
  std::int64_t micro_batches = 0;  // of each of its pipelines, a step
  Seconds own_step;                // were the others as fast
  DollarRate rent;                 // of its GPUs together
  Dollars capital;
  double idle(Seconds step) const { return step.value() > 0 ? 1 - own_step / step : 0; }
};

// What a source gave.
struct SourceUse {
  std::string name;
  Joules energy;
  Kilograms co2;
  std::optional<Kilograms> nox;  // none where its rate is not stated
  Dollars cost;
};

struct RunPhase {
  // Given: what the run trains on.
  std::optional<Date> from;      // none: the run has no dates
  std::optional<Seconds> limit;  // to the next phase; none: the last
  std::optional<Watts> supply;
  std::vector<PowerSource> sources;  // in the order of their use; none: the cluster's grid
  std::int64_t installed = 0;        // GPUs on the site
  std::int64_t fed = 0;              // of them, by the supply, at `clock`
  std::int64_t replicas = 0;         // 0: the run waits
  std::int64_t gpus = 0;             // replicas x GPUs of one
  Limit bound = Limit::plan;
  double clock = 1;  // over the one sustained in training
  std::string pace;  // the GPU that sets it
  StepEstimate step;
  Watts demand;  // of the GPUs that the plan wants, as many as are there, at full clock
  Watts power;   // while steps run
  std::vector<FleetUse> fleets;
  std::string waits;     // why, where replicas is 0
  std::size_t part = 0;  // of run.parts, where it has some
  bool main = true;      // of the piece that stands for the run (host/model/parts.h)

  // Found: what comes of it.
  Seconds mtbf;  // 0: nothing interrupts it
  Seconds restart;
  Seconds stall;
  CheckpointSchedule schedule;
  Seconds length;      // of the run in this phase; 0: it has ended before
  double steps = 0;    // done in it
  double resizes = 0;  // 1: begins with a restart on other GPUs
  std::array<Seconds, kActivities> time{};
  std::array<Joules, kActivities> energy{};
  std::vector<SourceUse> used;
  bool in_run() const { return length.value() > 0; }
};

// A run on one set of GPUs from its first day to its last, on the cluster's grid.
RunPhase whole_run(const Run& run, const StepEstimate& step, std::span<const FleetGpus> fleets);

// Fills in what comes of each phase, and sums up. A run in pieces (host/model/parts.h) has a phase for each
// piece on each date, by date and then by piece: pieces follow one another without a pause, each where the
// one before ends, and phases that the run does not come through have no length. Steps go on until all tokens
// are seen; where the GPUs change by date, one restart. Figures that belong to a phase (interval between
// interruptions and the like) are those of main_phase(). Throws InfeasiblePlan "never finishes: ..." where
// the last phase trains nothing and tokens are left, or where interruptions leave no time.
RunEstimate run_phases(const Run& run, std::span<RunPhase> phases);

// The phase with the most steps, among those of the main part. There is one phase at least.
std::size_t main_phase(std::span<const RunPhase> phases);

// Energy that `power` over `time` takes from the sources, the first first; what is above them (or all, where
// there are none) comes from the cluster's grid.
std::vector<SourceUse> drawn(const Cluster& cluster, std::span<const PowerSource> sources, Watts power,
                             Seconds time);
void add_up(std::vector<SourceUse>& sum, std::span<const SourceUse> more);  // by name

}  // namespace traincast
