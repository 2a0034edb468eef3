#include "host/model/layer_builder.h"

#include <algorithm>
#include <cmath>

#include "host/model/flops.h"
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

// Expected number of distinct NVLink domains, of as many that share a layer's experts evenly, among those of
// a token's top_k uniform choices. A router limited to some groups of experts first draws the groups; they
// lie side by side, so that a domain holds one or several, or a group covers several domains.
double domains_of_token(const MixtureOfExperts& moe, double domains) {
  double reached = domains;
  if (moe.router_groups > 0) {
    const double groups = d(moe.router_groups);
    if (groups <= domains) {
      reached = domains * d(moe.router_group_top_k) / groups;
    } else {
      // The chance that none of a domain's groups is drawn: C(groups - held, drawn) / C(groups, drawn).
      double none = 1;
      for (std::int64_t i = 0; i < moe.router_group_top_k; ++i) {
        none *= std::max(0.0, 1 - groups / domains / (groups - d(i)));
      }
      reached = domains * (1 - none);
    }
  }
  reached = std::max(1.0, reached);
  return reached * (1 - std::pow(1 - 1 / reached, d(moe.top_k)));
}

}  // namespace

void LayerBuilder::casts(double rows, double in, double out, DataType dtype) {
  if (bytes_per_element(dtype) >= 2) return;
  times_.forward[Part::elementwise] += stack_.time_factor * stream(4 * rows * in);
  times_.backward[Part::elementwise] += stack_.time_factor * stream(4 * rows * out);
}

void LayerBuilder::linear(Part part, double rows, double in, double out, DataType dtype) {
  const std::int64_t m = whole(rows), k = whole(in), n = whole(out);
  const double factor = stack_.time_factor;
  times_.forward[part] += factor * gemm(m, n, k, dtype, GemmLayout::forward);
  const double weight_gradient = plan_.adapters_only
                                     ? 0
                                     : factor * (gemm(n, k, m, dtype, GemmLayout::weight_gradient) +
                                                 stream(stack_.accumulate_bytes * d(n) * d(k)));
  times_.backward[part] += factor * gemm(m, k, n, dtype, GemmLayout::data_gradient) + weight_gradient;
  times_.weight_gradient += weight_gradient;
  casts(d(m), d(k), d(n), dtype);
}

void LayerBuilder::grouped(double groups, double rows, double in, double out, DataType dtype) {
  const std::int64_t g = whole(groups), m = whole(rows), k = whole(in), n = whole(out);
  const auto time = [&](std::int64_t a, std::int64_t b, std::int64_t c, GemmLayout layout) {
    return stack_.time_factor / stack_.expert_rate *
           system_.kernels->time(GroupedGemm{g, a, b, c, dtype, layout}).value();
  };
  times_.forward[Part::experts] += time(m, n, k, GemmLayout::forward);
  const double weight_gradient =
      plan_.adapters_only ? 0
                          : time(n, k, m, GemmLayout::weight_gradient) +
                                stack_.time_factor * stream(stack_.accumulate_bytes * d(g) * d(n) * d(k));
  times_.backward[Part::experts] += time(m, k, n, GemmLayout::data_gradient) + weight_gradient;
  times_.weight_gradient += weight_gradient;
  casts(d(g) * d(m), d(k), d(n), dtype);
}

void LayerBuilder::elementwise(double bytes) {
  const double time = stack_.time_factor * stack_.elementwise_passes * stream(bytes);
  times_.forward[Part::elementwise] += time;
  times_.backward[Part::elementwise] += 1.7 * time;
}

void LayerBuilder::attention(std::int64_t heads, std::int64_t kv_heads, std::int64_t head_dim,
                             std::int64_t value_dim, std::int64_t window) {
  const std::int64_t query = std::max<std::int64_t>(1, model_.sequence / plan_.context_parallel);
  if (stack_.attention == AttentionKernel::unfused) return unfused_attention(heads, head_dim, query);
  const bool slides = window < model_.sequence;
  // A window is timed as attention without a mask to as many keys as a token sees on average.
  const std::int64_t keys = slides && model_.causal ? whole(causal_window_keys(d(model_.sequence), d(window)))
                                                    : std::min(window, model_.sequence);
  Attention op{.batch = plan_.micro_batch,
               .query_length = query,
               .kv_length = keys,
               .heads = heads,
               .kv_heads = kv_heads,
               .head_dim = head_dim,
               .value_dim = value_dim,
               .causal = model_.causal && !slides};
  const double factor = stack_.time_factor / stack_.attention_rate;
  times_.forward[Part::attention] += factor * system_.kernels->time(op).value();
  op.pass = Pass::backward;
  times_.backward[Part::attention] += factor * system_.kernels->time(op).value();
}

void LayerBuilder::tensor_messages(double forward, double backward) {
  if (plan_.tensor_parallel == 1) return;
  const Bytes message(shard_.tokens * d(model_.hidden) * 2);
  const CommGroup group = tensor_group(plan_, system_);
  // Sequence parallelism splits each all-reduce into a reduce-scatter and an all-gather (Korthikanti 2022,
  // section 4.2.2).
  const double once = plan_.sequence_parallel ? 0.5 * (comm(Collective::all_gather, message, group) +
                                                       comm(Collective::reduce_scatter, message, group))
                                              : 0.5 * comm(Collective::all_reduce, message, group);
  times_.forward[Part::tensor_comm] += stack_.added_time(stack_.tensor_exposed) * forward * once;
  times_.backward[Part::tensor_comm] += stack_.added_time(stack_.tensor_exposed) * backward * once;
}

void LayerBuilder::context_messages(double queries, double keys, double values) {
  const std::int64_t cp = plan_.context_parallel;
  if (cp == 1) return;
  const CommGroup group = context_group(plan_, system_);
  if (stack_.context_exchange == ContextExchange::all_to_all) {
    // The kernel waits for its input, and the projection for the output (the output is as wide as the values
    // of all query heads). The backward pass sends their gradients the other way.
    const double output = queries * values / keys;
    const double once =
        comm(Collective::all_to_all, Bytes(shard_.tokens * (queries + keys + values) * 2), group) +
        comm(Collective::all_to_all, Bytes(shard_.tokens * output * 2), group);
    times_.forward[Part::context_comm] += once;
    times_.backward[Part::context_comm] += once;
    return;
  }
  const Bytes message(shard_.tokens * (keys + values) * 2 * d(cp));
  const double once =
      stack_.added_time(stack_.context_exposed) * comm(Collective::all_gather, message, group);
  times_.forward[Part::context_comm] += once;
  times_.backward[Part::context_comm] += 2 * once;
}

void LayerBuilder::expert_messages(double rows) {
  const double width = d(model_.hidden);
  double dispatch = 0, combine = 0;
  if (plan_.expert_parallel > 1) {
    const CommGroup group = expert_group(plan_, system_);
    double sent = rows;
    if (stack_.dispatch_once_per_node) {
      const double domains = d(group.ranks) / d(group.ranks_per_domain);
      sent = rows * domains_of_token(*model_.moe, domains) / d(model_.moe->top_k);
    }
    dispatch += comm(Collective::all_to_all, Bytes(sent * width * stack_.dispatch_bytes), group);
    combine += comm(Collective::all_to_all, Bytes(sent * width * 2), group);
  }
  if (plan_.expert_tensor_parallel > 1) {
    // Each rank of an expert's shards needs all rows of all of them, and sums what the shards put out
    // (Megatron-core, MoEAlltoAllTokenDispatcher).
    const CommGroup group = expert_tensor_group(plan_, system_);
    const double gathered = rows * d(plan_.expert_tensor_parallel) * width;
    dispatch += comm(Collective::all_gather, Bytes(gathered * stack_.dispatch_bytes), group);
    combine += comm(Collective::reduce_scatter, Bytes(gathered * 2), group);
  }
  times_.forward[Part::expert_comm] += stack_.added_time(stack_.expert_exposed) * (dispatch + combine);
  times_.backward[Part::expert_comm] += stack_.added_time(stack_.expert_exposed) * (dispatch + combine);
}

void LayerBuilder::recompute(Recompute mode) {
  if (mode == Recompute::none) return;
  const PartTimes& forward = times_.forward;
  double again = 0;
  if (mode == Recompute::full) {
    again = plan_.recompute_share * forward.sum();
  } else {
    again = stack_.selective_gemms * forward[Part::gemm] +
            (stack_.selective_attention ? forward[Part::attention] : 0) +
            (stack_.selective_elementwise ? forward[Part::elementwise] : 0);
  }
  times_.backward[Part::recompute] += again;
}

void LayerBuilder::launches() {
  times_.forward[Part::overhead] += stack_.layer_overhead.value() / 3;
  times_.backward[Part::overhead] += stack_.layer_overhead.value() * 2 / 3;
  // A tensor group goes on when the slowest of its hosts' launches has come.
  const double launch =
      stack_.layer_launch.value() * (1 + kLaunchSpread * expected_maximum(plan_.tensor_parallel));
  const double passes = plan_.recompute == Recompute::full ? 2 + plan_.recompute_share : 2;
  times_.forward[Part::overhead] += launch_wait(times_.forward.sum(), launch);
  times_.backward[Part::overhead] += launch_wait(times_.backward.sum(), passes * launch);
}

double LayerBuilder::gemm(std::int64_t m, std::int64_t n, std::int64_t k, DataType dtype,
                          GemmLayout layout) const {
  return system_.kernels->time(Gemm{m, n, k, dtype, layout}).value() * alignment_penalty(m, n, k, dtype);
}

// Scores written out: QK^T and PV over the full square as batched GEMMs, and softmax with dropout streaming
// the scores: 9 bytes a score forward and 11 backward (FP16: softmax reads and writes, dropout reads,
// writes and keeps a mask).
void LayerBuilder::unfused_attention(std::int64_t heads, std::int64_t head_dim, std::int64_t query) {
  const std::int64_t batch = plan_.micro_batch * heads;
  const std::int64_t kv = model_.sequence;
  const double scores = d(batch) * d(query) * d(kv);
  const double penalty = alignment_penalty(query, kv, head_dim, DataType::bf16);
  const double products =
      penalty *
      (system_.kernels->time(Gemm{query, kv, head_dim, DataType::bf16, GemmLayout::forward, batch}).value() +
       system_.kernels->time(Gemm{query, head_dim, kv, DataType::bf16, GemmLayout::forward, batch}).value());
  times_.forward[Part::attention] += stack_.time_factor * (products + stream(9 * scores));
  times_.backward[Part::attention] += stack_.time_factor * (2 * products + stream(11 * scores));
}

}  // namespace traincast
