#include "host/model/memory.h"

#include <algorithm>
#include <array>

#include "host/model/memory_stage.h"
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
  const double whole = whole_gradients(plan);
  bytes.gradients = stack.gradient_bytes * (whole + (1 - whole) * share);
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

// Buffers that live through the step.
double buffers(const Transformer& model, const Plan& plan, const Stack& stack, std::int64_t stage,
               const StageParameters& held, const StageMemory& parts) {
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
    for (const Matrix& matrix : layer_matrices(model, plan, moe)) {
      if (!matrix.router) dummies.add(matrix);  // the router is no Transformer Engine layer
    }
  }
  double sum = 0;
  if (stack.dummy_gradients) {
    sum += kHalf * (dummies.elements() + head);
  } else if (whole_gradients(plan) > 0) {
    sum += kHalf * std::max(dummies.largest(), head);  // a gradient before it is accumulated
  }
  sum += kGemmWorkspace * (1 + (last || moe_layers ? 1 : 0) + (moe_layers ? kGroupedStreams : 0));
  if (last && parts.gathers()) sum += parts.size().hidden;  // Megatron's buffer for the gathered head input
  if (stage > 0) {
    // The gradient sent back for the previous micro-batch; interleaved stages also send activations onwards.
    sum += parts.size().residual * (plan.virtual_stages > 1 ? 2 : 1);
  }
  if (quantises(plan) && !stack.fp8_weights) {  // a quantised copy and its transpose beside 16-bit weights
    sum += 2 * parts.size().gemm_input_bytes * (held.dense + held.experts);
  }
  if (whole_gradients(plan) == 0) {
    // One layer's whole 16-bit gradients before they are reduced; at stage 3 also its whole weights, the next
    // layer's, and embedding and head for as long as the step lasts.
    const StageParameters layer = layer_parameters(model, plan, moe_layers);
    const double ends = held.embedding + held.head;
    sum += kHalf * std::max(layer.total(), ends);
    if (plan.zero_stage >= 3) sum += kHalf * (2 * layer.total() + ends);
  }
  return sum;
}

MemoryEstimate stage_memory(const Transformer& model, const Plan& plan, const Stack& stack,
                            const StageMemory& parts, std::int64_t stage) {
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

}  // namespace

double micro_batches_in_flight(const Plan& plan, std::int64_t stage) {
  const auto p = static_cast<double>(plan.pipeline_parallel);
  const auto s = static_cast<double>(stage);
  const auto v = static_cast<double>(plan.virtual_stages);
  double depth = p - s;
  if (plan.schedule == Schedule::zb_h1) depth = p;
  if (plan.schedule == Schedule::dual_pipe) depth = p + 1;
  // A plan of several chunks that names no other schedule can only be interleaved.
  const bool by_chunk = plan.schedule == Schedule::interleaved || plan.schedule == Schedule::one_f_one_b;
  if (by_chunk && plan.virtual_stages > 1 && plan.pipeline_parallel > 1) {
    depth = (2 * (p - s - 1) + (v - 1) * p + 1) / v;
  }
  // A step of fewer micro-batches never has more; a plan that states no batch is taken to have enough.
  const std::int64_t rows = plan.micro_batch * plan.data_parallel;
  if (plan.global_batch <= 0 || rows <= 0) return depth;
  const std::int64_t micro_batches = (plan.global_batch + rows - 1) / rows;
  return std::min(depth, static_cast<double>(micro_batches));
}

MemoryEstimate estimate_stage_memory(const Transformer& model, const Plan& plan, const Stack& stack,
                                     std::int64_t stage) {
  return stage_memory(model, plan, stack, StageMemory(model, plan, stack), stage);
}

MemoryEstimate estimate_memory(const Transformer& model, const Plan& plan, const Stack& stack) {
  const StageMemory parts(model, plan, stack);
  MemoryEstimate worst = stage_memory(model, plan, stack, parts, 0);
  for (std::int64_t stage = 1; stage < plan.pipeline_parallel; ++stage) {
    const MemoryEstimate other = stage_memory(model, plan, stack, parts, stage);
    if (other.total() > worst.total()) worst = other;
  }
  return worst;
}

}  // namespace traincast
