#include "host/calibrate/forecast.h"

#include <array>
#include <vector>

#include "host/base/errors.h"

namespace traincast {
namespace {

using enum FigureGroup;
constexpr FigureGroups kTimes = figure_groups({step, memory, days, energy, cost});
constexpr FigureGroups kModel = figure_groups({step, memory, work, checkpoints, days, energy, cost});
constexpr FigureGroups kTokens = figure_groups({work, days, energy, cost});
constexpr FigureGroups kFailures = figure_groups({failures, days, energy, cost});
constexpr FigureGroups kCheckpoints = figure_groups({checkpoints, days, energy, cost});

void add_run_inputs(Forecast& out, Calibrator& calibrator) {
  const Run& run = out.run;
  out.inputs.push_back({"stack", run.stack.name, run.stack.from, kTimes});
  out.inputs.push_back({"plan", run.plan.name, run.plan.from, kTimes});
  out.inputs.push_back({"model", run.model.name, run.model.from, kModel});
  out.inputs.push_back({"tokens", run.name, run.from, kTokens});
  out.inputs.push_back(
      {"GPU memory", out.smallest, calibrator.gpu(out.smallest).memory.from, figure_groups({memory})});
  out.inputs.push_back({"reliability", run.cluster.name, run.cluster.reliability.from, kFailures});
  out.inputs.push_back({"checkpoint storage", run.cluster.name, run.cluster.storage.from, kCheckpoints});
  out.inputs.push_back(
      {"cooling, electricity", run.cluster.name, run.cluster.power.from, figure_groups({energy})});
  for (const Fleet& fleet : run.cluster.fleets) {
    const Gpu& gpu = calibrator.gpu(fleet.gpu);
    out.inputs.push_back({"server power", gpu.name, gpu.power.from, figure_groups({energy})});
    out.inputs.push_back({"prices", gpu.name, gpu.price.from, figure_groups({cost})});
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

}  // namespace traincast
