#include "host/model/stages.h"

#include <algorithm>

#include "host/model/shard.h"
#include "host/model/stage_terms.h"

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

std::size_t kind_of(const Transformer& model, std::int64_t layer) {
  return (model.is_moe_layer(layer) ? 2U : 0U) + (model.is_sliding_layer(layer) ? 1U : 0U);
}

}  // namespace

// Activations to the next chunk; the gradients back are as large.
ChunkMessage pipeline_message(const Transformer& model, const Plan& plan, const Stack& stack,
                              const System& system) {
  if (plan.pipeline_parallel == 1) return {};
  const Shard shard = shard_of(model, plan);
  const std::int64_t stride = plan.tensor_parallel * plan.context_parallel * plan.data_parallel;
  const CommGroup group{
      .ranks = 2, .ranks_per_domain = stride < system.nvlink_domain ? 2 : 1, .span = 2 * stride};
  // Each tensor rank sends its own share (Narayanan 2021, section 4.1, scatter/gather).
  const Bytes message(shard.tokens / shard.tensor * d(model.hidden) * 2);
  return {system.collectives->time(Collective::send_recv, message, group),
          plan.virtual_stages > 1 ? std::min(1.0, stack.added_time(stack.pipeline_exposed)) : 1};
}

double gathered_layer_seconds(const StageParameters& held, double layers, const Plan& plan,
                              const Stack& stack, const System& system) {
  const auto gathered = [&](double parameters, const CommGroup& data) {
    const CommGroup shard = shard_groups(data, plan).shard;
    if (shard.ranks == 1) return 0.0;
    const auto time = [&](Collective collective, double bytes) {
      return system.collectives->time(collective, Bytes(bytes), shard).value();
    };
    return 2 * time(Collective::all_gather, parameters * 2) +
           time(Collective::reduce_scatter, parameters * stack.gradient_bytes);
  };
  const CommGroup data = data_group(plan, system);
  const CommGroup expert_data = expert_data_group(plan, system);
  if (held.experts == 0 || expert_data == data) return gathered(held.total() / layers, data);
  return gathered((held.total() - held.experts) / layers, data) +
         gathered(held.experts / layers, expert_data);
}

GatherWaits exposed_gathers(const ChunkTimes& work, double messages, bool splits_backward,
                            const Stack& stack) {
  const auto exposed = [&](Seconds pass, double sent) {
    const double time = pass.value();
    return std::max(time, sent) + stack.shard_serial * std::min(time, sent) - time;
  };
  const double third = messages / 3;  // one gather of two, and a scatter
  if (!splits_backward) {
    const double all = exposed(work.forward + work.backward, messages);
    return {all / 3, all * 2 / 3, 0};
  }
  const double weight = exposed(work.weight_gradient, third);
  return {exposed(work.forward, third), exposed(work.backward - work.weight_gradient, third) + weight,
          weight};
}

Stages::Stages(const Transformer& model, const Plan& plan, const Stack& stack, const System& system)
    : model_(model),
      plan_(plan),
      stack_(stack),
      system_(system),
      shape_(pipeline_shape(plan)),
      message_(pipeline_message(model, plan, stack, system)),
      embedding_(embedding_times(model, plan, stack, system)),
      head_(head_times(model, plan, stack, system)) {
  if (model.mtp_layers > 0) prediction_ = prediction_times(model, plan, stack, system);
  std::array<bool, 4> known{};
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    const std::size_t kind = kind_of(model, layer);
    if (known[kind]) continue;
    const std::int64_t window = model.is_sliding_layer(layer) ? model.sliding_window : model.sequence;
    layers_[kind] = layer_times(model, plan, stack, system,
                                model.is_moe_layer(layer) ? LayerKind::moe : LayerKind::dense, window);
    known[kind] = true;
  }
}

const PassTimes& Stages::layer(std::int64_t layer) const {
  return layers_[kind_of(model_, layer)];
}

// ZeRO-3: weights gathered before each pass and gradients scattered after the backward, layer by layer.
double Stages::sharded_messages(std::int64_t chunk, std::int64_t layers) const {
  const std::int64_t rank = chunk % shape_.ranks;
  const StageParameters held = stage_parameters(model_, plan_, rank);
  std::int64_t of_rank = 0;
  for (std::int64_t i = rank; i < shape_.ranks * plan_.virtual_stages; i += shape_.ranks) {
    of_rank += chunk_layers(model_, plan_, i).count;
  }
  return std::max(1.0, d(layers)) / stack_.shard_rate *
         gathered_layer_seconds(held, std::max(1.0, d(of_rank)), plan_, stack_, system_);
}

PassTimes Stages::chunk(std::int64_t chunk) const {
  PassTimes times;
  std::int64_t layers = 0;
  // A schedule of one chunk takes all that the plan gives a rank as one.
  for (std::int64_t i = chunk; i < shape_.ranks * plan_.virtual_stages; i += shape_.chunks()) {
    const LayerRange range = chunk_layers(model_, plan_, i);
    for (std::int64_t l = range.first; l < range.first + range.count; ++l) times.add(layer(l));
    layers += range.count;
  }
  if (chunk == 0) times.add(embedding_);
  if (chunk == shape_.chunks() - 1) {
    times.add(head_);
    for (std::int64_t i = 0; i < model_.mtp_layers; ++i) {  // trained with its own pass through the head
      times.add(prediction_);
      times.add(layer(model_.layers - 1));
      times.add(head_);
    }
  }
  if (plan_.zero_stage == 3) {
    const GatherWaits waits = exposed_gathers(chunk_times(times), sharded_messages(chunk, layers),
                                              shape_.splits_backward(), stack_);
    times.forward[Part::data_comm] += waits.forward;
    times.backward[Part::data_comm] += waits.backward;
    times.weight_gradient += waits.weight_gradient;
    times.weight_messages += waits.weight_gradient;
  }
  return times;
}

PassTimes Stages::rank_chunk(std::int64_t rank, std::int64_t local) const {
  if (shape_.schedule != Schedule::dual_pipe) return chunk(local * shape_.ranks + rank);
  PassTimes mean;
  mean.add(chunk(rank), 0.5);
  mean.add(chunk(shape_.ranks - 1 - rank), 0.5);
  return mean;
}

ChunkTimes chunk_times(const PassTimes& pass) {
  return {Seconds(pass.forward.sum()), Seconds(pass.backward.sum()), Seconds(pass.weight_gradient)};
}

}  // namespace traincast
