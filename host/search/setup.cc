#include "host/search/setup.h"

#include <algorithm>
#include <cmath>

#include "host/base/errors.h"
#include "host/model/layer.h"
#include "host/model/power.h"

namespace traincast {
namespace {

std::string text(std::int64_t count) {
  return std::to_string(count);
}

template <typename T, typename Predicate>
void keep(std::vector<T>& values, const Predicate& possible, const std::string& complaint) {
  values.erase(std::remove_if(values.begin(), values.end(), [&](const T& v) { return !possible(v); }),
               values.end());
  if (values.empty()) throw UsageError(complaint);
}

// Drops what cannot be laid out, whatever the rest of the plan: what check_plan.cc refuses.
void drop_impossible(Axes& axes, const Run& run, std::int64_t gpus) {
  const Transformer& m = run.model;
  const std::string on = " on " + text(gpus) + " GPUs of model " + m.name;
  keep(
      axes.tensor,
      [&](std::int64_t t) {
        const bool keys = m.mla || m.kv_heads % t == 0 || t % m.kv_heads == 0;
        return gpus % t == 0 && m.heads % t == 0 && keys && m.ffn_hidden % t == 0;
      },
      "no tensor parallelism (tp) is left" + on + ": it must divide the GPUs, " + text(m.heads) +
          " heads and ffn_hidden " + text(m.ffn_hidden) + ", and go with " + text(m.kv_heads) + " kv_heads");
  keep(
      axes.pipeline, [&](std::int64_t p) { return gpus % p == 0 && p <= m.layers + 2; },
      "no pipeline parallelism (pp) is left" + on + ": it must divide the GPUs and be at most " +
          text(m.layers + 2) + ", two more than layers");
  keep(
      axes.virtual_stages, [&](std::int64_t v) { return v <= m.layers + 2; },
      "no virtual stages (vp) are left" + on + ": at most " + text(m.layers + 2));
  keep(
      axes.context, [&](std::int64_t c) { return gpus % c == 0 && m.sequence % c == 0; },
      "no context parallelism (cp) is left" + on + ": it must divide the GPUs and the sequence of " +
          text(m.sequence));
  const std::int64_t experts = m.moe ? m.moe->experts : 1, width = m.moe ? m.moe->ffn_hidden : 1;
  keep(
      axes.expert, [&](std::int64_t e) { return experts % e == 0; },
      "no expert parallelism (ep) is left" + on + ": it must divide " + text(experts) + " experts");
  keep(
      axes.expert_tensor, [&](std::int64_t e) { return width % e == 0; },
      "no expert-tensor parallelism (etp) is left" + on + ": it must divide the experts' ffn_hidden of " +
          text(width));
}

void check_precisions(const std::vector<Precision>& precisions, const Gpu& gpu) {
  for (const Precision precision : precisions) {
    const DataType type = gemm_type(precision);
    const auto i = static_cast<std::size_t>(type);
    if (gpu.peak(type).value() > 0 && gpu.sustained.gemm[i].plateau.value() > 0) continue;
    throw UsageError("--fix precision=" + std::string(name(precision)) + ": the GPU " + gpu.name +
                     " states no rate for " + std::string(name(type)));
  }
}

}  // namespace

Run scaled_run(const Run& run, std::int64_t gpus) {
  Run out = run;
  std::vector<Fleet> used;
  std::int64_t left = gpus;
  for (const Fleet& fleet : run.cluster.fleets) {
    const std::int64_t taken = std::min(left, fleet.gpus);
    if (taken > 0) used.push_back({fleet.gpu, taken});
    left -= taken;
  }
  if (used.empty()) throw UsageError("the cluster " + run.cluster.name + " has no GPUs");
  used.back().gpus += left;
  out.cluster.fleets = std::move(used);
  // All GPUs from the first day to the last, fed whatever they draw, each replica with as much work.
  out.cluster.timeline.reset();
  out.cluster.power.supply.reset();
  out.start.reset();
  out.plan.unequal_work = false;
  // All of it as its main part, whose sequence and batch these are.
  if (!out.parts.empty()) out.title += ", all of it as its part \"" + out.parts[out.main_part].title + "\"";
  out.parts.clear();
  out.main_part = 0;
  return out;
}

SearchSetup::SearchSetup(Calibrator& calibrator, const Run& run, const SetupOptions& options)
    : run_(run), fixed_(options.fixed) {
  const std::int64_t gpus = options.gpus > 0 ? options.gpus : run.cluster.gpus();
  extends_ = gpus > run.cluster.gpus();
  run_ = scaled_run(run, gpus);
  if (options.global_batch > 0) run_.plan.global_batch = options.global_batch;
  space_.run = &run_;
  space_.gpus = gpus;
  std::vector<FleetGpus> fleets;
  for (const Fleet& fleet : run_.cluster.fleets) {
    systems_.push_back(calibrator.system(run_, fleet.gpu));
    const Gpu& gpu = calibrator.gpu(fleet.gpu);
    const auto count = static_cast<double>(fleet.gpus);
    fleets.push_back({&gpu, fleet.gpus});
    space_.rent += gpu.price.rent * count;
    if (space_.capacity.value() == 0 || gpu.memory.capacity < space_.capacity) {
      space_.capacity = gpu.memory.capacity;
    }
  }
  space_.power = site_power(run_.cluster.power, fleets);
  for (const CalibratedSystem& system : systems_) space_.systems.push_back(system.view());
  const double sequences = options.max_batch.value() / static_cast<double>(run_.model.sequence);
  space_.axes =
      default_axes(run_, gpus, space_.systems.front().nvlink_domain, static_cast<std::int64_t>(sequences));
  for (const std::string& setting : fixed_) fix_axis(space_.axes, setting);
  drop_impossible(space_.axes, run_, gpus);
  for (const CalibratedSystem& system : systems_) check_precisions(space_.axes.precision, system.gpu());
  for (const Overlap overlap : space_.axes.overlap) {
    if (overlap == Overlap::none) {
      space_.stacks.push_back(nothing_hidden(run_.stack));
      continue;
    }
    for (StackVariant& variant : stack_variants(run_.stack)) space_.stacks.push_back(std::move(variant));
  }
  const double tokens =
      static_cast<double>(space_.axes.global_batch.front()) * static_cast<double>(run_.model.sequence);
  if (run_.tokens.value() < tokens) {
    throw UsageError("a step of " + to_string(Tokens(tokens)) + " is more than the run's " +
                     to_string(run_.tokens));
  }
}

Gates SearchSetup::complete(Gates gates) const {
  gates.nvlink_domain = space_.systems.front().nvlink_domain;
  gates.gpus_per_node = run_.cluster.gpus_per_node;
  gates.sequence = run_.model.sequence;
  gates.gpus = space_.gpus;
  gates.schedules.push_back(run_.plan.schedule);
  for (const std::string& setting : fixed_) {
    const std::string axis = axis_of(setting);
    if (axis == "tp") gates.on &= ~bit(Gate::tensor_domain);
    if (axis == "batch") gates.on &= ~bit(Gate::batch);
    if (axis == "schedule") gates.on &= ~bit(Gate::schedule);
  }
  return gates;
}

}  // namespace traincast
