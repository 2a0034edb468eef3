// A whole run from one step: time with and without interruptions, energy, emissions and cost.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "host/base/units.h"
#include "host/model/gpu.h"
#include "host/model/memory.h"
#include "host/model/power.h"
#include "host/model/reliability.h"
#include "host/model/run.h"
#include "host/model/step.h"

namespace traincast {

struct RunEstimate {
  double steps = 0;  // whole
  Seconds ideal;     // steps alone, nothing breaks
  Seconds expected;  // with interruptions, lost work, restarts and checkpoints

  Seconds mtbf;     // of the job; 0: nothing interrupts it
  Seconds restart;  // from an interruption until steps run
  double interruptions = 0;
  Bytes checkpoint;          // size of one
  Seconds checkpoint_stall;  // training waits so long for each
  CheckpointSchedule schedule;

  double gpu_hours = 0;  // over `expected`
  Flops model_flops;     // 6 per active matmul parameter and token, causal attention halved
  Flops full_flops;      // attention over the full square (PaLM, appendix B)
  TokenRate tokens;      // of the whole run, over `expected`

  Watts power;       // while steps run: servers, network and storage, cooling
  Watts mean_power;  // over `expected`
  Joules energy;
  Kilograms co2;
  std::optional<Kilograms> nox;  // as NO2; none where the rate of a source is not stated

  Dollars rent;
  Dollars amortised;    // capital over kAmortisation, without electricity
  Dollars electricity;  // bought at the cluster's price
  Dollars capital;      // of the GPUs in use

  double goodput() const { return schedule.effective; }
};

// Straight-line life of the hardware; assumed, between the 3 and 6 years in use.
inline constexpr double kAmortisationYears = 4;

// Throws InfeasiblePlan "does not fit: ..." that says what takes the memory and how much is missing.
void require_fit(const MemoryEstimate& memory, const Gpu& gpu);

// Pure. `fleets` are those of run.cluster, in its order. Throws InfeasiblePlan where interruptions leave no
// time.
RunEstimate estimate_run(const Run& run, const StepEstimate& step, std::span<const FleetGpus> fleets);

}  // namespace traincast
