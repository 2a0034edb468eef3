#include "host/calibrate/forecast.h"

#include <optional>

#include "host/base/errors.h"

namespace traincast {
namespace {

// By FigureGroup: step, memory, days, energy, cost.
using Enters = std::array<bool, kFigureGroups>;
constexpr Enters kAll = {true, true, true, true, true};
constexpr Enters kMemory = {false, true, false, false, false};
constexpr Enters kDays = {false, false, true, true, true};
constexpr Enters kEnergy = {false, false, false, true, false};
constexpr Enters kCost = {false, false, false, false, true};
constexpr Enters kAfterDays = {false, false, true, true, true};

void add_run_inputs(Forecast& out, Calibrator& calibrator) {
  const Run& run = out.run;
  out.inputs.push_back({"stack", run.stack.name, run.stack.from, kAll});
  out.inputs.push_back({"plan", run.plan.name, run.plan.from, kAll});
  out.inputs.push_back({"model", run.model.name, run.model.from, kAll});
  out.inputs.push_back({"tokens", run.name, run.from, kAfterDays});
  out.inputs.push_back({"GPU memory", out.smallest, calibrator.gpu(out.smallest).memory.from, kMemory});
  out.inputs.push_back({"reliability", run.cluster.name, run.cluster.reliability.from, kDays});
  out.inputs.push_back({"checkpoint storage", run.cluster.name, run.cluster.storage.from, kDays});
  out.inputs.push_back({"cooling, electricity", run.cluster.name, run.cluster.power.from, kEnergy});
  for (const Fleet& fleet : run.cluster.fleets) {
    const Gpu& gpu = calibrator.gpu(fleet.gpu);
    out.inputs.push_back({"server power", gpu.name, gpu.power.from, kEnergy});
    out.inputs.push_back({"prices", gpu.name, gpu.price.from, kCost});
  }
}

void estimate_on_fleets(Forecast& out, Calibrator& calibrator) {
  for (const Fleet& fleet : out.run.cluster.fleets) {
    const CalibratedSystem system = calibrator.system(out.run, fleet.gpu);
    const StepEstimate step = estimate_step(out.run.model, out.run.plan, out.run.stack, system.view());
    if (!out.pace.empty() && step.time <= out.step.time) continue;
    out.pace = fleet.gpu;
    out.step = step;
    out.profile_used = calibrator.uses_profile(fleet.gpu);
    out.inputs = system.inputs();
  }
}

}  // namespace

Forecast forecast(Calibrator& calibrator, const Run& run) {
  Forecast out;
  out.run = run;
  std::vector<FleetGpus> fleets;
  for (const Fleet& fleet : run.cluster.fleets) {
    const Gpu& gpu = calibrator.gpu(fleet.gpu);
    fleets.push_back({&gpu, fleet.gpus});
    if (out.smallest.empty() || gpu.memory.capacity < out.capacity) {
      out.smallest = gpu.name;
      out.capacity = gpu.memory.capacity;
    }
  }
  out.memory = estimate_memory(run.model, run.plan, run.stack);
  try {
    require_fit(out.memory, calibrator.gpu(out.smallest));
    estimate_on_fleets(out, calibrator);
    out.estimate = estimate_run(run, out.step, fleets);
  } catch (const InfeasiblePlan& reason) {
    out.infeasible = reason.what();
    return out;
  }
  out.published = compare_published(run, out.step, out.estimate);
  add_run_inputs(out, calibrator);
  return out;
}

Forecast forecast_or_throw(Calibrator& calibrator, const Run& run) {
  Forecast out = forecast(calibrator, run);
  if (!out.infeasible.empty()) throw InfeasiblePlan(run.name + ": " + out.infeasible);
  return out;
}

}  // namespace traincast
