#include "host/model/layer.h"

#include <algorithm>

#include "host/model/layer_builder.h"

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

// Projections, attention core, and their memory-bound kernels.
void add_attention_block(LayerBuilder& builder, const Transformer& model, const Plan& plan, DataType dtype,
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
    // Keys and values travel expanded: no rank expands another's latents again.
    builder.context_messages(d(heads * qk_dim), d(heads * qk_dim), d(heads * mla.value_dim));
    return;
  }
  const double qkv = d((heads + 2 * kv_heads) * model.head_dim);
  builder.linear(Part::gemm, s.tokens, d(model.hidden), qkv, dtype);
  builder.attention(heads, kv_heads, model.head_dim, model.head_dim, window);
  builder.linear(Part::gemm, s.tokens, d(heads * model.head_dim), d(model.hidden), dtype);
  builder.elementwise(4 * s.tokens * d((heads + kv_heads) * model.head_dim));  // rotary embedding
  const double kv_width = d(kv_heads * model.head_dim);
  builder.context_messages(d(heads * model.head_dim), kv_width, kv_width);
}

void add_dense_ffn(LayerBuilder& builder, const Transformer& model, double width, DataType dtype) {
  const Shard& s = builder.shard();
  const double matrices = model.gated_ffn ? 2 : 1;
  builder.linear(Part::gemm, s.tokens, d(model.hidden), matrices * width / s.tensor, dtype);
  builder.linear(Part::gemm, s.tokens, width / s.tensor, d(model.hidden), dtype);
  builder.elementwise((model.gated_ffn ? 6 : 4) * s.tokens * width / s.tensor);  // activation
}

void add_moe_ffn(LayerBuilder& builder, const Transformer& model, const Plan& plan, const Stack& stack,
                 DataType dtype, std::int64_t domain) {
  const Shard& s = builder.shard();
  const MixtureOfExperts& moe = *model.moe;
  // Each rank dispatches its own tokens; expert-tensor ranks gather one another's rows.
  const double routed = s.tokens / s.tensor * d(moe.top_k);
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
  LayerBuilder builder(model, plan, stack, system);
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
  builder.launches();
  return builder.times();
}

PassTimes embedding_times(const Transformer& model, const Plan& plan, const Stack& stack,
                          const System& system) {
  LayerBuilder builder(model, plan, stack, system);
  builder.elementwise(4 * builder.shard().tokens * d(model.hidden));
  builder.tensor_messages(1, 1);  // rows of the vocabulary's shards summed; their gradients gathered
  return builder.times();
}

PassTimes head_times(const Transformer& model, const Plan& plan, const Stack& stack, const System& system) {
  LayerBuilder builder(model, plan, stack, system);
  const Shard& s = builder.shard();
  const DataType dtype = plan.precision == Precision::fp16 ? DataType::fp16 : DataType::bf16;
  const double width = d(model.vocab) / s.tensor;
  builder.linear(Part::head, s.tokens, d(model.hidden), width, dtype);
  const double loss =
      stack.time_factor * stack.logit_bytes * s.tokens * width / system.kernels->stream_rate().value();
  builder.times().forward[Part::head] += loss / 2;
  builder.times().backward[Part::head] += loss / 2;
  builder.elementwise(4 * s.sequence_tokens * d(model.hidden));  // final norm
  builder.tensor_messages(1, 1);  // input gathered; its gradient summed over the vocabulary's shards
  return builder.times();
}

PassTimes prediction_times(const Transformer& model, const Plan& plan, const Stack& stack,
                           const System& system) {
  LayerBuilder builder(model, plan, stack, system);
  const Shard& s = builder.shard();
  // Two norms (read, write) and the join of their outputs (read and write both).
  builder.elementwise(16 * s.sequence_tokens * d(model.hidden));
  builder.linear(Part::gemm, s.tokens, 2 * d(model.hidden), d(model.hidden) / s.tensor,
                 gemm_type(plan.precision));
  builder.tensor_messages(2, 2);  // as a block: gathered, scattered
  return builder.times();
}

}  // namespace traincast
