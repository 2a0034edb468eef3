#include "host/search/choice.h"

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
  plan.recompute_share = choice.recompute == Recompute::full ? choice.share_percent / 100.0 : 1;
  plan.schedule = choice.schedule;
  plan.sequence_parallel = choice.sequence_parallel;
  return plan;
}

}  // namespace traincast
