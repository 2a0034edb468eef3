#include "host/import/megatron_plan.h"

#include <algorithm>
#include <array>

#include "host/config/reader.h"

namespace traincast {
namespace {

// Megatron-LM can count the embedding and the loss as a layer each when it shares layers out.
std::int64_t shared_out(const Given& given, const Transformer& model) {
  std::int64_t layers = model.layers;
  for (const std::string_view key :
       {"account-for-embedding-in-pipeline-split", "account-for-loss-in-pipeline-split"}) {
    if (given.flag(key)) ++layers;
  }
  return layers;
}

void add_recompute(const Given& given, Plan& plan, std::int64_t layers) {
  std::string granularity = given.text("recompute-granularity");
  if (granularity.empty()) granularity = given.text("activations-checkpoint-granularity");
  if (given.flag("recompute-activations")) granularity = "selective";
  std::string method = given.text("recompute-method");
  if (method.empty()) method = given.text("activations-checkpoint-method");
  // Versions of 2021 and before knew full recomputation alone.
  if (granularity.empty() && (!method.empty() || given.flag("checkpoint-activations"))) granularity = "full";
  if (granularity == "full") {
    plan.recompute = Recompute::full;
    const std::int64_t chunk = layers / (plan.pipeline_parallel * plan.virtual_stages);
    const std::int64_t some =
        given.count_or({"recompute-num-layers", "activations-checkpoint-num-layers"}, 0);
    if (method == "block" && some > 0 && chunk > some) {
      plan.recompute_share = static_cast<double>(some) / static_cast<double>(chunk);
    }
  } else if (granularity == "selective") {
    plan.recompute = Recompute::selective;
  }
}

std::int64_t virtual_stages(const Given& given, const Transformer& model, const Plan& plan) {
  const std::int64_t stated =
      given.count_or({"num-virtual-stages-per-pipeline-rank", "virtual-pipeline-model-parallel-size"}, 0);
  if (stated > model.layers) {
    given.fail(
        "num-virtual-stages-per-pipeline-rank",
        std::to_string(stated) + "; accepted: no more than the " + std::to_string(model.layers) + " layers");
  }
  if (stated > 0) return stated;
  const std::int64_t layers = given.count_or({"num-layers-per-virtual-pipeline-stage"}, 0);
  if (layers == 0) return 1;
  const std::int64_t a_rank = shared_out(given, model) / plan.pipeline_parallel;
  if (a_rank == 0 || a_rank % layers != 0) {
    given.fail("num-layers-per-virtual-pipeline-stage", std::to_string(layers) + " does not divide the " +
                                                            std::to_string(a_rank) +
                                                            " layers of a pipeline rank");
  }
  return a_rank / layers;
}

// What data-parallel ranks share: Megatron's distributed optimiser, or one of its two FSDPs.
int zero_stage(const Given& given) {
  const bool distributed =
      given.flag("use-distributed-optimizer") || given.flag("optim-use-distributed-optimizer");
  if (given.flag("use-torch-fsdp2")) return 3;
  if (given.flag("use-megatron-fsdp") || given.flag("use-custom-fsdp")) {
    constexpr std::array<std::string_view, 4> kStrategies = {"no_shard", "optim", "optim_grads",
                                                             "optim_grads_params"};
    const std::string strategy = given.text("data-parallel-sharding-strategy");
    const auto* found = std::find(kStrategies.begin(), kStrategies.end(), strategy);
    if (found == kStrategies.end()) {
      given.fail("data-parallel-sharding-strategy",
                 "\"" + strategy + "\"; accepted: no_shard optim optim_grads optim_grads_params");
    }
    return static_cast<int>(found - kStrategies.begin());
  }
  const std::string optimizer = given.text("optim-name");
  if (given.flag("fsdp")) return given.text("fsdp-sharding-strategy") == "grad" ? 2 : 3;  // NeMo's
  const bool shared =
      distributed || optimizer == "distributed_fused_adam" || optimizer == "mcore_distributed_optim";
  return shared ? 1 : 0;
}

Precision precision(const Given& given, std::vector<std::string>& notes) {
  const bool sixteen = given.flag("bf16");
  if (given.has("fp4-format") || given.flag("fp4")) return Precision::nvfp4;
  // NeMo's configs name the format of FP8 where they do not use it, too.
  bool eight = given.has("fp8") ? given.flag("fp8") : given.has("fp8-format");
  // So do they with these, which on a command line of 2023 and before ask for FP8 by themselves.
  for (const std::string_view key : {"fp8-hybrid", "fp8-e4m3"}) {
    if (given.typed(key) && given.flag(key)) eight = true;
  }
  if (eight) return given.text("fp8-recipe") == "mxfp8" ? Precision::mxfp8 : Precision::fp8;
  const std::string trainer = given.text("precision");
  if (given.flag("fp16") || trainer.starts_with("16")) return Precision::fp16;
  if (!sixteen && !trainer.starts_with("bf16")) {
    notes.emplace_back("Neither --bf16 nor --fp16 is given, and no plan here trains in FP32: BF16 taken.");
  }
  return Precision::bf16;
}

// Ranks of torchrun, of a NeMo trainer, or of the #SBATCH lines; 0 where the file does not say.
std::int64_t stated_gpus(const Given& given) {
  // The launcher's variables ("$SLURM_NNODES") say nothing here, and --gpus can.
  const auto launched = [&](std::string_view of_torchrun, std::string_view of_nemo) {
    const std::string_view key = given.has(of_torchrun) ? of_torchrun : of_nemo;
    return given.text(key).find('$') == std::string::npos ? given.count_or({key}, 0) : 0;
  };
  const std::int64_t nodes = launched("nnodes", "num-nodes");
  const std::int64_t each = launched("nproc-per-node", "devices");
  if (nodes * each > 0) return nodes * each;
  const auto batch = [&](std::string_view key) {
    std::string text = given.text(key);
    if (const std::size_t colon = text.rfind(':'); colon != std::string::npos) text.erase(0, colon + 1);
    const bool number =
        !text.empty() && text.size() < 7 && text.find_first_not_of("0123456789") == std::string::npos;
    return number ? std::int64_t{std::stoi(text)} : std::int64_t{0};
  };
  const std::int64_t tasks = batch("sbatch-ntasks-per-node");
  const std::int64_t gpus = std::max({batch("sbatch-gpus-per-node"), batch("sbatch-gres"), tasks});
  return batch("sbatch-nodes") * gpus;
}

std::int64_t world(const Given& given, const MegatronOptions& options, std::int64_t least,
                   std::vector<std::string>& notes) {
  if (options.gpus > 0) {  // whatever the arguments say
    for (const std::string_view key : {"nnodes", "num-nodes", "nproc-per-node", "devices"}) given.text(key);
    return options.gpus;
  }
  const std::int64_t stated = stated_gpus(given);
  if (stated == 0) {
    notes.push_back("The number of GPUs is not in the arguments: " + std::to_string(least) +
                    " taken; --gpus says otherwise.");
    return least;
  }
  if (stated >= least) return stated;
  // Examples say one node, and are started on many.
  notes.push_back("The plan takes " + std::to_string(least) + " GPUs at least, more than the " +
                  std::to_string(stated) + " of the arguments: " + std::to_string(least) +
                  " taken; --gpus says otherwise.");
  return least;
}

}  // namespace

Plan megatron_plan(const Given& given, const Transformer& model, const MegatronOptions& options,
                   std::vector<std::string>& notes) {
  Plan plan;
  plan.stack = options.stack;
  plan.tensor_parallel = given.degree({"tensor-model-parallel-size"});
  plan.pipeline_parallel = given.degree({"pipeline-model-parallel-size"});
  plan.context_parallel = given.degree({"context-parallel-size"});
  plan.expert_parallel = given.degree({"expert-model-parallel-size"});
  plan.expert_tensor_parallel = given.has("expert-tensor-parallel-size")
                                    ? given.degree({"expert-tensor-parallel-size"})
                                : model.moe ? plan.tensor_parallel
                                            : 1;
  plan.virtual_stages = virtual_stages(given, model, plan);
  plan.schedule = plan.virtual_stages > 1 ? Schedule::interleaved : Schedule::one_f_one_b;
  plan.micro_batch = given.degree({"micro-batch-size", "data-micro-batch-size"});
  plan.sequence_parallel = given.flag("sequence-parallel");
  plan.zero_stage = zero_stage(given);
  plan.precision = precision(given, notes);
  const std::int64_t replica = plan.tensor_parallel * plan.pipeline_parallel * plan.context_parallel;
  const std::int64_t experts = plan.expert_parallel * plan.expert_tensor_parallel * plan.pipeline_parallel;
  const std::int64_t least = (std::max(replica, experts) + replica - 1) / replica * replica;
  const std::int64_t gpus = world(given, options, least, notes);
  if (gpus % replica != 0) {
    given.fail("tensor-model-parallel-size", "one replica takes " + std::to_string(replica) +
                                                 " GPUs, which does not divide " + std::to_string(gpus) +
                                                 "; accepted: --gpus a multiple of it");
  }
  plan.data_parallel = gpus / replica;
  if (plan.data_parallel > kMaxCount) {
    given.fail("nnodes", std::to_string(gpus) + " GPUs; accepted: up to " + std::to_string(kMaxCount) +
                             " replicas of the model");
  }
  const std::int64_t instances = given.degree({"num-distributed-optimizer-instances"});
  if (instances > 1 && plan.zero_stage > 0) {
    if (plan.data_parallel % instances != 0) {
      given.fail("num-distributed-optimizer-instances", std::to_string(instances) + " does not divide the " +
                                                            std::to_string(plan.data_parallel) + " replicas");
    }
    plan.shard_ranks = plan.data_parallel / instances;
  }
  plan.global_batch =
      given.count_or({"global-batch-size", "data-global-batch-size"}, plan.micro_batch * plan.data_parallel);
  add_recompute(given, plan, shared_out(given, model));
  return plan;
}

}  // namespace traincast
