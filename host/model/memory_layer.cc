#include "host/model/memory_layer.h"

#include <algorithm>

namespace traincast {
namespace {

constexpr double kHalf = 2;    // bytes of a 16-bit element
constexpr double kSingle = 4;  // bytes of an FP32 element
constexpr double kMask = 1;    // bytes of a dropout mask's element
// Per token and routed expert: two FP32 score tables (softmax, auxiliary loss), the boolean routing map and
// the row map of two int32 that the fused permutation writes (Transformer Engine, permutation.py).
constexpr double kRoutingBytes = 17;

double quantised(Precision precision) {
  switch (precision) {
    case Precision::fp16:
    case Precision::bf16:
      return kHalf;
    case Precision::fp8:
      return 1;
    case Precision::mxfp8:
      return 1 + 1.0 / 32;  // a byte of scale per 32 elements
    case Precision::nvfp4:
      return 0.5 + 1.0 / 16;  // a byte of scale per 16 elements
  }
  return kHalf;
}

// Elements per token on one rank.
struct AttentionWidths {
  double queries = 0, keys = 0, values = 0, output = 0, heads = 0;
  double compressed = 0;  // latent vectors saved as they leave the down-projections
  double normed = 0;      // and again normalised, as inputs of the up-projections

  double qkv() const { return queries + keys + values; }
};

AttentionWidths attention_widths(const Transformer& model, const Plan& plan) {
  const auto shards = static_cast<double>(plan.tensor_parallel);
  AttentionWidths w;
  w.heads = static_cast<double>(model.heads) / shards;
  if (model.mla) {
    const LatentAttention& mla = *model.mla;
    w.queries = w.heads * static_cast<double>(mla.nope_dim + mla.rope_dim);
    w.keys = w.queries;  // keys are expanded to all heads for the attention kernel
    w.values = w.heads * static_cast<double>(mla.value_dim);
    w.output = w.values;
    w.compressed = static_cast<double>(mla.q_rank + mla.kv_rank + mla.rope_dim);
    w.normed = static_cast<double>(mla.q_rank + mla.kv_rank);
    return w;
  }
  const auto head = static_cast<double>(model.head_dim);
  w.queries = w.heads * head;
  w.keys = std::max(1.0, static_cast<double>(model.kv_heads) / shards) * head;
  w.values = w.keys;
  w.output = w.queries;
  return w;
}

struct Ffn {
  double first = 0;   // output elements per token of the first matrix
  double second = 0;  // input elements per token of the second
};

Ffn ffn_widths(const Transformer& model, std::int64_t hidden, std::int64_t shards) {
  const double width = static_cast<double>(hidden) / static_cast<double>(shards);
  return {(model.gated_ffn ? 2 : 1) * width, width};
}

}  // namespace

TokenBytes::TokenBytes(const Transformer& model, const Plan& plan)
    : tokens(static_cast<double>(plan.micro_batch * model.sequence) /
             static_cast<double>(plan.context_parallel)),
      hidden(tokens * static_cast<double>(model.hidden) * kHalf),
      residual(plan.sequence_parallel ? hidden / static_cast<double>(plan.tensor_parallel) : hidden),
      gemm_input_bytes(quantised(plan.precision)) {}

bool quantises(const Plan& plan) {
  return plan.precision != Precision::fp16 && plan.precision != Precision::bf16;
}

LayerMemory layer_memory(const Transformer& model, const Plan& plan, const Stack& stack, bool moe_layer) {
  const TokenBytes size(model, plan);
  const double t = size.tokens;
  const double saved_input = size.gemm_input_bytes;           // bytes an element
  const double normed = size.residual / kHalf * saved_input;  // a norm's output, saved as a GEMM's input
  const bool fused = stack.attention != AttentionKernel::unfused;
  const AttentionWidths w = attention_widths(model, plan);

  // Attention: norm input and output; latents; queries, keys, values; scores or their log-sum-exp; the
  // output, which the kernel's backward and the output projection share unless one of them needs its own
  // copy.
  LayerMemory out;
  out.input = size.residual;
  double attention = size.residual + normed + t * 2 * kSingle;
  attention += t * (w.compressed * kHalf + w.normed * saved_input + w.qkv() * kHalf);
  attention += t * w.output * saved_input;
  double scores = 0;
  const bool exchanged = plan.context_parallel > 1 && stack.context_exchange == ContextExchange::all_to_all;
  if (fused) {
    attention += t * w.heads * kSingle;
    if (quantises(plan) || exchanged) attention += t * w.output * kHalf;
  } else {
    const double score_rows = t * w.heads * static_cast<double>(model.sequence);
    scores = score_rows * (kHalf + (stack.dropout ? kMask + kHalf : 0));
    attention += scores;
  }
  const double dropout = stack.dropout ? size.residual / kHalf * kMask : 0;
  attention += dropout;
  // What context-parallel ranks hold beside their own while attention runs.
  double exchange = 0;
  if (plan.context_parallel > 1) {
    const double pair = t * (w.keys + w.values) * kHalf;
    switch (stack.context_exchange) {
      case ContextExchange::all_to_all:
        exchange = t * (w.qkv() + w.output) * kHalf;
        break;
      case ContextExchange::ring:  // keys and values, and their gradients, on their way in and out
        exchange = 4 * pair;
        break;
      case ContextExchange::all_gather:
        exchange = 2 * pair * static_cast<double>(plan.context_parallel - 1);
        break;
    }
  }
  // Backward of attention: gradients of output, queries, keys and values, an FP32 accumulator for queries.
  double attention_backward = size.residual + exchange + t * (w.output + w.qkv()) * kHalf;
  attention_backward += fused ? t * w.queries * kSingle : 2 * scores;

  double ffn = size.residual + dropout;
  double ffn_backward = 0;
  double elementwise = normed + t * w.normed * saved_input;  // norm and activation outputs
  // and what the up-projections of latent attention put out (DeepSeek-V3, arXiv 2412.19437, section 3.2.3)
  if (model.mla) elementwise += t * w.qkv() * kHalf;
  if (!moe_layer || !model.moe) {
    const Ffn f = ffn_widths(model, model.ffn_hidden, plan.tensor_parallel);
    ffn += normed + t * (f.first * kHalf + f.second * saved_input);
    elementwise += normed + t * f.second * saved_input;
    // Entering: the layer's output gradient. Then either it is gathered and the second matrix's input
    // gradient made, or that input is already freed and the activation's gradient made.
    ffn_backward = size.residual + std::max(size.hidden + t * f.second * kHalf,
                                            t * ((f.second + f.first) * kHalf - f.second * saved_input));
  } else {
    const MixtureOfExperts& moe = *model.moe;
    const Ffn shared = ffn_widths(model, moe.shared_ffn_hidden, plan.tensor_parallel);
    const Ffn expert = ffn_widths(model, moe.ffn_hidden, plan.expert_tensor_parallel);
    // Rows dispatched from one rank, and as many to it when experts are equally loaded;
    // expert-tensor-parallel ranks gather one another's.
    const double sent = t / static_cast<double>(plan.tensor_parallel) * static_cast<double>(moe.top_k);
    const double rows = sent * static_cast<double>(plan.expert_tensor_parallel);
    const auto h = static_cast<double>(model.hidden);
    ffn += size.residual;  // the norm's output in 16 bits, which the router reads
    if (quantises(plan) && moe.shared_ffn_hidden > 0) ffn += normed;
    ffn += size.residual / size.hidden * t * static_cast<double>(moe.experts) * kRoutingBytes;
    ffn += t * (shared.first * kHalf + shared.second * saved_input);
    ffn += rows * (h * saved_input + expert.first * kHalf + expert.second * saved_input);
    elementwise += (t * shared.second + rows * expert.second) * saved_input;
    // Combining, Megatron-core's MoELayer still refers to the permuted tokens before and after dispatch and
    // to the experts' output before and after its way back; beside them the shared experts' output and the
    // sum.
    out.forward = 4 * sent * h * kHalf + 2 * size.residual;
    ffn_backward = size.residual + rows * (h + expert.first + expert.second) * kHalf;
  }
  out.saved = attention + ffn;
  out.selective = scores + (stack.selective_elementwise ? elementwise : 0);
  out.backward = std::max({0.0, ffn_backward, attention_backward - ffn});
  return out;
}

}  // namespace traincast
