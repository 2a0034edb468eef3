#include "host/validate/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "host/calibrate/system_times.h"
#include "host/model/memory.h"
#include "host/model/roofline.h"

namespace traincast {
namespace {

// Of the NIC's line rate, where a source does not say: 46-49 of 50 GB/s on InfiniBand, less on RoCE and over
// many hops (NVIDIA/nccl issue 1229: 320 of 400 GB/s at 32 nodes).
constexpr double kNetworkEfficiency = 0.88;

const Gpu* find_gpu(const Library& library, const std::string& label) {
  for (const Gpu& gpu : library.gpus) {
    if (gpu.name == label || std::find(gpu.aliases.begin(), gpu.aliases.end(), label) != gpu.aliases.end())
      return &gpu;
  }
  return nullptr;
}

const Stack* find_stack(const Library& library, const std::string& name) {
  for (const Stack& stack : library.stacks) {
    if (stack.name == name) return &stack;
  }
  return nullptr;
}

// "nemo-2025-02" is of the family "nemo-", era 202502.
struct StackName {
  std::string family;
  double era = 0;
};
StackName split_name(const std::string& name) {
  const auto digit = name.find_first_of("0123456789");
  StackName result{name.substr(0, digit), 0};
  if (digit == std::string::npos) return result;
  double scale = 1;
  for (std::size_t i = digit, parts = 0; i < name.size() && parts < 2; ++parts) {  // year, then month
    double number = 0;
    while (i < name.size() && name[i] >= '0' && name[i] <= '9') number = 10 * number + (name[i++] - '0');
    result.era += scale * number;
    scale = 1.0 / 12;
    if (i < name.size() && name[i] == '-') ++i;
  }
  return result;
}

// For a name that no config has: the same family's nearest era, else "other".
const Stack* nearest_stack(const Library& library, const std::string& name) {
  const StackName wanted = split_name(name);
  const Stack* nearest = nullptr;
  double distance = 0;
  for (const Stack& stack : library.stacks) {
    const StackName candidate = split_name(stack.name);
    if (candidate.family != wanted.family || candidate.era == 0) continue;
    const double apart = std::abs(candidate.era - wanted.era);
    if (nearest == nullptr || apart < distance) {
      nearest = &stack;
      distance = apart;
    }
  }
  return nearest != nullptr ? nearest : find_stack(library, "other");
}

// Interleaving, where the source says nothing: one layer a chunk in stacks that interleave by default (the
// largest divisor that the layers allow, embedding and head counted as layers where that is what divides),
// else none.
std::int64_t default_virtual_stages(const Transformer& model, const Plan& plan, const Stack& stack) {
  if (!stack.interleave_by_default || plan.pipeline_parallel == 1) return 1;
  for (const std::int64_t units : {model.layers, model.layers + 2}) {
    if (units % plan.pipeline_parallel == 0) return units / plan.pipeline_parallel;
  }
  return 1;
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

// Recomputation, where the source says nothing: as little as makes the plan fit. None; else what the stack
// repeats selectively; else whole layers, as many as it takes.
void choose_recompute(const Transformer& model, Plan& plan, const Stack& stack, Bytes capacity) {
  const auto need = [&](Recompute mode, double share) {
    plan.recompute = mode;
    plan.recompute_share = share;
    return estimate_memory(model, plan, stack).total();
  };
  const Bytes bare = need(Recompute::none, 1);
  if (!stack.always_recompute) {
    if (bare <= capacity) return;
    if (stack.recompute_when_needed == Recompute::selective && need(Recompute::selective, 1) <= capacity)
      return;
  }
  const Bytes least = need(Recompute::full, 1);
  if (stack.always_recompute || least >= capacity) return;
  plan.recompute_share = std::min(1.0, (bare - capacity) / (bare - least));
}

}  // namespace

Prediction predict(PublishedRun run, const Library& library) {
  Prediction result;
  ScoredRow& row = result.row;
  row.id = run.id;
  row.family = run.family;
  row.cluster = run.cluster;
  row.gpu = run.gpu_label;
  row.stack = run.stack;
  row.model = run.model_name;
  row.gpus = run.gpus;
  row.core = run.core;
  row.moe = run.model.moe.has_value();
  row.measured_s = run.measured ? run.measured->value() : 0;
  row.status = "cannot express";
  row.reason = run.reason;
  row.assumptions = std::move(run.assumptions);
  const auto refuse = [&](std::string why) {
    if (row.reason.empty()) row.reason = std::move(why);
    return result;
  };
  if (!row.reason.empty()) return result;
  const Gpu* gpu = find_gpu(library, run.gpu_label);
  if (gpu == nullptr) return refuse("no GPU config is called \"" + run.gpu_label + "\"");
  const Stack* stack = find_stack(library, run.stack);
  if (stack == nullptr) {
    stack = nearest_stack(library, run.stack);
    if (stack == nullptr)
      return refuse("no stack config is called \"" + run.stack + "\", and none \"other\"");
    row.assumptions.push_back("no stack config is called \"" + run.stack + "\": " + stack->name);
  }
  Plan& plan = run.plan;
  if (!run.virtual_stages_stated) {
    plan.virtual_stages = default_virtual_stages(run.model, plan, *stack);
    if (plan.virtual_stages > 1) plan.schedule = Schedule::interleaved;
    row.assumptions.push_back("virtual stages not stated: " + std::to_string(plan.virtual_stages));
  }
  if (!run.recompute_stated && !plan.adapters_only) {
    choose_recompute(run.model, plan, *stack, gpu->memory.capacity);
    row.assumptions.push_back(
        "recomputation not stated: " + std::string(name(plan.recompute)) +
        (plan.recompute == Recompute::full ? " of a share " + number_text(plan.recompute_share) : ""));
  }
  // Layers and the embedding and head beside them.
  if (plan.pipeline_parallel * plan.virtual_stages > run.model.layers + 2) {
    return refuse("PP x VPP is more stages than layers");
  }
  const DataType dtype = gemm_type(plan.precision);
  if (gpu->sustained.gemm[static_cast<std::size_t>(dtype)].plateau.value() <= 0) {
    return refuse(gpu->name + " has no rate for " + std::string(name(dtype)));
  }
  const RooflineTimes kernels(gpu->sustained, stack->attention);
  Cluster cluster;
  cluster.gpus_per_node = run.gpus_per_node;
  cluster.nvlink_domain = std::max(run.gpus_per_node, gpu->links.nvlink_domain);
  cluster.network.nic_per_gpu = run.nic_per_gpu.value_or(gpu->links.default_nic);
  cluster.network.efficiency = kNetworkEfficiency;
  const FabricTimes collectives(default_fabric(*gpu, cluster));
  System system{.gpu = gpu, .kernels = &kernels, .collectives = &collectives};
  system.nvlink_domain = cluster.nvlink_domain;
  result.step = estimate_step(run.model, plan, *stack, system);
  result.plan = plan;
  if (run.measured_memory) {
    row.measured_bytes = run.measured_memory->value();
    row.predicted_bytes = estimate_memory(run.model, plan, *stack).allocated().value();
  }
  row.predicted_s = result.step.time.value();
  if (!std::isfinite(row.predicted_s) || row.predicted_s <= 0)
    return refuse("the prediction is not a finite time");
  row.status = "ok";
  row.log_error = std::log(row.predicted_s / row.measured_s);
  row.scored = run.scored;
  return result;
}

std::vector<Prediction> predict_all(const std::vector<PublishedRun>& runs, const Library& library,
                                    const std::function<void(std::size_t)>& done) {
  std::vector<Prediction> predictions;
  predictions.reserve(runs.size());
  for (const PublishedRun& run : runs) {
    predictions.push_back(predict(run, library));
    if (done) done(predictions.size());
  }
  return predictions;
}

}  // namespace traincast
