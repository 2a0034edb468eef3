#include "host/search/memory_terms.h"

#include <algorithm>

#include "host/model/memory.h"

namespace traincast {
namespace {

constexpr double kWithReserve = 1.02;  // memory.cc, kFragments

// What a layer keeps for its backward pass under the plan's recomputation (StageMemory).
double kept(const LayerMemory& layer, const Plan& plan) {
  switch (plan.recompute) {
    case Recompute::full:
      return plan.recompute_share * layer.input + (1 - plan.recompute_share) * layer.saved;
    case Recompute::selective:
      return layer.saved - layer.selective;
    case Recompute::none:
      break;
  }
  return layer.saved;
}

struct Kept {
  double bytes = 0, peak = 0;
};
Kept stage_activations(const StageLayout& layout, std::size_t run_index, std::int64_t stage,
                       const ActivationTerms& terms) {
  const RankRun& run = layout.runs()[run_index];
  Kept out;
  const std::size_t lead = run.lead_moe ? 1 : 0;
  // A layer's own moment counts where the layers behind it keep least: at the first of its kind.
  if (run.lead > 0) out.peak = std::max(0.0, terms.moment[lead]);
  const double others = lead == 1 ? run.dense_layers : run.moe_layers;
  if (others > 0) out.peak = std::max(out.peak, terms.moment[1 - lead] - run.lead * terms.kept[lead]);
  out.bytes = run.dense_layers * terms.kept[0] + run.moe_layers * terms.kept[1];
  if (stage == layout.pipeline() - 1) out.bytes += terms.module;
  if (stage == 0) {
    out.bytes += terms.dropout_mask;
    out.peak = std::max(out.peak, terms.table + terms.residual - out.bytes);
  }
  return out;
}

}  // namespace

ActivationTerms::ActivationTerms(const Transformer& model, const Plan& plan, const Stack& stack) {
  const StageMemory stage(model, plan, stack);
  for (const bool moe : {false, true}) {
    const LayerMemory layer = layer_memory(model, plan, stack, moe);
    const std::size_t i = moe ? 1 : 0;
    kept[i] = traincast::kept(layer, plan);
    const double again =
        plan.recompute == Recompute::full ? layer.saved - layer.input : layer.saved - kept[i];
    moment[i] = again + std::max(layer.forward, layer.backward);
  }
  residual = stage.size().residual;
  hidden = stage.size().hidden;
  gathers = stage.gathers();
  loss = stage.loss();
  const double vocabulary = static_cast<double>(vocabulary_shard(model, plan));
  const double logits = stage.size().tokens * vocabulary * stack.loss_bytes;
  module = static_cast<double>(model.mtp_layers) * (logits + 3 * residual + 2 * hidden);
  table = vocabulary * static_cast<double>(model.hidden) * 2;
  if (stack.dropout) dropout_mask = residual / 2;
}

std::vector<MemoryStage> memory_stages(const StageLayout& layout, bool dual_pipe) {
  std::vector<MemoryStage> stages;
  const std::int64_t p = layout.pipeline();
  for (std::int64_t stage = 0; stage < p;) {
    const std::size_t run = layout.run_of(stage), mirror = layout.run_of(p - 1 - stage);
    stages.push_back({stage, run, dual_pipe ? mirror : run});
    stage = layout.runs()[run].last() + 1;
    if (dual_pipe) stage = std::min(stage, p - layout.runs()[mirror].first);
  }
  return stages;
}

double activation_bytes(const StageLayout& layout, const MemoryStage& at, const ActivationTerms& terms,
                        const Plan& plan) {
  const std::int64_t p = layout.pipeline();
  const bool two = plan.schedule == Schedule::dual_pipe && p > 1;
  Kept kept = stage_activations(layout, at.run, at.stage, terms);
  if (two) {
    const Kept other = stage_activations(layout, at.mirror_run, p - 1 - at.stage, terms);
    kept.bytes = (kept.bytes + other.bytes) / 2;
    kept.peak = std::max(kept.peak, other.peak);
  }
  const bool has_loss = at.stage == p - 1 || (two && at.stage == 0);
  double bytes = micro_batches_in_flight(plan, at.stage) * kept.bytes;
  bytes += std::max(has_loss ? terms.loss : 0, kept.peak);
  if (has_loss && terms.gathers) bytes += terms.hidden;
  if ((has_loss ? p - 1 : at.stage) > 0) bytes += terms.residual * (plan.virtual_stages > 1 ? 2 : 1);
  return kWithReserve * bytes;
}

StateTerms::StateTerms(const Transformer& model, const Plan& plan, const Stack& stack,
                       const StageLayout& layout, const MemoryStage& at) {
  Plan reference = plan;
  reference.micro_batch = 1;
  reference.global_batch = 0;
  reference.recompute = Recompute::none;
  reference.shard_ranks = 0;
  const ActivationTerms terms(model, reference, stack);
  const double activations = activation_bytes(layout, at, terms, reference);
  const StageParameters held = stage_parameters(model, plan, at.stage);
  dense_ = held.dense + held.embedding + held.head;
  experts_ = held.experts;
  if (plan.schedule == Schedule::dual_pipe && layout.pipeline() > 1) {
    const StageParameters other = stage_parameters(model, plan, layout.pipeline() - 1 - at.stage);
    dense_ += other.dense + other.embedding + other.head;
    experts_ += other.experts;
  }
  gradient_bytes_ = stack.gradient_bytes;
  optimizer_bytes_ = 4 + stack.moment_bytes;
  shards_are_weights_ = !stack.separate_master;
  for (const int zero : {1, 2, 3}) {  // without ZeRO the buffers are those of stage 1
    reference.zero_stage = zero;
    const double all = estimate_stage_memory(model, reference, stack, at.stage).total().value();
    rest_[static_cast<std::size_t>(zero)] = all - activations - states(reference);
  }
  rest_[0] = rest_[1];
}

double StateTerms::states(const Plan& plan) const {
  const auto of = [&](std::int64_t ranks) {
    const double share = 1 / static_cast<double>(ranks);
    const double whole = whole_gradients(plan);
    const double weights = shards_are_weights_ && plan.zero_stage >= 3 ? 0 : 2;
    return weights * (plan.zero_stage >= 3 ? share : 1) + gradient_bytes_ * (whole + (1 - whole) * share) +
           optimizer_bytes_ * (plan.zero_stage >= 1 ? share : 1);
  };
  return dense_ * of(dense_shard_ranks(plan)) + experts_ * of(expert_shard_ranks(plan));
}

}  // namespace traincast
