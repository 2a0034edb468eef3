// Adds the operations and messages of one layer to its times. Internal to host/model.
#pragma once

#include <cstdint>

#include "host/model/layer.h"

namespace traincast {

class LayerBuilder {
 public:
  LayerBuilder(const Transformer& model, const Plan& plan, const Stack& stack, const System& system)
      : model_(model), plan_(plan), stack_(stack), system_(system), shard_(shard_of(model, plan)) {}

  const Shard& shard() const { return shard_; }
  PassTimes& times() { return times_; }

  // Y[rows, out] = X[rows, in] W^T: forward, data gradient, weight gradient with its FP32 accumulation, and
  // for 8-bit formats the casts of the input and of the output gradient (each read twice for both layouts,
  // written twice: 4 bytes).
  void linear(Part part, double rows, double in, double out, DataType dtype);
  // The same for `groups` experts with `rows` each.
  void grouped(double groups, double rows, double in, double out, DataType dtype);
  // Memory-bound traffic of the forward pass; the backward pass moves 1.7 times as much (gradients in and
  // out, saved inputs).
  void elementwise(double bytes);
  // `window`: key positions that a query may see.
  void attention(std::int64_t heads, std::int64_t kv_heads, std::int64_t head_dim, std::int64_t value_dim,
                 std::int64_t window);
  // Messages of the tensor-parallel group in each pass: reductions or, with sequence parallelism, gathers and
  // scatters.
  void tensor_messages(double forward, double backward);
  // Between context-parallel ranks: keys and values travel around the group, and the backward pass also
  // returns their gradients; or, by all-to-all, queries, keys and values become those of fewer heads and all
  // tokens, and the output again that of all heads. Widths are a token's on one rank.
  void context_messages(double queries, double keys, double values);
  // Rows of hidden width dispatched to experts and combined.
  void expert_messages(double rows);
  // What the backward pass repeats of the forward pass.
  void recompute(Recompute mode);
  // Gaps between kernels, and what a layer loses because its host launches kernels one by one.
  void launches();

 private:
  double gemm(std::int64_t m, std::int64_t n, std::int64_t k, DataType dtype, GemmLayout layout) const;
  double stream(double bytes) const { return bytes / system_.kernels->stream_rate().value(); }
  double comm(Collective collective, Bytes message, const CommGroup& group) const {
    return system_.collectives->time(collective, message, group).value();
  }
  void unfused_attention(std::int64_t heads, std::int64_t head_dim, std::int64_t query);
  void casts(double rows, double in, double out, DataType dtype);

  const Transformer& model_;
  const Plan& plan_;
  const Stack& stack_;
  const System& system_;
  Shard shard_;
  PassTimes times_;
};

}  // namespace traincast
