#include <algorithm>

#include "host/model/shard.h"
#include "host/model/stage_terms.h"
#include "host/model/stages.h"

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

double time_of(const System& system, Collective collective, double bytes, const CommGroup& group) {
  return group.ranks > 1 ? system.collectives->time(collective, Bytes(bytes), group).value() : 0.0;
}

// Gradients summed, each rank of a sharding group keeping its share.
double scatter_time(double gradients, const CommGroup& all, const Plan& plan, const System& system) {
  const ShardGroups groups = shard_groups(all, plan);
  return time_of(system, Collective::reduce_scatter, gradients, groups.shard) +
         time_of(system, Collective::all_reduce, gradients / d(groups.shard.ranks), groups.replicas);
}

// Gradients reduced and weights gathered between the replicas of one kind of parameter.
double replica_messages(double parameters, const CommGroup& all, const Plan& plan, const Stack& stack,
                        const System& system) {
  if (all.ranks == 1 || parameters == 0 || plan.adapters_only) return 0;
  const double gradients = parameters * stack.gradient_bytes;
  if (plan.zero_stage == 0) return time_of(system, Collective::all_reduce, gradients, all);
  return scatter_time(gradients, all, plan, system) +
         time_of(system, Collective::all_gather, parameters * 2, shard_groups(all, plan).shard);
}

// Raises `most` to what this rank holds; under DualPipe its mirror's stage is on it, too.
void hold(const Transformer& model, const Plan& plan, std::int64_t rank, MostHeld& most) {
  const std::int64_t stages = plan.pipeline_parallel;
  const bool two = plan.schedule == Schedule::dual_pipe && stages > 1;
  double dense = 0, experts = 0;
  const auto add = [&](const StageParameters& held) {
    dense += held.dense + held.embedding + held.head;
    experts += held.experts;
  };
  add(stage_parameters(model, plan, rank));
  if (two) add(stage_parameters(model, plan, stages - 1 - rank));
  most.dense = std::max(most.dense, dense);
  most.experts = std::max(most.experts, experts);
  const bool shared = stages > 1 && !two && (model.tied_embeddings || model.mtp_layers > 0);
  if (shared) most.shared_table = d(vocabulary_shard(model, plan) * model.hidden);
}

}  // namespace

ShardGroups shard_groups(const CommGroup& all, const Plan& plan) {
  ShardGroups groups{.shard = all, .replicas = {}};
  if (plan.shard_ranks == 0 || plan.shard_ranks >= all.ranks) return groups;
  const std::int64_t shards = plan.shard_ranks;
  groups.shard = {.ranks = shards,
                  .ranks_per_domain = std::min(all.ranks_per_domain, shards),
                  .span = all.span / all.ranks * shards};
  groups.replicas = {.ranks = all.ranks / shards,
                     .ranks_per_domain = std::max<std::int64_t>(1, all.ranks_per_domain / shards),
                     .span = all.span};
  return groups;
}

MostHeld most_held(const Transformer& model, const Plan& plan) {
  MostHeld most;
  for (std::int64_t rank = 0; rank < plan.pipeline_parallel; ++rank) hold(model, plan, rank, most);
  return most;
}

MostHeld most_held(const Transformer& model, const Plan& plan, std::span<const std::int64_t> ranks) {
  MostHeld most;
  for (const std::int64_t rank : ranks) hold(model, plan, rank, most);
  return most;
}

double scattered_again(const MostHeld& held, const Plan& plan, const Stack& stack, const System& system) {
  if (plan.zero_stage != 2 || whole_gradients(plan) > 0 || plan.adapters_only) return 0;
  const auto scatter = [&](double parameters, const CommGroup& all) {
    return parameters == 0 ? 0.0 : scatter_time(parameters * stack.gradient_bytes, all, plan, system);
  };
  return stack.added_time(stack.data_exposed / 2) * (scatter(held.dense, data_group(plan, system)) +
                                                     scatter(held.experts, expert_data_group(plan, system)));
}

// By the first and the last stage, when all is done.
double shared_table_sum(const MostHeld& held, const Plan& plan, const Stack& stack, const System& system) {
  if (held.shared_table == 0 || plan.adapters_only) return 0;
  const CommGroup ends{
      .ranks = 2, .ranks_per_domain = plan.gpus() <= system.nvlink_domain ? 2 : 1, .span = plan.gpus()};
  return time_of(system, Collective::all_reduce, held.shared_table * stack.gradient_bytes, ends);
}

PartTimes once_a_step(const Transformer& model, const Plan& plan, const Stack& stack, const System& system) {
  const MostHeld held = most_held(model, plan);
  PartTimes parts = once_a_step(held, plan, stack, system);
  parts[Part::data_comm] += shared_table_sum(held, plan, stack, system);
  const std::int64_t reductions = gradient_reductions(plan);
  if (reductions > 1) {
    parts[Part::data_comm] += d(reductions - 1) * scattered_again(held, plan, stack, system);
  }
  return parts;
}

PartTimes once_a_step(const MostHeld& held, const Plan& plan, const Stack& stack, const System& system) {
  const double dense = held.dense, experts = held.experts;
  PartTimes parts;
  const CommGroup data = data_group(plan, system);
  const ShardGroups groups = shard_groups(data, plan);
  // Without a pipeline every gradient bucket but the last can travel under the backward pass; with one, most
  // of a rank's gradients are ready only when its last micro-batch is.
  if (plan.zero_stage < 3) {
    const double exposed =
        stack.added_time(plan.pipeline_parallel > 1 ? stack.data_exposed : stack.data_exposed / 2);
    parts[Part::data_comm] =
        exposed * (replica_messages(dense, data, plan, stack, system) +
                   replica_messages(experts, expert_data_group(plan, system), plan, stack, system));
  } else if (!plan.adapters_only) {  // hybrid sharding: shards summed over their replicas
    const CommGroup expert_data = expert_data_group(plan, system);
    const auto summed = [&](double parameters, const ShardGroups& of) {
      return time_of(system, Collective::all_reduce, parameters * stack.gradient_bytes / d(of.shard.ranks),
                     of.replicas);
    };
    parts[Part::data_comm] =
        stack.added_time(stack.data_exposed / 2) *
        (expert_data == data ? summed(dense + experts, groups)
                             : summed(dense, groups) + summed(experts, shard_groups(expert_data, plan)));
  }
  const bool sharded = plan.zero_stage > 0;
  const double owned = dense / (sharded ? d(dense_shard_ranks(plan)) : 1) +
                       experts / (sharded ? d(expert_shard_ranks(plan)) : 1);
  constexpr double kAdamBytes = 30;  // host/base/op.cc, "adam"
  parts[Part::optimizer] =
      (plan.adapters_only ? 0 : kAdamBytes * owned) / system.kernels->stream_rate().value() +
      stack.step_overhead.value() + (sharded ? stack.rank_overhead.value() * d(groups.shard.ranks) : 0);
  return parts;
}

}  // namespace traincast
