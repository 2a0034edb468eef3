#include "host/check/layer_ops.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "host/model/system.h"

namespace traincast {
namespace {

// The step model's ratio of backward to forward traffic (host/model/layer_builder.h, elementwise()).
constexpr double kBackwardTraffic = 1.7;

std::int64_t whole(double count) {
  return std::max<std::int64_t>(1, std::llround(count));
}

// A forward op and what the backward pass does for it, in order.
struct Node {
  std::vector<StepItem> forward, backward;
};

StepItem item(const StepOp& op) {
  return {.is_message = false, .op = op, .message = {}};
}
StepItem item(StepMessage message) {
  return {.is_message = true, .op = {}, .message = message};
}

// Takes down every op that the layer model asks the time of.
class RecordingKernels final : public KernelTimes {
 public:
  explicit RecordingKernels(std::vector<Op>& ops) : ops_(ops) {}
  Seconds time(const Op& op) const override {
    ops_.push_back(op);
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
template <typename Ask>
std::vector<Op> asked(Ask ask) {
  std::vector<Op> ops;
  const RecordingKernels kernels(ops);
  const NoMessages messages;
  ask(System{.gpu = nullptr, .kernels = &kernels, .collectives = &messages});
  return ops;
}

struct Classes {
  OpClass forward, data_gradient, weight_gradient;
  Part part;
};
constexpr Classes kLinear{OpClass::gemm_forward, OpClass::gemm_data_gradient, OpClass::gemm_weight_gradient,
                          Part::gemm};
constexpr Classes kRouter{OpClass::router, OpClass::router, OpClass::router, Part::gemm};
constexpr Classes kExperts{OpClass::expert_forward, OpClass::expert_data_gradient,
                           OpClass::expert_weight_gradient, Part::experts};
constexpr Classes kHead{OpClass::head_gemm, OpClass::head_gemm, OpClass::head_gemm, Part::head};

// An op that belongs to a forward op's backward pass?
bool is_backward(const Op& op) {
  if (const auto* gemm = std::get_if<Gemm>(&op)) return gemm->layout != GemmLayout::forward;
  if (const auto* gemm = std::get_if<GroupedGemm>(&op)) return gemm->layout != GemmLayout::forward;
  if (const auto* attention = std::get_if<Attention>(&op)) return attention->pass == Pass::backward;
  return false;
}
GemmLayout layout_of(const Op& op) {
  if (const auto* gemm = std::get_if<Gemm>(&op)) return gemm->layout;
  if (const auto* gemm = std::get_if<GroupedGemm>(&op)) return gemm->layout;
  return GemmLayout::forward;
}
OpClass class_of(const Classes& classes, GemmLayout layout) {
  if (layout == GemmLayout::data_gradient) return classes.data_gradient;
  return layout == GemmLayout::weight_gradient ? classes.weight_gradient : classes.forward;
}

Node node_of(const std::vector<Op>& ops, std::size_t& at, const Classes& classes) {
  Node node;
  const auto step_op = [&classes](const Op& op) -> StepOp {
    if (const auto* attention = std::get_if<Attention>(&op)) {
      const bool back = attention->pass == Pass::backward;
      return {op, back ? OpClass::attention_backward : OpClass::attention_forward, Part::attention, 0};
    }
    return {op, class_of(classes, layout_of(op)), classes.part, 0};
  };
  node.forward.push_back(item(step_op(ops[at++])));
  for (; at < ops.size() && is_backward(ops[at]); ++at) node.backward.push_back(item(step_op(ops[at])));
  // The data gradient first: the layer below waits for it.
  std::stable_sort(node.backward.begin(), node.backward.end(), [](const StepItem& a, const StepItem& b) {
    return layout_of(a.op.op) < layout_of(b.op.op);
  });
  return node;
}

// Conversions of the input and of the output gradient to 8 bits, which the layer model counts with 4 bytes an
// element (read and written for both layouts). Nothing for wider formats.
Node casts(const Op& op) {
  Node node;
  double rows = 0, in = 0, out = 0;
  DataType dtype = DataType::bf16;
  if (const auto* gemm = std::get_if<Gemm>(&op)) {
    rows = static_cast<double>(gemm->m), in = static_cast<double>(gemm->k);
    out = static_cast<double>(gemm->n), dtype = gemm->dtype;
  } else if (const auto* group = std::get_if<GroupedGemm>(&op)) {
    rows = static_cast<double>(group->groups * group->m), in = static_cast<double>(group->k);
    out = static_cast<double>(group->n), dtype = group->dtype;
  }
  if (bytes_per_element(dtype) >= 2) return node;
  const auto cast = [rows](double columns) {
    return item(StepOp{MemoryBound{MemoryKind::cast, whole(rows), whole(columns), DataType::bf16},
                       OpClass::cast, Part::elementwise, 4 * rows * columns});
  };
  node.forward.push_back(cast(in));
  node.backward.push_back(cast(out));
  return node;
}

Node memory(OpClass op_class, MemoryKind forward, MemoryKind backward, DataType dtype, double rows,
            double columns, double bytes_an_element) {
  const double traffic = bytes_an_element * rows * columns;
  const auto op = [&](MemoryKind kind, double bytes) {
    return item(
        StepOp{MemoryBound{kind, whole(rows), whole(columns), dtype}, op_class, Part::elementwise, bytes});
  };
  Node node;
  node.forward.push_back(op(forward, traffic));
  node.backward.push_back(op(backward, kBackwardTraffic * traffic));
  return node;
}

class LayerSequence {
 public:
  LayerSequence(const Transformer& model, const Plan& plan, DataType hidden)
      : model_(model), plan_(plan), hidden_(hidden), shard_(shard_of(model, plan)) {}

  const Shard& shard() const { return shard_; }
  void add(Node node) { nodes_.push_back(std::move(node)); }
  void linear(const std::vector<Op>& ops, std::size_t& at, const Classes& classes) {
    Node cast = casts(ops[at]);
    add(std::move(cast));
    add(node_of(ops, at, classes));
  }
  // A memory-bound op with the traffic of its forward pass.
  void stream(OpClass op_class, MemoryKind forward, MemoryKind backward, double rows, double columns,
              double bytes_an_element) {
    add(memory(op_class, forward, backward, hidden_, rows, columns, bytes_an_element));
  }
  void norm() { norm(shard_.sequence_tokens, static_cast<double>(model_.hidden)); }
  void norm(double rows, double columns) {
    stream(OpClass::norm, MemoryKind::rms_norm, MemoryKind::rms_norm_backward, rows, columns, 4);
  }
  void residual() {
    stream(OpClass::residual, MemoryKind::residual_add, MemoryKind::residual_add, shard_.sequence_tokens,
           static_cast<double>(model_.hidden), 6);
  }
  void activation(double rows, double width) {
    if (model_.gated_ffn) {
      stream(OpClass::activation, MemoryKind::swiglu, MemoryKind::swiglu_backward, rows, width, 6);
    } else {  // reads one and writes one; backward reads two and writes one
      stream(OpClass::activation, MemoryKind::copy, MemoryKind::residual_add, rows, width, 4);
    }
  }
  // Of a block that tensor-parallel ranks share: an all-reduce where it ends and, in the backward pass, where
  // it begins; or with sequence parallelism gathers and scatters (Korthikanti 2022, arXiv 2205.05198, fig.
  // 5).
  void begin_block() {
    message(Collective::all_gather, Collective::reduce_scatter, Collective::all_reduce, false);
  }
  void end_block() {
    message(Collective::reduce_scatter, Collective::all_gather, Collective::all_reduce, true);
  }
  // Rows of a sharded expert: gathered from all ranks that hold a shard, and what the shards put out summed.
  void exchange_rows(Collective forward, Collective backward, double bytes) {
    if (plan_.expert_tensor_parallel == 1) return;
    const auto of = [bytes](Collective collective) {
      return item(StepMessage{collective, Bytes(bytes), DataType::bf16, RankGroup::tensor});
    };
    add({{of(forward)}, {of(backward)}});
  }

  StepUnit unit() const {
    StepUnit unit;
    for (const Node& node : nodes_)
      unit.forward.insert(unit.forward.end(), node.forward.begin(), node.forward.end());
    std::for_each(nodes_.rbegin(), nodes_.rend(), [&](const Node& node) {
      unit.backward.insert(unit.backward.end(), node.backward.begin(), node.backward.end());
    });
    return unit;
  }

 private:
  void message(Collective forward, Collective backward, Collective whole_sum, bool at_end) {
    if (plan_.tensor_parallel == 1) return;
    const Bytes size(shard_.tokens * static_cast<double>(model_.hidden) * 2);
    const auto of = [&size](Collective collective) {
      return item(StepMessage{collective, size, DataType::bf16, RankGroup::tensor});
    };
    Node node;
    if (plan_.sequence_parallel) {
      node.forward.push_back(of(forward));
      node.backward.push_back(of(backward));
    } else {
      (at_end ? node.forward : node.backward).push_back(of(whole_sum));
    }
    add(std::move(node));
  }

  const Transformer& model_;
  const Plan& plan_;
  DataType hidden_;
  Shard shard_;
  std::vector<Node> nodes_;
};

void add_attention(LayerSequence& sequence, const std::vector<Op>& ops, std::size_t& at,
                   const Transformer& model, const Plan& plan) {
  const Shard& s = sequence.shard();
  sequence.norm();
  sequence.begin_block();
  while (!std::holds_alternative<Attention>(ops[at])) sequence.linear(ops, at, kLinear);
  const auto heads = static_cast<double>(std::max<std::int64_t>(1, model.heads / plan.tensor_parallel));
  if (model.mla) {
    const LatentAttention& mla = *model.mla;
    sequence.norm(s.tokens, static_cast<double>(mla.q_rank + mla.kv_rank) / s.tensor);
    const double width = heads * static_cast<double>(mla.nope_dim + mla.rope_dim);
    sequence.stream(OpClass::rope, MemoryKind::rope, MemoryKind::rope, s.tokens, width, 4);
    // Keys assembled from shared and per-head parts.
    sequence.stream(OpClass::rope, MemoryKind::copy, MemoryKind::copy, s.tokens, width, 4);
  } else {
    const auto kv = static_cast<double>(std::max<std::int64_t>(1, model.kv_heads / plan.tensor_parallel));
    sequence.stream(OpClass::rope, MemoryKind::rope, MemoryKind::rope, s.tokens,
                    (heads + kv) * static_cast<double>(model.head_dim), 4);
  }
  sequence.add(node_of(ops, at, kLinear));
  sequence.linear(ops, at, kLinear);
  sequence.end_block();
  sequence.residual();
}

void add_dense_ffn(LayerSequence& sequence, const std::vector<Op>& ops, std::size_t& at, double width) {
  const Shard& s = sequence.shard();
  sequence.linear(ops, at, kLinear);
  sequence.activation(s.tokens, width / s.tensor);
  sequence.linear(ops, at, kLinear);
}

void add_experts(LayerSequence& sequence, const std::vector<Op>& ops, std::size_t& at,
                 const Transformer& model, const Plan& plan, const Stack& stack) {
  const MixtureOfExperts& moe = *model.moe;
  const Shard& s = sequence.shard();
  const double rows =
      s.sequence_tokens * static_cast<double>(moe.top_k * plan.expert_tensor_parallel) * plan.routing_skew;
  const auto permute = [&] {
    sequence.stream(OpClass::permute, MemoryKind::permute, MemoryKind::permute, rows,
                    static_cast<double>(model.hidden), 4);
  };
  sequence.linear(ops, at, kRouter);
  const double elements = rows * static_cast<double>(model.hidden);
  sequence.exchange_rows(Collective::all_gather, Collective::reduce_scatter, elements * stack.dispatch_bytes);
  permute();
  sequence.linear(ops, at, kExperts);
  sequence.activation(rows,
                      static_cast<double>(moe.ffn_hidden) / static_cast<double>(plan.expert_tensor_parallel));
  sequence.linear(ops, at, kExperts);
  permute();
  sequence.exchange_rows(Collective::reduce_scatter, Collective::all_gather, elements * 2);
  if (moe.shared_ffn_hidden == 0) return;
  sequence.begin_block();
  add_dense_ffn(sequence, ops, at, static_cast<double>(moe.shared_ffn_hidden));
  sequence.end_block();
}

}  // namespace

StepUnit layer_ops(const Transformer& model, const Plan& plan, const Stack& stack, LayerKind kind,
                   std::int64_t window, DataType hidden) {
  const std::vector<Op> ops =
      asked([&](const System& system) { layer_times(model, plan, stack, system, kind, window); });
  LayerSequence sequence(model, plan, hidden);
  std::size_t at = 0;
  add_attention(sequence, ops, at, model, plan);
  sequence.norm();
  if (kind == LayerKind::moe) {
    add_experts(sequence, ops, at, model, plan, stack);
  } else {
    const bool own_block = !model.parallel_block && !stack.parallel_block;
    if (own_block) sequence.begin_block();
    add_dense_ffn(sequence, ops, at, static_cast<double>(model.ffn_hidden));
    if (own_block) sequence.end_block();
  }
  sequence.residual();
  return sequence.unit();
}

StepUnit embedding_ops(const Transformer& model, const Plan& plan, DataType hidden) {
  LayerSequence sequence(model, plan, hidden);
  // Rows of the table read in random order; their gradients added to it.
  sequence.stream(OpClass::embedding, MemoryKind::permute, MemoryKind::residual_add, sequence.shard().tokens,
                  static_cast<double>(model.hidden), 4);
  sequence.end_block();
  return sequence.unit();
}

StepUnit head_ops(const Transformer& model, const Plan& plan, const Stack& stack, DataType hidden) {
  const std::vector<Op> ops = asked([&](const System& system) { head_times(model, plan, stack, system); });
  LayerSequence sequence(model, plan, hidden);
  std::size_t at = 0;
  sequence.norm();
  sequence.begin_block();
  sequence.linear(ops, at, kHead);
  const Shard& s = sequence.shard();
  const double columns = static_cast<double>(model.vocab) / s.tensor;
  Node loss;
  loss.forward.push_back(
      item(StepOp{MemoryBound{MemoryKind::cross_entropy, whole(s.tokens), whole(columns), hidden},
                  OpClass::loss, Part::head, s.tokens * columns}));
  sequence.add(std::move(loss));
  return sequence.unit();
}

}  // namespace traincast
