#include "host/model/memory_stage.h"

#include <algorithm>

#include "host/model/shard.h"

namespace traincast {
namespace {

constexpr double kHalf = 2;  // bytes of a 16-bit element

}  // namespace

StageMemory::StageMemory(const Transformer& model, const Plan& plan, const Stack& stack)
    : model_(model),
      plan_(plan),
      stack_(stack),
      size_(model, plan),
      dense_(layer_memory(model, plan, stack, false)),
      sparse_(layer_memory(model, plan, stack, true)) {}

StageActivations StageMemory::activations(std::int64_t stage) const {
  StageActivations out;
  // Backwards from the last layer: a layer's own moment comes before later layers have saved, or after they
  // have freed, what they keep.
  const auto visit = [&](const LayerMemory& layer) {
    out.peak = std::max(out.peak, moment(layer) - out.kept);
    out.kept += kept(layer);
  };
  double modules = 0;
  if (stage == plan_.pipeline_parallel - 1) {
    for (std::int64_t i = 0; i < model_.mtp_layers; ++i) visit(model_.moe ? sparse_ : dense_);
    // A prediction module also keeps its logits, the two normed states it joins and their inputs.
    modules = static_cast<double>(model_.mtp_layers) * (logits() + 3 * size_.residual + 2 * size_.hidden);
  }
  for (std::int64_t v = plan_.virtual_stages; v-- > 0;) {
    const LayerRange range = chunk_layers(model_, plan_, stage + v * plan_.pipeline_parallel);
    for (std::int64_t i = range.first + range.count; i-- > range.first;) {
      visit(model_.is_moe_layer(i) ? sparse_ : dense_);
    }
  }
  out.kept += modules;
  if (stage == 0) {
    if (stack_.dropout) out.kept += size_.residual / kHalf;  // the embedding's mask
    // The embedding's gradient comes when this micro-batch's layers are done.
    const double table = static_cast<double>(vocabulary_shard(model_, plan_) * model_.hidden) * kHalf;
    out.peak = std::max(out.peak, table + size_.residual - out.kept);
  }
  return out;
}

double StageMemory::loss() const {
  double sum = logits() + 2 * size_.residual + size_.hidden;
  if (gathers()) sum += size_.residual;
  return sum;
}

double StageMemory::kept(const LayerMemory& layer) const {
  switch (plan_.recompute) {
    case Recompute::full:
      return plan_.recompute_share * layer.input + (1 - plan_.recompute_share) * layer.saved;
    case Recompute::selective:
      return layer.saved - layer.selective;
    case Recompute::none:
      break;
  }
  return layer.saved;
}

double StageMemory::moment(const LayerMemory& layer) const {
  // What a recomputed layer brings back while its backward pass runs.
  const double again =
      plan_.recompute == Recompute::full ? layer.saved - layer.input : layer.saved - kept(layer);
  return again + std::max(layer.forward, layer.backward);
}

double StageMemory::logits() const {
  return size_.tokens * static_cast<double>(vocabulary_shard(model_, plan_)) * stack_.loss_bytes;
}

}  // namespace traincast
