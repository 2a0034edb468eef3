#include "host/search/layer_table.h"

namespace traincast {
namespace {

WorkTimes work_times(const PassTimes& pass) {
  WorkTimes out{pass.forward.sum(), pass.backward.sum(), pass.weight_gradient, 0};
  for (const Part part : {Part::gemm, Part::attention, Part::elementwise, Part::experts, Part::head,
                          Part::recompute, Part::overhead}) {
    out.compute += pass.forward[part] + pass.backward[part];
  }
  return out;
}

LayerTimes layer_times_of(const Transformer& model, const Plan& plan, const Stack& stack,
                          const System& system) {
  LayerTimes out;
  std::array<bool, kLayerKinds> known{};
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    const bool moe = model.is_moe_layer(layer), sliding = model.is_sliding_layer(layer);
    const std::size_t kind = (moe ? 2U : 0U) + (sliding ? 1U : 0U);
    if (known[kind]) continue;
    known[kind] = true;
    out.layer[kind] =
        work_times(layer_times(model, plan, stack, system, moe ? LayerKind::moe : LayerKind::dense,
                               sliding ? model.sliding_window : model.sequence));
  }
  out.embedding = work_times(embedding_times(model, plan, stack, system));
  out.head = work_times(head_times(model, plan, stack, system));
  if (model.mtp_layers > 0) out.prediction = work_times(prediction_times(model, plan, stack, system));
  return out;
}

}  // namespace

WorkTimes LayerTimes::chunk(const ChunkKind& kind, std::int64_t mtp_layers) const {
  WorkTimes sum;
  for (std::size_t i = 0; i < kLayerKinds; ++i) {
    if (kind.layers[i] > 0) sum.add(layer[i], kind.layers[i]);
  }
  if (kind.first) sum.add(embedding, 1);
  if (kind.last) {
    sum.add(head, static_cast<double>(1 + mtp_layers));
    sum.add(prediction, static_cast<double>(mtp_layers));
  }
  return sum;
}

LayerTable::LayerTable(const SearchSpace& space)
    : space_(space),
      rows_(space.axes.micro_batch.size() * space.axes.precision.size() * space.axes.recompute.size()),
      times_(rows_.size() * space.systems.size()) {}

void LayerTable::reset(const Stack& stack) {
  stack_ = &stack;
  for (Row& row : rows_) row.has_times = row.has_activations = false;
}

const LayerTimes* LayerTable::times(std::size_t row, const Plan& plan) {
  LayerTimes* times = &times_[row * space_.systems.size()];
  if (!rows_[row].has_times) {
    for (std::size_t i = 0; i < space_.systems.size(); ++i) {
      times[i] = layer_times_of(space_.run->model, plan, *stack_, space_.systems[i]);
    }
    rows_[row].has_times = true;
  }
  return times;
}

const ActivationTerms& LayerTable::activations(std::size_t row, const Plan& plan) {
  if (!rows_[row].has_activations) {
    rows_[row].activations = ActivationTerms(space_.run->model, plan, *stack_);
    rows_[row].has_activations = true;
  }
  return rows_[row].activations;
}

}  // namespace traincast
