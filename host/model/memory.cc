#include "host/model/memory.h"

#include <algorithm>
#include <array>

#include "host/model/memory_layer.h"
#include "host/model/shard.h"

namespace traincast {
namespace {

constexpr double kHalf = 2;
constexpr double kSingle = 4;
constexpr double kMiB = 1024.0 * 1024.0;
// cuBLAS workspace of Hopper and later: one for PyTorch, where the output head or a router uses it, one for
// Transformer Engine and four more for the streams of its grouped GEMM
// (transformer_engine/pytorch/cpp_extensions/gemm.py).
constexpr double kGemmWorkspace = 32 * kMiB;
constexpr double kGroupedStreams = 4;
// CUDA context, cuBLAS, cuDNN and NCCL kernels. Assumed; nvidia-smi shows 0.5 to 1 GB beside PyTorch's own.
constexpr double kContext = 768 * kMiB;
// NCCL's buffers of one communicator: the middle of the 342 to 392 MB that NVIDIA's aiconfigurator tabulates.
constexpr double kNcclPerGroup = 367e6;
// Of everything but the model states: assumed, as an allocator with expandable segments can merge what is
// freed.
constexpr double kFragments = 0.02;

// Bytes per parameter.
struct StateBytes {
  double weights = 0, gradients = 0, optimizer = 0;
};

StateBytes state_bytes(const Plan& plan, const Stack& stack, std::int64_t ranks) {
  const double share = 1.0 / static_cast<double>(ranks);
  StateBytes bytes;
  bytes.weights = kHalf * (plan.zero_stage >= 3 ? share : 1);
  bytes.gradients = stack.gradient_bytes * (plan.zero_stage >= 2 ? share : 1);
  bytes.optimizer = (kSingle + stack.moment_bytes) * (plan.zero_stage >= 1 ? share : 1);
  if (!stack.separate_master && plan.zero_stage >= 3) bytes.weights = 0;  // the FP32 shards are the weights
  return bytes;
}

void add_states(MemoryEstimate& out, const Plan& plan, const Stack& stack, const StageParameters& held) {
  const StateBytes dense = state_bytes(plan, stack, dense_shard_ranks(plan));
  const StateBytes expert = state_bytes(plan, stack, expert_shard_ranks(plan));
  const double ends = held.embedding + held.head;
  out.weights += Bytes((held.dense + ends) * dense.weights + held.experts * expert.weights);
  out.gradients += Bytes((held.dense + ends) * dense.gradients + held.experts * expert.gradients);
  out.optimizer += Bytes((held.dense + ends) * dense.optimizer + held.experts * expert.optimizer);
  out.embedding += Bytes(ends * (dense.weights + dense.gradients + dense.optimizer));
}

// Transformer Engine keeps one buffer per weight shape to return in place of a gradient that its GEMM has
// already accumulated (module/base.py, get_dummy_wgrad).
class DummyGradients {
 public:
  void add(const Matrix& matrix) {
    for (int i = 0; i < count_; ++i) {
      const Matrix& other = seen_[static_cast<std::size_t>(i)];
      if (other.rows == matrix.rows && other.columns == matrix.columns) return;
    }
    seen_[static_cast<std::size_t>(count_++)] = matrix;
    elements_ += matrix.elements();
    largest_ = std::max(largest_, matrix.elements());
  }
  double elements() const { return elements_; }
  double largest() const { return largest_; }

 private:
  std::array<Matrix, 24> seen_{};
  int count_ = 0;
  double elements_ = 0, largest_ = 0;
};

// What the layers of a stage keep for one micro-batch, and the worst moment beyond that of all micro-batches.
struct StageActivations {
  double kept = 0;
  double peak = 0;
};

class Stage {
 public:
  Stage(const Transformer& model, const Plan& plan, const Stack& stack)
      : model_(model),
        plan_(plan),
        stack_(stack),
        size_(model, plan),
        dense_(layer_memory(model, plan, stack, false)),
        sparse_(layer_memory(model, plan, stack, true)) {}

  StageActivations activations(std::int64_t stage) const {
    StageActivations out;
    // Backwards from the last layer: a layer's own moment comes before later layers have saved, or after they
    // have freed, what they keep.
    double later = 0;
    const auto visit = [&](const LayerMemory& layer) {
      const double saved = kept(layer);
      out.peak = std::max(out.peak, moment(layer) - later);
      later += saved;
      out.kept += saved;
    };
    if (stage == plan_.pipeline_parallel - 1) {
      for (std::int64_t i = 0; i < model_.mtp_layers; ++i) visit(model_.moe ? sparse_ : dense_);
      // A prediction module also keeps its logits, the two normed states it joins and their inputs.
      const double module = logits() + 3 * size_.residual + 2 * size_.hidden;
      out.kept += static_cast<double>(model_.mtp_layers) * module;
    }
    for (std::int64_t v = plan_.virtual_stages; v-- > 0;) {
      const LayerRange range = chunk_layers(model_, plan_, stage + v * plan_.pipeline_parallel);
      for (std::int64_t i = range.first + range.count; i-- > range.first;) {
        visit(model_.is_moe_layer(i) ? sparse_ : dense_);
      }
    }
    if (stage == 0) {
      if (stack_.dropout) out.kept += size_.residual / kHalf;
      // The embedding's gradient comes when this micro-batch's layers are done.
      const double table = static_cast<double>(vocabulary_shard(model_, plan_) * model_.hidden) * kHalf;
      out.peak = std::max(out.peak, table + size_.residual - out.kept);
    }
    return out;
  }

  // Beside the layers' activations when the loss runs back through the head: logits, final norm, its output,
  // the gradient to the head's input, whole and (sequence parallel) reduced.
  double loss() const {
    double sum = logits() + 2 * size_.residual + size_.hidden;
    if (gathers()) sum += size_.residual;
    return sum;
  }
  bool gathers() const { return plan_.tensor_parallel > 1 && plan_.sequence_parallel; }
  const TokenBytes& size() const { return size_; }

 private:
  double kept(const LayerMemory& layer) const {
    switch (plan_.recompute) {
      case Recompute::full:
        return layer.input;
      case Recompute::selective:
        return layer.saved - layer.scores;
      case Recompute::none:
        break;
    }
    return layer.saved;
  }
  double moment(const LayerMemory& layer) const {
    return layer.saved - kept(layer) + std::max(layer.forward, layer.backward);
  }
  double logits() const {
    return size_.tokens * static_cast<double>(vocabulary_shard(model_, plan_)) * stack_.loss_bytes;
  }

  const Transformer& model_;
  const Plan& plan_;
  const Stack& stack_;
  TokenBytes size_;
  LayerMemory dense_, sparse_;
};

bool eight_bit(const Plan& plan) {
  return plan.precision != Precision::fp16 && plan.precision != Precision::bf16;
}

// Buffers that live through the step.
double buffers(const Transformer& model, const Plan& plan, const Stack& stack, std::int64_t stage,
               const StageParameters& held, const Stage& parts) {
  const bool last = stage == plan.pipeline_parallel - 1;
  const double head = last ? static_cast<double>(vocabulary_shard(model, plan) * model.hidden) : 0;
  DummyGradients dummies;
  bool dense_layers = false, moe_layers = false;
  for (std::int64_t v = 0; v < plan.virtual_stages; ++v) {
    const LayerRange range = chunk_layers(model, plan, stage + v * plan.pipeline_parallel);
    for (std::int64_t i = range.first; i < range.first + range.count; ++i) {
      (model.is_moe_layer(i) ? moe_layers : dense_layers) = true;
    }
  }
  for (const bool moe : {false, true}) {
    if (!(moe ? moe_layers : dense_layers)) continue;
    for (const Matrix& matrix : layer_matrices(model, plan, moe).all()) {
      if (moe && matrix.rows == model.moe->experts) continue;  // the router is no Transformer Engine layer
      dummies.add(matrix);
    }
  }
  double sum =
      kHalf * (stack.dummy_gradients ? dummies.elements() + head : std::max(dummies.largest(), head));
  sum += kGemmWorkspace * (1 + (last || moe_layers ? 1 : 0) + (moe_layers ? kGroupedStreams : 0));
  if (last && parts.gathers()) sum += parts.size().hidden;  // Megatron's buffer for the gathered head input
  if (stage >
      0) {  // the gradient sent back for the previous micro-batch; one more per direction if interleaved
    sum += parts.size().residual * (plan.virtual_stages > 1 ? 2 : 1);
  }
  if (eight_bit(plan) && !stack.fp8_weights) {  // a quantised copy and its transpose beside 16-bit weights
    sum += 2 * parts.size().gemm_input_bytes * (held.dense + held.experts);
  }
  if (plan.zero_stage >= 2) {
    // One layer's whole gradients before they are reduced; at stage 3 also its whole weights, the next
    // layer's, and embedding and head for as long as the step lasts.
    const StageParameters layer = layer_parameters(model, plan, moe_layers);
    const double ends = held.embedding + held.head;
    sum += stack.gradient_bytes * std::max(layer.total(), ends);
    if (plan.zero_stage >= 3) sum += kHalf * (2 * layer.total() + ends);
  }
  return sum;
}

}  // namespace

double micro_batches_in_flight(const Plan& plan, std::int64_t stage) {
  const auto p = static_cast<double>(plan.pipeline_parallel);
  const auto s = static_cast<double>(stage);
  const auto v = static_cast<double>(plan.virtual_stages);
  double limit = p;  // the micro-batches of a step, where the plan says how many
  const std::int64_t rows = plan.micro_batch * plan.data_parallel;
  const bool stated = plan.global_batch > 0 && rows > 0;
  if (stated) limit = static_cast<double>((plan.global_batch + rows - 1) / rows);
  double depth = p - s;
  if (plan.schedule == Schedule::zb_h1) depth = p;
  if (plan.schedule == Schedule::dual_pipe) depth = p + 1;
  if (plan.schedule == Schedule::interleaved && plan.pipeline_parallel > 1) {
    depth = (2 * (p - s - 1) + (v - 1) * p + 1) / v;
  }
  return stated ? std::min(depth, limit) : depth;
}

MemoryEstimate estimate_stage_memory(const Transformer& model, const Plan& plan, const Stack& stack,
                                     std::int64_t stage) {
  const Stage parts(model, plan, stack);
  const std::int64_t mirror = plan.pipeline_parallel - 1 - stage;
  const bool two = plan.schedule == Schedule::dual_pipe && plan.pipeline_parallel > 1;
  MemoryEstimate out;
  out.stage = stage;
  out.in_flight = micro_batches_in_flight(plan, stage);
  const StageParameters held = stage_parameters(model, plan, stage);
  add_states(out, plan, stack, held);
  if (two) add_states(out, plan, stack, stage_parameters(model, plan, mirror));

  StageActivations activations = parts.activations(stage);
  if (two) {
    const StageActivations other = parts.activations(mirror);
    activations.kept = (activations.kept + other.kept) / 2;
    activations.peak = std::max(activations.peak, other.peak);
  }
  out.activations = Bytes(out.in_flight * activations.kept);
  const bool has_loss = stage == plan.pipeline_parallel - 1 || (two && stage == 0);
  const double loss = has_loss ? parts.loss() : 0;
  (loss > activations.peak ? out.loss : out.working) = Bytes(std::max(loss, activations.peak));
  out.buffers =
      Bytes(buffers(model, plan, stack, has_loss ? plan.pipeline_parallel - 1 : stage, held, parts));

  out.context = Bytes(kContext);
  int groups = 0;
  for (const std::int64_t ranks : {plan.tensor_parallel, plan.pipeline_parallel, plan.context_parallel,
                                   plan.data_parallel, plan.expert_parallel}) {
    groups += ranks > 1 ? 1 : 0;
  }
  out.communication = Bytes(groups * kNcclPerGroup);
  out.reserve = kFragments * (out.activations + out.loss + out.working + out.buffers);
  return out;
}

MemoryEstimate estimate_memory(const Transformer& model, const Plan& plan, const Stack& stack) {
  MemoryEstimate worst = estimate_stage_memory(model, plan, stack, 0);
  for (std::int64_t stage = 1; stage < plan.pipeline_parallel; ++stage) {
    const MemoryEstimate other = estimate_stage_memory(model, plan, stack, stage);
    if (other.total() > worst.total()) worst = other;
  }
  return worst;
}

}  // namespace traincast
