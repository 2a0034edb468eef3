#include "host/config/check_plan.h"

namespace traincast {
namespace {

using Problem = std::optional<PlanProblem>;

std::string text(std::int64_t count) {
  return std::to_string(count);
}

// "heads 48 is no multiple of tensor_parallel 32".
Problem indivisible(const char* key, const std::string& what, std::int64_t count, std::int64_t divisor,
                    const char* by) {
  if (divisor > 0 && count % divisor == 0) return std::nullopt;
  return PlanProblem{key, what + " " + text(count) + " is no multiple of " + by + " " + text(divisor)};
}

Problem batch_problem(const Plan& plan) {
  return indivisible("global_batch", "global_batch", plan.global_batch, plan.data_parallel * plan.micro_batch,
                     "data_parallel x micro_batch =");
}

Problem pipeline_problem(const Plan& plan, const Transformer& model) {
  const std::int64_t chunks = plan.pipeline_parallel * plan.virtual_stages;
  // The first and the last chunk may hold no layer: embedding and head fill them.
  if (model.layers + 2 < chunks) {
    return PlanProblem{"pipeline_parallel", "pipeline_parallel " + text(plan.pipeline_parallel) +
                                                " x virtual_stages " + text(plan.virtual_stages) + " = " +
                                                text(chunks) + " stages, but the model has " +
                                                text(model.layers) + " layers"};
  }
  const bool interleaved = plan.schedule == Schedule::interleaved;
  const bool one_chunk = plan.schedule == Schedule::one_f_one_b || plan.schedule == Schedule::zb_h1;
  if (one_chunk && plan.virtual_stages > 1) {
    return PlanProblem{"virtual_stages", "virtual_stages " + text(plan.virtual_stages) + " with schedule \"" +
                                             std::string(name(plan.schedule)) +
                                             "\"; accepted: 1, or schedule \"interleaved\""};
  }
  if (interleaved && plan.pipeline_parallel > 1 && plan.virtual_stages == 1) {
    return PlanProblem{"virtual_stages",
                       "virtual_stages 1 with schedule \"interleaved\"; accepted: 2 or more, or \"1f1b\""};
  }
  return std::nullopt;
}

Problem tensor_problem(const Plan& plan, const Transformer& model) {
  const std::int64_t tensor = plan.tensor_parallel;
  if (auto p = indivisible("tensor_parallel", "heads", model.heads, tensor, "tensor_parallel")) return p;
  // Fewer key-value heads than ranks are copied, each to as many ranks.
  if (!model.mla && model.kv_heads % tensor != 0 && tensor % model.kv_heads != 0) {
    return PlanProblem{"tensor_parallel", "kv_heads " + text(model.kv_heads) + " and tensor_parallel " +
                                              text(tensor) + ": neither is a multiple of the other"};
  }
  if (auto p = indivisible("tensor_parallel", "ffn_hidden", model.ffn_hidden, tensor, "tensor_parallel")) {
    return p;
  }
  const bool sequence_split = plan.sequence_parallel && tensor > 1;
  return indivisible("context_parallel", "sequence", model.sequence,
                     plan.context_parallel * (sequence_split ? tensor : 1),
                     sequence_split ? "context_parallel x tensor_parallel =" : "context_parallel");
}

Problem expert_problem(const Plan& plan, const Transformer& model) {
  if (!model.moe) {
    if (plan.expert_parallel == 1 && plan.expert_tensor_parallel == 1) return std::nullopt;
    return PlanProblem{plan.expert_parallel > 1 ? "expert_parallel" : "expert_tensor_parallel",
                       "experts are spread over " + text(plan.expert_parallel * plan.expert_tensor_parallel) +
                           " ranks, but the model has 0 experts; accepted: 1"};
  }
  if (auto p = indivisible("expert_parallel", "experts", model.moe->experts, plan.expert_parallel,
                           "expert_parallel")) {
    return p;
  }
  if (auto p = indivisible("expert_tensor_parallel", "the experts' ffn_hidden", model.moe->ffn_hidden,
                           plan.expert_tensor_parallel, "expert_tensor_parallel")) {
    return p;
  }
  return indivisible(
      "expert_parallel",
      "data x context x tensor parallel =", plan.data_parallel * plan.context_parallel * plan.tensor_parallel,
      plan.expert_parallel * plan.expert_tensor_parallel, "expert_parallel x expert_tensor_parallel =");
}

Problem sharding_problem(const Plan& plan) {
  if (plan.shard_ranks == 0) return std::nullopt;
  return indivisible("shard_ranks", "data x context parallel =", plan.data_parallel * plan.context_parallel,
                     plan.shard_ranks, "shard_ranks");
}

}  // namespace

std::optional<PlanProblem> plan_problem(const Plan& plan, const Transformer& model, std::int64_t gpus) {
  if (plan.gpus() != gpus) {
    return PlanProblem{"data_parallel", "tensor " + text(plan.tensor_parallel) + " x pipeline " +
                                            text(plan.pipeline_parallel) + " x context " +
                                            text(plan.context_parallel) + " x data " +
                                            text(plan.data_parallel) + " = " + text(plan.gpus()) +
                                            " GPUs, but the run has " + text(gpus)};
  }
  if (auto p = batch_problem(plan)) return p;
  if (auto p = pipeline_problem(plan, model)) return p;
  if (auto p = tensor_problem(plan, model)) return p;
  if (auto p = expert_problem(plan, model)) return p;
  return sharding_problem(plan);
}

}  // namespace traincast
