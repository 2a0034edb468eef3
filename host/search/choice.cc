#include "host/search/choice.h"

#include <cmath>

namespace traincast {

Plan to_plan(const Choice& choice, const Plan& base) {
  Plan plan = base;
  plan.tensor_parallel = choice.tensor;
  plan.pipeline_parallel = choice.pipeline;
  plan.virtual_stages = choice.virtual_stages;
  plan.context_parallel = choice.context;
  plan.expert_parallel = choice.expert;
  plan.expert_tensor_parallel = choice.expert_tensor;
  plan.data_parallel = choice.data;
  plan.zero_stage = choice.zero;
  plan.shard_ranks = choice.shard;
  plan.micro_batch = choice.micro_batch;
  plan.global_batch = choice.global_batch;
  plan.precision = choice.precision;
  plan.recompute = choice.recompute;
  plan.recompute_share = recompute_share(choice);
  plan.schedule = choice.schedule;
  plan.sequence_parallel = choice.sequence_parallel;
  return plan;
}

Choice to_choice(const Plan& plan) {
  const auto small = [](std::int64_t count) { return static_cast<std::int32_t>(count); };
  return {.tensor = small(plan.tensor_parallel),
          .pipeline = small(plan.pipeline_parallel),
          .virtual_stages = small(plan.virtual_stages),
          .context = small(plan.context_parallel),
          .expert = small(plan.expert_parallel),
          .expert_tensor = small(plan.expert_tensor_parallel),
          .data = small(plan.data_parallel),
          .zero = plan.zero_stage,
          .shard = small(plan.shard_ranks),
          .micro_batch = small(plan.micro_batch),
          .global_batch = plan.global_batch,
          .precision = plan.precision,
          .recompute = plan.recompute,
          .schedule = plan.schedule,
          .share_percent = small(std::lround(100 * plan.recompute_share)),
          .sequence_parallel = plan.sequence_parallel};
}

double recompute_share(const Choice& choice) {
  return choice.recompute == Recompute::full ? choice.share_percent / 100.0 : 1;
}

}  // namespace traincast
