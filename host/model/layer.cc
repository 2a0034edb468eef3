#include "host/model/layer.h"

#include <algorithm>
#include <cmath>

#include "host/model/straggler.h"

namespace traincast {
namespace {

// Relative spread of the time that a host takes to launch a layer: fitted to single-node rows of vTrain
// (A100, TP 1 to 8).
constexpr double kLaunchSpread = 0.08;

double d(std::int64_t count) {
  return static_cast<double>(count);
}
// Time that a layer loses because its host launches kernels one by one. Short kernels wait although long ones
// do not, so around equality the sum exceeds the larger of the two: (device^4 + host^4)^(1/4), as vTrain's
// single-node rows show.
double launch_wait(double device, double host) {
  if (host <= 0) return 0;
  const double device2 = device * device;
  const double host2 = host * host;
  return std::sqrt(std::sqrt(device2 * device2 + host2 * host2)) - device;
}

std::int64_t whole(double count) {
  return std::max<std::int64_t>(1, std::llround(count));
}

// Tensor-core kernels want every dimension in multiples of 16 bytes; others fall back to narrower loads at
// about half speed (cuBLAS documentation, "Tensor Core usage").
double alignment_penalty(std::int64_t m, std::int64_t n, std::int64_t k, DataType dtype) {
  const auto multiple = static_cast<std::int64_t>(16 / bytes_per_element(dtype));
  return (m % multiple == 0 && n % multiple == 0 && k % multiple == 0) ? 1.0 : 2.0;
}

// Adds ops to a layer's times.
class Builder {
 public:
  Builder(const Transformer& model, const Plan& plan, const Stack& stack, const System& system)
      : model_(model), plan_(plan), stack_(stack), system_(system), shard_(shard_of(model, plan)) {}

  const Shard& shard() const { return shard_; }
  PassTimes& times() { return times_; }

  // Y[rows, out] = X[rows, in] W^T: forward, data gradient, weight gradient with its FP32 accumulation, and
  // for 8-bit formats the casts of the input and of the output gradient (each read twice for both layouts,
  // written twice: 4 bytes).
  void linear(Part part, double rows, double in, double out, DataType dtype) {
    const std::int64_t m = whole(rows), k = whole(in), n = whole(out);
    const double factor = stack_.time_factor;
    times_.forward[part] += factor * gemm(m, n, k, dtype, GemmLayout::forward);
    const double weight_gradient = plan_.adapters_only
                                       ? 0
                                       : factor * (gemm(n, k, m, dtype, GemmLayout::weight_gradient) +
                                                   stream(stack_.accumulate_bytes * d(n) * d(k)));
    times_.backward[part] += factor * gemm(m, k, n, dtype, GemmLayout::data_gradient) + weight_gradient;
    times_.weight_gradient += weight_gradient;
    if (bytes_per_element(dtype) < 2) {
      times_.forward[Part::elementwise] += factor * stream(4 * d(m) * d(k));
      times_.backward[Part::elementwise] += factor * stream(4 * d(m) * d(n));
    }
  }

  void grouped(double groups, double rows, double in, double out, DataType dtype) {
    const std::int64_t g = whole(groups), m = whole(rows), k = whole(in), n = whole(out);
    const double factor = stack_.time_factor / stack_.expert_rate;
    const auto time = [&](std::int64_t a, std::int64_t b, std::int64_t c, GemmLayout layout) {
      return factor * system_.kernels->time(GroupedGemm{g, a, b, c, dtype, layout}).value();
    };
    times_.forward[Part::experts] += time(m, n, k, GemmLayout::forward);
    times_.backward[Part::experts] +=
        time(m, k, n, GemmLayout::data_gradient) + time(n, k, m, GemmLayout::weight_gradient);
    times_.backward[Part::experts] +=
        stack_.time_factor * stream(stack_.accumulate_bytes * d(g) * d(n) * d(k));
    if (bytes_per_element(dtype) < 2) {
      times_.forward[Part::elementwise] += stack_.time_factor * stream(4 * d(g) * d(m) * d(k));
      times_.backward[Part::elementwise] += stack_.time_factor * stream(4 * d(g) * d(m) * d(n));
    }
  }

  // Memory-bound traffic of the forward pass; the backward pass moves 1.7 times as much (gradients in and
  // out, saved inputs).
  void elementwise(double bytes) {
    const double time = stack_.time_factor * stack_.elementwise_passes * stream(bytes);
    times_.forward[Part::elementwise] += time;
    times_.backward[Part::elementwise] += 1.7 * time;
  }

  void attention(std::int64_t heads, std::int64_t kv_heads, std::int64_t head_dim, std::int64_t value_dim,
                 std::int64_t window) {
    const std::int64_t query = std::max<std::int64_t>(1, model_.sequence / plan_.context_parallel);
    if (stack_.attention == AttentionKernel::unfused) return unfused_attention(heads, head_dim, query);
    Attention op{.batch = plan_.micro_batch,
                 .query_length = query,
                 .kv_length = std::min(window, model_.sequence),
                 .heads = heads,
                 .kv_heads = kv_heads,
                 .head_dim = head_dim,
                 .value_dim = value_dim,
                 .causal = model_.causal && window >= model_.sequence};
    const double factor = stack_.time_factor / stack_.attention_rate;
    times_.forward[Part::attention] += factor * system_.kernels->time(op).value();
    op.pass = Pass::backward;
    times_.backward[Part::attention] += factor * system_.kernels->time(op).value();
  }

  // A message of the tensor-parallel group: `count` per pass.
  void tensor_messages(double forward, double backward) {
    if (plan_.tensor_parallel == 1) return;
    const Bytes message(shard_.tokens * d(model_.hidden) * 2);
    const CommGroup group = tensor_group(plan_, system_);
    // Sequence parallelism splits each all-reduce into a reduce-scatter and an all-gather (Korthikanti 2022,
    // section 4.2.2).
    const double once = plan_.sequence_parallel ? 0.5 * (comm(Collective::all_gather, message, group) +
                                                         comm(Collective::reduce_scatter, message, group))
                                                : 0.5 * comm(Collective::all_reduce, message, group);
    times_.forward[Part::tensor_comm] += stack_.tensor_exposed * forward * once;
    times_.backward[Part::tensor_comm] += stack_.tensor_exposed * backward * once;
  }

  // Keys and values travel around the context group; the backward pass also returns their gradients.
  void context_messages(double kv_width) {
    const std::int64_t cp = plan_.context_parallel;
    if (cp == 1) return;
    const Bytes message(shard_.tokens * kv_width * 2 * d(cp));
    const double once =
        stack_.context_exposed * comm(Collective::all_gather, message, context_group(plan_, system_));
    times_.forward[Part::context_comm] += once;
    times_.backward[Part::context_comm] += 2 * once;
  }

  void expert_messages(double rows) {
    if (plan_.expert_parallel == 1) return;
    const CommGroup group = expert_group(plan_, system_);
    double sent = rows;
    if (stack_.dispatch_once_per_node) {
      const double domains = d(group.ranks) / d(group.ranks_per_domain);
      const double k = d(model_.moe->top_k);
      // Expected distinct domains among top_k uniform choices, over top_k.
      sent = rows * std::min(1.0, domains * (1 - std::pow(1 - 1 / domains, k)) / k);
    }
    const double width = d(model_.hidden);
    const double dispatch = comm(Collective::all_to_all, Bytes(sent * width * stack_.dispatch_bytes), group);
    const double combine = comm(Collective::all_to_all, Bytes(sent * width * 2), group);
    times_.forward[Part::expert_comm] += stack_.expert_exposed * (dispatch + combine);
    times_.backward[Part::expert_comm] += stack_.expert_exposed * (dispatch + combine);
  }

  // What the backward pass repeats of the forward pass.
  void recompute(Recompute mode) {
    if (mode == Recompute::none) return;
    const PartTimes& forward = times_.forward;
    double again = 0;
    if (mode == Recompute::full) {
      again = plan_.recompute_share * forward.sum();
    } else {
      again = stack_.selective_gemms * forward[Part::gemm] +
              (stack_.selective_attention ? forward[Part::attention] : 0);
    }
    times_.backward[Part::recompute] += again;
  }

 private:
  double gemm(std::int64_t m, std::int64_t n, std::int64_t k, DataType dtype, GemmLayout layout) const {
    return system_.kernels->time(Gemm{m, n, k, dtype, layout}).value() * alignment_penalty(m, n, k, dtype);
  }
  double stream(double bytes) const { return bytes / system_.kernels->stream_rate().value(); }
  double comm(Collective collective, Bytes message, const CommGroup& group) const {
    return system_.collectives->time(collective, message, group).value();
  }

  // Scores written out: QK^T and PV over the full square as batched GEMMs, and softmax with dropout streaming
  // the scores: 9 bytes a score forward and 11 backward (FP16: softmax reads and writes, dropout reads,
  // writes and keeps a mask).
  void unfused_attention(std::int64_t heads, std::int64_t head_dim, std::int64_t query) {
    const std::int64_t batch = plan_.micro_batch * heads;
    const std::int64_t kv = model_.sequence;
    const double scores = d(batch) * d(query) * d(kv);
    const double penalty = alignment_penalty(query, kv, head_dim, DataType::bf16);
    const double products =
        penalty *
        (system_.kernels->time(Gemm{query, kv, head_dim, DataType::bf16, GemmLayout::forward, batch})
             .value() +
         system_.kernels->time(Gemm{query, head_dim, kv, DataType::bf16, GemmLayout::forward, batch})
             .value());
    times_.forward[Part::attention] += stack_.time_factor * (products + stream(9 * scores));
    times_.backward[Part::attention] += stack_.time_factor * (2 * products + stream(11 * scores));
  }

  const Transformer& model_;
  const Plan& plan_;
  const Stack& stack_;
  const System& system_;
  Shard shard_;
  PassTimes times_;
};

CommGroup strided_group(std::int64_t ranks, std::int64_t stride, const System& system) {
  const std::int64_t per_domain = std::clamp<std::int64_t>(system.nvlink_domain / stride, 1, ranks);
  return {.ranks = ranks, .ranks_per_domain = per_domain, .span = ranks * stride};
}

// Projections, attention core, and their memory-bound kernels.
void add_attention_block(Builder& builder, const Transformer& model, const Plan& plan, DataType dtype,
                         std::int64_t window) {
  const Shard& s = builder.shard();
  const std::int64_t heads = std::max<std::int64_t>(1, model.heads / plan.tensor_parallel);
  const std::int64_t kv_heads = std::max<std::int64_t>(1, model.kv_heads / plan.tensor_parallel);
  if (model.mla) {
    const LatentAttention& mla = *model.mla;
    const std::int64_t qk_dim = mla.nope_dim + mla.rope_dim;
    if (mla.q_rank > 0) {
      builder.linear(Part::gemm, s.sequence_tokens, d(model.hidden), d(mla.q_rank), dtype);
      builder.linear(Part::gemm, s.tokens, d(mla.q_rank), d(heads * qk_dim), dtype);
    } else {
      builder.linear(Part::gemm, s.tokens, d(model.hidden), d(heads * qk_dim), dtype);
    }
    builder.linear(Part::gemm, s.sequence_tokens, d(model.hidden), d(mla.kv_rank + mla.rope_dim), dtype);
    builder.linear(Part::gemm, s.tokens, d(mla.kv_rank), d(heads * (mla.nope_dim + mla.value_dim)), dtype);
    builder.attention(heads, heads, qk_dim, mla.value_dim, window);
    builder.linear(Part::gemm, s.tokens, d(heads * mla.value_dim), d(model.hidden), dtype);
    // Latent norms, rotary embedding and the assembly of keys from shared and per-head parts.
    builder.elementwise(s.tokens * (4 * d(mla.q_rank + mla.kv_rank) / s.tensor + 8 * d(heads * qk_dim)));
    builder.context_messages(d(mla.kv_rank + mla.rope_dim));
    return;
  }
  const double qkv = d((heads + 2 * kv_heads) * model.head_dim);
  builder.linear(Part::gemm, s.tokens, d(model.hidden), qkv, dtype);
  builder.attention(heads, kv_heads, model.head_dim, model.head_dim, window);
  builder.linear(Part::gemm, s.tokens, d(heads * model.head_dim), d(model.hidden), dtype);
  builder.elementwise(4 * s.tokens * d((heads + kv_heads) * model.head_dim));  // rotary embedding
  builder.context_messages(d(2 * kv_heads * model.head_dim));
}

void add_dense_ffn(Builder& builder, const Transformer& model, double width, DataType dtype) {
  const Shard& s = builder.shard();
  const double matrices = model.gated_ffn ? 2 : 1;
  builder.linear(Part::gemm, s.tokens, d(model.hidden), matrices * width / s.tensor, dtype);
  builder.linear(Part::gemm, s.tokens, width / s.tensor, d(model.hidden), dtype);
  builder.elementwise((model.gated_ffn ? 6 : 4) * s.tokens * width / s.tensor);  // activation
}

void add_moe_ffn(Builder& builder, const Transformer& model, const Plan& plan, const Stack& stack,
                 DataType dtype, std::int64_t domain) {
  const Shard& s = builder.shard();
  const MixtureOfExperts& moe = *model.moe;
  // Each rank dispatches its own tokens; expert-tensor ranks gather one another's rows.
  const double routed = s.sequence_tokens * d(moe.top_k);
  const double rows = routed * d(plan.expert_tensor_parallel) * plan.routing_skew;
  const double local_experts = d(moe.experts) / d(plan.expert_parallel);
  const double width = d(moe.ffn_hidden) / d(plan.expert_tensor_parallel);
  const double matrices = model.gated_ffn ? 2 : 1;
  builder.linear(Part::gemm, s.sequence_tokens, d(model.hidden), d(moe.experts), DataType::bf16);  // router
  builder.grouped(local_experts, rows / local_experts, d(model.hidden), matrices * width, dtype);
  builder.grouped(local_experts, rows / local_experts, width, d(model.hidden), dtype);
  builder.elementwise((model.gated_ffn ? 6 : 4) * rows * width);
  builder.elementwise(8 * rows * d(model.hidden));  // permute and unpermute: read and write each
  builder.expert_messages(routed * plan.routing_skew);
  if (moe.shared_ffn_hidden > 0) add_dense_ffn(builder, model, d(moe.shared_ffn_hidden), dtype);
  constexpr std::int64_t kNode = 8;
  const double overhead = (domain > kNode ? stack.moe_overhead_rack : stack.moe_overhead).value();
  builder.times().forward[Part::overhead] += overhead / 3;
  builder.times().backward[Part::overhead] += overhead * 2 / 3;
}

}  // namespace

std::string_view name(Part part) {
  constexpr std::string_view kNames[kParts] = {"gemm",         "attention",   "elementwise",   "experts",
                                               "head",         "recompute",   "overhead",      "tensor comm",
                                               "context comm", "expert comm", "pipeline comm", "bubble",
                                               "straggler",    "data comm",   "optimizer"};
  return kNames[static_cast<int>(part)];
}

Shard shard_of(const Transformer& model, const Plan& plan) {
  Shard s;
  s.tokens = d(plan.micro_batch) * d(model.sequence) / d(plan.context_parallel);
  s.tensor = d(plan.tensor_parallel);
  s.sequence_tokens = plan.sequence_parallel ? s.tokens / s.tensor : s.tokens;
  return s;
}

CommGroup tensor_group(const Plan& plan, const System& system) {
  return strided_group(plan.tensor_parallel, 1, system);
}
CommGroup context_group(const Plan& plan, const System& system) {
  return strided_group(plan.context_parallel, plan.tensor_parallel, system);
}
CommGroup expert_group(const Plan& plan, const System& system) {
  return strided_group(plan.expert_parallel, plan.expert_tensor_parallel, system);
}
CommGroup expert_data_group(const Plan& plan, const System& system) {
  const std::int64_t block = plan.expert_parallel * plan.expert_tensor_parallel;
  const std::int64_t ranks = plan.tensor_parallel * plan.context_parallel * plan.data_parallel;
  return strided_group(std::max<std::int64_t>(1, ranks / block), block, system);
}
CommGroup data_group(const Plan& plan, const System& system) {
  return strided_group(plan.data_parallel * plan.context_parallel, plan.tensor_parallel, system);
}

DataType gemm_type(Precision precision) {
  switch (precision) {
    case Precision::fp16:
      return DataType::fp16;
    case Precision::bf16:
      return DataType::bf16;
    case Precision::fp8:
    case Precision::mxfp8:
      return DataType::fp8_e4m3;
    case Precision::nvfp4:
      return DataType::fp4;
  }
  return DataType::bf16;
}

PassTimes layer_times(const Transformer& model, const Plan& plan, const Stack& stack, const System& system,
                      LayerKind kind, std::int64_t window) {
  Builder builder(model, plan, stack, system);
  const DataType dtype = gemm_type(plan.precision);
  const Shard& s = builder.shard();
  add_attention_block(builder, model, plan, dtype, window);
  // Two norms (read, write) and two residual additions (read two, write one) over the hidden width.
  builder.elementwise(20 * s.sequence_tokens * d(model.hidden));
  const bool parallel_block = model.parallel_block || stack.parallel_block;
  double blocks = parallel_block ? 1 : 2;  // sharded blocks that end in a reduction
  if (kind == LayerKind::moe) {
    add_moe_ffn(builder, model, plan, stack, dtype, system.nvlink_domain);
    blocks = model.moe->shared_ffn_hidden > 0
                 ? 2
                 : 1;  // routed rows leave their tensor shard by the dispatcher instead
  } else {
    add_dense_ffn(builder, model, d(model.ffn_hidden), dtype);
  }
  // Per block, forward: one gather and one scatter. Backward: the same, and a second gather of the saved
  // input for the weight gradient, which hides under the data gradient.
  builder.tensor_messages(2 * blocks, 2 * blocks);
  builder.recompute(plan.recompute);
  PassTimes& times = builder.times();
  times.forward[Part::overhead] += stack.layer_overhead.value() / 3;
  times.backward[Part::overhead] += stack.layer_overhead.value() * 2 / 3;
  // A tensor group goes on when the slowest of its hosts' launches has come.
  const double launch =
      stack.layer_launch.value() * (1 + kLaunchSpread * expected_maximum(plan.tensor_parallel));
  const double passes = plan.recompute == Recompute::full ? 2 + plan.recompute_share : 2;
  times.forward[Part::overhead] += launch_wait(times.forward.sum(), launch);
  times.backward[Part::overhead] += launch_wait(times.backward.sum(), passes * launch);
  return times;
}

PassTimes embedding_times(const Transformer& model, const Plan& plan, const Stack& stack,
                          const System& system) {
  Builder builder(model, plan, stack, system);
  builder.elementwise(4 * builder.shard().tokens * d(model.hidden));
  return builder.times();
}

PassTimes head_times(const Transformer& model, const Plan& plan, const Stack& stack, const System& system) {
  Builder builder(model, plan, stack, system);
  const Shard& s = builder.shard();
  const DataType dtype = plan.precision == Precision::fp16 ? DataType::fp16 : DataType::bf16;
  const double width = d(model.vocab) / s.tensor;
  builder.linear(Part::head, s.tokens, d(model.hidden), width, dtype);
  const double loss =
      stack.time_factor * stack.logit_bytes * s.tokens * width / system.kernels->stream_rate().value();
  builder.times().forward[Part::head] += loss / 2;
  builder.times().backward[Part::head] += loss / 2;
  builder.elementwise(4 * s.sequence_tokens * d(model.hidden));  // final norm
  return builder.times();
}

}  // namespace traincast
