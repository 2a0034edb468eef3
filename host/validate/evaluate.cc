#include "host/validate/evaluate.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "host/calibrate/system_times.h"
#include "host/model/memory.h"
#include "host/model/roofline.h"
#include "host/validate/nearest.h"

namespace traincast {
namespace {

// Of the NIC's line rate, where a source does not say: 46-49 of 50 GB/s on InfiniBand, less on RoCE and over
// many hops (NVIDIA/nccl issue 1229: 320 of 400 GB/s at 32 nodes).
constexpr double kNetworkEfficiency = 0.88;

// State-space mixers over the attention that stands in for them, as a factor of the step: Nemotron-H-56B's
// five rows ask for 1.3, Nemotron-3-Nano's fourteen for 1.1 to 1.7.
constexpr double kHybridFactor = 1.3;

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

// Whether every expert is sharded like the rest of its layer, and can be.
bool shards_experts(const Transformer& model, const Plan& plan, const Stack& stack) {
  if (!stack.shard_experts_by_default || !model.moe || plan.tensor_parallel == 1) return false;
  const std::int64_t ranks = plan.tensor_parallel * plan.context_parallel * plan.data_parallel;
  return ranks % (plan.expert_parallel * plan.tensor_parallel) == 0 &&
         model.moe->ffn_hidden % plan.tensor_parallel == 0;
}

// What no rate is published for runs in the next wider format.
void widen_precision(const Gpu& gpu, Plan& plan, std::vector<std::string>& assumptions) {
  const auto rate = [&] {
    return gpu.sustained.gemm[static_cast<std::size_t>(gemm_type(plan.precision))].plateau.value();
  };
  const Precision asked = plan.precision;
  if (rate() <= 0 && plan.precision == Precision::nvfp4) plan.precision = Precision::mxfp8;
  if (rate() <= 0) plan.precision = Precision::bf16;
  if (rate() <= 0) plan.precision = Precision::fp16;
  if (plan.precision != asked) {
    assumptions.push_back(gpu.name + " has no rate for " + std::string(name(gemm_type(asked))) +
                          ": taken as " + std::string(name(plan.precision)));
  }
}

bool fits(const Transformer& model, Plan plan, const Stack& stack, Bytes capacity) {
  plan.recompute = Recompute::full;
  return estimate_memory(model, plan, stack).total() <= capacity;
}

// Where no mapping is published: sharded weights if replicas do not fit, unless the source says that they are
// not sharded; then the least tensor parallelism in a node, then the fewest pipeline stages, that fit. Fewer
// replicas divide the batch as well.
void choose_mapping(const PublishedRun& run, const Transformer& model, Plan& plan, const Stack& stack,
                    Bytes capacity, std::vector<std::string>& assumptions) {
  if (plan.zero_stage == 3 || fits(model, plan, stack, capacity)) return;
  const Plan asked = plan;
  const auto gives = [&](std::int64_t& degree, std::int64_t most) {
    while (degree * 2 <= most && plan.data_parallel % 2 == 0 && !fits(model, plan, stack, capacity)) {
      degree *= 2;
      plan.data_parallel /= 2;
    }
  };
  if (!run.zero_stated) {
    plan.zero_stage = 3;
  } else {
    gives(plan.tensor_parallel, std::min(run.gpus_per_node, model.heads));
    gives(plan.pipeline_parallel, model.layers);
  }
  if (!fits(model, plan, stack, capacity)) {
    plan = asked;
    return;
  }
  assumptions.push_back("mapping not stated: TP" + std::to_string(plan.tensor_parallel) + " PP" +
                        std::to_string(plan.pipeline_parallel) + " ZeRO-" + std::to_string(plan.zero_stage) +
                        ", which fits");
}

std::string number_text(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

// Slower links than NVLink-C2C (225 GB/s a GPU on GB200, 450 on GH200) keep a GPU waiting for activations.
constexpr double kHostLink = 200e9;

// Recomputation, where the source says nothing: as little as makes the plan fit. None; else what the stack
// repeats selectively; else whole layers, as many as it takes. Stacks that move activations to host memory
// where the link is fast repeat nothing then: true.
bool choose_recompute(const Transformer& model, Plan& plan, const Stack& stack, const Gpu& gpu) {
  const Bytes capacity = gpu.memory.capacity;
  const auto need = [&](Recompute mode, double share) {
    plan.recompute = mode;
    plan.recompute_share = share;
    return estimate_memory(model, plan, stack).total();
  };
  const Bytes bare = need(Recompute::none, 1);
  if (!stack.always_recompute) {
    if (bare <= capacity) return false;
    if (stack.offload_when_needed && gpu.links.host.value() >= kHostLink) return true;
    if (stack.recompute_when_needed == Recompute::selective && need(Recompute::selective, 1) <= capacity)
      return false;
  }
  const Bytes least = need(Recompute::full, 1);
  if (stack.always_recompute || least >= capacity) return false;
  plan.recompute_share = std::min(1.0, (bare - capacity) / (bare - least));
  return false;
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
  if (gpu->name != run.gpu_label &&
      std::find(gpu->aliases.begin(), gpu->aliases.end(), run.gpu_label) == gpu->aliases.end()) {
    row.assumptions.push_back("no GPU config is called \"" + run.gpu_label + "\": " + gpu->name);
  }
  const Stack* stack = find_stack(library, run.stack);
  if (stack == nullptr) {
    stack = nearest_stack(library, run.stack, run.year);
    if (stack == nullptr)
      return refuse("no stack config is called \"" + run.stack + "\", and none \"other\"");
    row.assumptions.push_back("no stack config is called \"" + run.stack + "\": " + stack->name);
  }
  Plan& plan = run.plan;
  widen_precision(*gpu, plan, row.assumptions);
  if (!run.mapping_stated && !plan.adapters_only) {
    choose_mapping(run, run.model, plan, *stack, gpu->memory.capacity, row.assumptions);
    run.virtual_stages_stated = run.virtual_stages_stated && plan.pipeline_parallel == 1;
  }
  // Layers and the embedding and head beside them.
  const std::int64_t places = run.model.layers + 2;
  if (plan.pipeline_parallel > places) return refuse("PP is more stages than layers");
  if (!run.expert_tensor_stated && shards_experts(run.model, plan, *stack)) {
    plan.expert_tensor_parallel = plan.tensor_parallel;
    row.assumptions.push_back("expert tensor parallelism not stated: " +
                              std::to_string(plan.tensor_parallel));
  }
  if (!run.virtual_stages_stated) {
    plan.virtual_stages = default_virtual_stages(run.model, plan, *stack);
    row.assumptions.push_back("virtual stages not stated: " + std::to_string(plan.virtual_stages));
  } else if (plan.pipeline_parallel * plan.virtual_stages > places) {
    plan.virtual_stages = places / plan.pipeline_parallel;
    row.assumptions.push_back("PP x VPP is more stages than layers: VPP " +
                              std::to_string(plan.virtual_stages));
  }
  plan.schedule = plan.virtual_stages > 1 ? Schedule::interleaved : Schedule::one_f_one_b;
  if (!run.recompute_stated && !plan.adapters_only) {
    const bool moved = choose_recompute(run.model, plan, *stack, *gpu);
    row.assumptions.push_back(
        "recomputation not stated: " + std::string(name(plan.recompute)) +
        (plan.recompute == Recompute::full ? " of a share " + number_text(plan.recompute_share) : "") +
        (moved ? ", activations moved to host memory" : ""));
  }
  if (gpu->sustained.gemm[static_cast<std::size_t>(gemm_type(plan.precision))].plateau.value() <= 0) {
    return refuse(gpu->name + " has no rate for " + std::string(name(gemm_type(plan.precision))));
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
  row.predicted_s = result.step.time.value() * (run.hybrid ? kHybridFactor : 1);
  if (!std::isfinite(row.predicted_s) || row.predicted_s <= 0)
    return refuse("the prediction is not a finite time");
  row.status = "ok";
  row.log_error = std::log(row.predicted_s / row.measured_s);
  row.scored = run.scored && !run.hybrid;
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
