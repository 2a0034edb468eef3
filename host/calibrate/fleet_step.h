// A step of a plan on the GPUs of several fleets, at a clock.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "host/calibrate/system.h"
#include "host/model/mixed_fleet.h"
#include "host/model/phases.h"
#include "host/model/step.h"

namespace traincast {

// Kernel times at a lower clock: GEMMs and attention take longer in proportion, memory-bound kernels do not,
// because the memory keeps its clock. A small GEMM that memory bounds is taken for one of the first.
class ClockedTimes final : public KernelTimes {
 public:
  ClockedTimes(const KernelTimes& at_full, double clock) : at_full_(at_full), clock_(clock) {}
  Seconds time(const Op& op) const override;
  Bandwidth stream_rate() const override { return at_full_.stream_rate(); }

 private:
  const KernelTimes& at_full_;
  double clock_;
};

// Of which every fleet has a system of its own, in the order of the run's fleets.
struct RunSystems {
  std::vector<CalibratedSystem> systems;
  std::vector<const Gpu*> gpus;  // of the Calibrator that made them
};
RunSystems run_systems(Calibrator& calibrator, const Run& run);

struct FleetStep {
  StepEstimate step;  // tokens and FLOP rates are of the whole batch over all GPUs
  std::size_t pace = 0;
  std::vector<FleetUse> fleets;
};

// `counts` are the GPUs of each of the run's fleets, plan.gpus() in sum; the batch need not divide: whoever
// has a micro-batch more sets the pace.
FleetStep fleet_step(const Run& run, const Plan& plan, const RunSystems& systems,
                     std::span<const FleetGpus> counts, double clock, bool unequal);

// The plan on so many replicas at most, with its batch: the fewest of those that give each the same work.
// `replicas` is 0 where the plan can be laid out on none.
Plan resized_plan(const Run& run, std::int64_t most_replicas);

}  // namespace traincast
