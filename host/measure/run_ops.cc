// The shapes of a training run, collected by estimating its layers with kernel times that only take notes.
#include <algorithm>
#include <array>
#include <utility>

#include "host/measure/sweep.h"
#include "host/model/layer.h"
#include "host/model/system.h"

namespace traincast {
namespace {

class RecordingKernels final : public KernelTimes {
 public:
  explicit RecordingKernels(std::vector<Op>& ops) : ops_(ops) {}
  Seconds time(const Op& op) const override {
    if (std::find(ops_.begin(), ops_.end(), op) == ops_.end()) ops_.push_back(op);
    return Seconds(1);
  }
  Bandwidth stream_rate() const override { return Bandwidth(1); }

 private:
  std::vector<Op>& ops_;
};

class NoMessages final : public CollectiveTimes {
 public:
  Seconds time(Collective, Bytes, const CommGroup&) const override { return Seconds(0); }
};

void add_ops_of_run(std::vector<Op>& ops, const Run& run) {
  const RecordingKernels kernels(ops);
  const NoMessages collectives;
  const System system{.gpu = nullptr, .kernels = &kernels, .collectives = &collectives};
  const Transformer& model = run.model;
  std::array<std::array<bool, 2>, 2> known{};
  for (std::int64_t layer = 0; layer < model.layers; ++layer) {
    const bool moe = model.is_moe_layer(layer);
    const bool sliding = model.is_sliding_layer(layer);
    if (std::exchange(known[moe ? 1 : 0][sliding ? 1 : 0], true)) continue;
    layer_times(model, run.plan, run.stack, system, moe ? LayerKind::moe : LayerKind::dense,
                sliding ? model.sliding_window : model.sequence);
  }
  head_times(model, run.plan, run.stack, system);
}

}  // namespace

std::vector<Op> ops_of_run(const Run& run) {
  std::vector<Op> ops;
  add_ops_of_run(ops, run);
  return ops;
}

std::vector<Op> ops_of_runs(const std::vector<Run>& runs) {
  std::vector<Op> ops;
  for (const Run& run : runs) add_ops_of_run(ops, run);
  std::stable_sort(ops.begin(), ops.end(),
                   [](const Op& a, const Op& b) { return work(a).flops < work(b).flops; });
  return ops;
}

}  // namespace traincast
