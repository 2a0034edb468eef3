#include "host/model/step.h"

#include <algorithm>
#include <array>

#include "host/model/shard.h"
#include "host/model/straggler.h"

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

// The distinct layers of a model: dense or MoE, full or sliding attention.
class LayerTable {
 public:
  LayerTable(const Transformer& model, const Plan& plan, const Stack& stack, const System& system)
      : model_(model) {
    for (std::int64_t layer = 0; layer < model.layers; ++layer) {
      const std::size_t i = index(layer);
      if (known_[i]) continue;
      const std::int64_t window = model.is_sliding_layer(layer) ? model.sliding_window : model.sequence;
      times_[i] = layer_times(model, plan, stack, system,
                              model.is_moe_layer(layer) ? LayerKind::moe : LayerKind::dense, window);
      known_[i] = true;
    }
  }
  const PassTimes& operator[](std::int64_t layer) const { return times_[index(layer)]; }

 private:
  std::size_t index(std::int64_t layer) const {
    return (model_.is_moe_layer(layer) ? 2U : 0U) + (model_.is_sliding_layer(layer) ? 1U : 0U);
  }
  const Transformer& model_;
  std::array<PassTimes, 4> times_;
  std::array<bool, 4> known_{};
};

// Everything that one pipeline rank does for one micro-batch, and what it holds.
struct Stage {
  PassTimes times;
  double dense_parameters = 0;   // replicated over data-parallel ranks
  double expert_parameters = 0;  // replicated over expert-data-parallel ranks
  double layers = 0;
};

Stage stage_of(const Transformer& model, const Plan& plan, const LayerTable& table,
               const PassTimes& embedding, const PassTimes& head, std::int64_t rank) {
  const std::int64_t p = plan.pipeline_parallel;
  Stage stage;
  for (std::int64_t chunk = rank; chunk < p * plan.virtual_stages; chunk += p) {
    const LayerRange range = chunk_layers(model, plan, chunk);
    for (std::int64_t layer = range.first; layer < range.first + range.count; ++layer)
      stage.times.add(table[layer]);
    stage.layers += d(range.count);
  }
  const StageParameters held = stage_parameters(model, plan, rank);
  stage.dense_parameters = held.dense + held.embedding + held.head;
  stage.expert_parameters = held.experts;
  if (rank == 0) stage.times.add(embedding);
  if (rank == p - 1) {
    stage.times.add(head);
    for (std::int64_t i = 0; i < model.mtp_layers;
         ++i) {  // trained with its own pass through the shared head
      stage.times.add(table[model.layers - 1]);
      stage.times.add(head);
    }
  }
  return stage;
}

// Activations to the next chunk and gradients back, per micro-batch: 2 messages a chunk.
double pipeline_messages(const Transformer& model, const Plan& plan, const Stack& stack,
                         const System& system) {
  const std::int64_t p = plan.pipeline_parallel;
  if (p == 1) return 0;
  const Shard shard = shard_of(model, plan);
  const std::int64_t stride = plan.tensor_parallel * plan.context_parallel * plan.data_parallel;
  const CommGroup group{
      .ranks = 2, .ranks_per_domain = stride < system.nvlink_domain ? 2 : 1, .span = 2 * stride};
  // Each tensor rank sends its own share (Narayanan 2021, section 4.1, scatter/gather).
  const Bytes message(shard.tokens / shard.tensor * d(model.hidden) * 2);
  const double exposed = plan.virtual_stages > 1 ? stack.pipeline_exposed : 1;
  return exposed * 2 * d(plan.virtual_stages) *
         system.collectives->time(Collective::send_recv, message, group).value();
}

// Idle time of the critical rank while the pipeline fills and drains.
double bubble(const Plan& plan, double forward, double backward, double weight_gradient, double others) {
  const double p = d(plan.pipeline_parallel);
  switch (plan.schedule) {
    case Schedule::one_f_one_b:
    case Schedule::interleaved:
      return others / d(plan.virtual_stages);  // Narayanan 2021, section 2.2
    case Schedule::zb_h1:
      return (p - 1) *
             std::max(0.0, forward + backward - 2 * weight_gradient);  // Qi 2023 (arXiv 2401.10241), table 2
    case Schedule::dual_pipe:
      // DeepSeek-V3 (arXiv 2412.19437), table 2: (p/2 - 1)(F&B + B - 3W).
      return std::max(0.0, p / 2 - 1) * std::max(0.0, forward + 2 * backward - 3 * weight_gradient);
  }
  return 0;
}

// The ranks that share one copy of what ZeRO shards, innermost, and those that hold the same shard.
struct ShardGroups {
  CommGroup shard;
  CommGroup replicas;
};
ShardGroups shard_groups(const CommGroup& all, const Plan& plan) {
  ShardGroups groups{.shard = all};
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

// Gradients reduced and weights gathered between the replicas of one kind of parameter, once a step.
double replica_messages(double parameters, const CommGroup& all, const Plan& plan, const Stack& stack,
                        const System& system) {
  if (all.ranks == 1 || parameters == 0 || plan.adapters_only) return 0;
  const auto time = [&](Collective collective, double bytes, const CommGroup& group) {
    return group.ranks > 1 ? system.collectives->time(collective, Bytes(bytes), group).value() : 0.0;
  };
  const double gradients = parameters * stack.gradient_bytes;
  if (plan.zero_stage == 0) return time(Collective::all_reduce, gradients, all);
  const ShardGroups groups = shard_groups(all, plan);
  return time(Collective::reduce_scatter, gradients, groups.shard) +
         time(Collective::all_reduce, gradients / d(groups.shard.ranks), groups.replicas) +
         time(Collective::all_gather, parameters * 2, groups.shard);
}

// ZeRO-3: per micro-batch, weights gathered before each pass and gradients scattered after the backward.
double sharded_messages(const Stage& stage, const Plan& plan, const Stack& stack, const System& system) {
  const CommGroup group = shard_groups(data_group(plan, system), plan).shard;
  if (group.ranks == 1) return 0;
  const double layers = std::max(1.0, stage.layers);
  const double parameters = (stage.dense_parameters + stage.expert_parameters) / layers;
  const auto time = [&](Collective collective, double bytes) {
    return system.collectives->time(collective, Bytes(bytes), group).value();
  };
  return layers / stack.shard_rate *
         (2 * time(Collective::all_gather, parameters * 2) +
          time(Collective::reduce_scatter, parameters * stack.gradient_bytes));
}

double compute_of(const PartTimes& parts) {
  double sum = 0;
  for (Part part : {Part::gemm, Part::attention, Part::elementwise, Part::experts, Part::head,
                    Part::recompute, Part::overhead}) {
    sum += parts[part];
  }
  return sum;
}

}  // namespace

StepEstimate estimate_step(const Transformer& model, const Plan& plan, const Stack& stack,
                           const System& system) {
  const LayerTable table(model, plan, stack, system);
  const PassTimes embedding = embedding_times(model, plan, stack, system);
  const PassTimes head = head_times(model, plan, stack, system);
  const std::int64_t p = plan.pipeline_parallel;

  Stage critical;
  double slowest = -1;
  double all = 0;
  double most_dense = 0;
  double most_experts = 0;
  for (std::int64_t rank = 0; rank < p; ++rank) {
    const Stage stage = stage_of(model, plan, table, embedding, head, rank);
    const double total = stage.times.total();
    all += total;
    most_dense = std::max(most_dense, stage.dense_parameters);
    most_experts = std::max(most_experts, stage.expert_parameters);
    if (total > slowest) {
      slowest = total;
      critical = stage;
    }
  }

  StepEstimate step;
  step.micro_batches = plan.global_batch / (plan.micro_batch * plan.data_parallel);
  const double m = d(step.micro_batches);
  PartTimes per_micro_batch = critical.times.forward;
  per_micro_batch.add(critical.times.backward);
  per_micro_batch[Part::pipeline_comm] = pipeline_messages(model, plan, stack, system);
  if (plan.zero_stage == 3) {
    const double compute = per_micro_batch.sum();
    const double messages = sharded_messages(critical, plan, stack, system);
    per_micro_batch[Part::data_comm] =
        std::max(compute, messages) + stack.shard_serial * std::min(compute, messages) - compute;
  }
  step.parts.add(per_micro_batch, m);
  if (plan.zero_stage == 3) {  // hybrid sharding: shards summed over their replicas once a step
    const ShardGroups groups = shard_groups(data_group(plan, system), plan);
    const double bytes = (critical.dense_parameters + critical.expert_parameters) * stack.gradient_bytes /
                         d(groups.shard.ranks);
    if (groups.replicas.ranks > 1 && !plan.adapters_only) {
      step.parts[Part::data_comm] +=
          stack.data_exposed / 2 *
          system.collectives->time(Collective::all_reduce, Bytes(bytes), groups.replicas).value();
    }
  }
  step.parts[Part::bubble] = bubble(plan, critical.times.forward.sum(), critical.times.backward.sum(),
                                    critical.times.weight_gradient, all - slowest);
  // Every step waits for the slowest GPU of the job.
  step.parts[Part::straggler] = system.gpu->sustained.spread * expected_maximum(plan.gpus()) *
                                (m * compute_of(per_micro_batch) + step.parts[Part::bubble]);
  const CommGroup data = data_group(plan, system);
  if (plan.zero_stage < 3) {
    // Without a pipeline every gradient bucket but the last can travel under the backward pass; with one,
    // most of a rank's gradients are ready only when its last micro-batch is.
    const double exposed = p > 1 ? stack.data_exposed : stack.data_exposed / 2;
    step.parts[Part::data_comm] =
        exposed * (replica_messages(most_dense, data, plan, stack, system) +
                   replica_messages(most_experts, expert_data_group(plan, system), plan, stack, system));
  }
  const bool sharded = plan.zero_stage > 0;
  const double owned = most_dense / (sharded ? d(dense_shard_ranks(plan)) : 1) +
                       most_experts / (sharded ? d(expert_shard_ranks(plan)) : 1);
  constexpr double kAdamBytes = 30;  // host/base/op.cc, "adam"
  step.parts[Part::optimizer] =
      (plan.adapters_only ? 0 : kAdamBytes * owned) / system.kernels->stream_rate().value() +
      stack.step_overhead.value() +
      (sharded ? stack.rank_overhead.value() * d(shard_groups(data, plan).shard.ranks) : 0);

  step.time = Seconds(step.parts.sum());
  const double tokens = d(plan.global_batch) * d(model.sequence) / d(plan.gpus());
  step.tokens_per_gpu = Tokens(tokens) / step.time;
  const Flops model_flops = tokens * flops_per_token(model, AttentionCount::causal_half);
  step.model_flop_rate = model_flops / step.time;
  step.mfu = step.model_flop_rate / system.gpu->peak(DataType::bf16);
  const double repeated = plan.recompute == Recompute::full ? plan.recompute_share / 3 : 0;
  step.hfu = step.mfu * (1 + repeated);
  return step;
}

}  // namespace traincast
