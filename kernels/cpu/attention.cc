#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/cpu/reference.h"

namespace traincast {
namespace {

float dot(const float* x, const float* y, std::int64_t length) {
  float sum = 0;
  for (std::int64_t i = 0; i < length; ++i) sum += x[i] * y[i];
  return sum;
}

void add_scaled(float* y, float factor, const float* x, std::int64_t length) {
  for (std::int64_t i = 0; i < length; ++i) y[i] += factor * x[i];
}

// Index arithmetic of one op: where the row of a query or key starts, and which keys a query sees.
struct Layout {
  explicit Layout(const Attention& a)
      : op(a), scale(1.0f / std::sqrt(static_cast<float>(a.head_dim))), group(a.heads / a.kv_heads) {}

  std::int64_t query_row(std::int64_t batch, std::int64_t i, std::int64_t head) const {
    return (batch * op.query_length + i) * op.heads + head;
  }
  std::int64_t key_row(std::int64_t batch, std::int64_t j, std::int64_t head) const {
    return (batch * op.kv_length + j) * op.kv_heads + head / group;
  }
  std::int64_t visible_keys(std::int64_t i) const {
    if (!op.causal) return op.kv_length;
    return std::clamp<std::int64_t>(i + 1 + op.kv_length - op.query_length, 0, op.kv_length);
  }
  template <typename Body>
  void for_each_query(Body body) const {
    for (std::int64_t b = 0; b < op.batch; ++b) {
      for (std::int64_t h = 0; h < op.heads; ++h) {
        for (std::int64_t i = 0; i < op.query_length; ++i) body(b, h, i);
      }
    }
  }

  const Attention& op;
  float scale;
  std::int64_t group;
};

}  // namespace

AttentionState attention_forward(const Attention& op, const std::vector<float>& q,
                                 const std::vector<float>& k, const std::vector<float>& v) {
  const Layout layout(op);
  const auto rows = static_cast<std::size_t>(op.batch * op.heads * op.query_length);
  AttentionState state{std::vector<float>(rows * static_cast<std::size_t>(op.value_dim)),
                       std::vector<float>(rows)};
  std::vector<float> p(static_cast<std::size_t>(op.kv_length));
  layout.for_each_query([&](std::int64_t b, std::int64_t h, std::int64_t i) {
    const std::int64_t row = layout.query_row(b, i, h);
    const std::int64_t keys = layout.visible_keys(i);
    float highest = -std::numeric_limits<float>::infinity();
    for (std::int64_t j = 0; j < keys; ++j) {
      const float score = layout.scale * dot(q.data() + row * op.head_dim,
                                             k.data() + layout.key_row(b, j, h) * op.head_dim, op.head_dim);
      p[static_cast<std::size_t>(j)] = score;
      highest = std::max(highest, score);
    }
    float sum = 0;
    for (std::int64_t j = 0; j < keys; ++j) {
      float& x = p[static_cast<std::size_t>(j)];
      x = std::exp(x - highest);
      sum += x;
    }
    float* out = state.o.data() + row * op.value_dim;
    for (std::int64_t j = 0; j < keys; ++j) {
      add_scaled(out, p[static_cast<std::size_t>(j)] / sum, v.data() + layout.key_row(b, j, h) * op.value_dim,
                 op.value_dim);
    }
    state.log_sum_exp[static_cast<std::size_t>((b * op.heads + h) * op.query_length + i)] =
        highest + std::log(sum);
  });
  return state;
}

void attention_backward(const Attention& op, const AttentionState& state, Tensors& tensors) {
  const Layout layout(op);
  const float* q = tensors[0].data();
  const float* k = tensors[1].data();
  const float* v = tensors[2].data();
  const float* d_o = tensors[3].data();
  for (std::size_t i = 4; i < 7; ++i) std::fill(tensors[i].begin(), tensors[i].end(), 0.0f);
  float* dq = tensors[4].data();
  float* dk = tensors[5].data();
  float* dv = tensors[6].data();
  // dS = P (dP - rowsum(dO O)), the softmax's Jacobian (Dao 2022, arXiv 2205.14135, algorithm 4).
  layout.for_each_query([&](std::int64_t b, std::int64_t h, std::int64_t i) {
    const std::int64_t row = layout.query_row(b, i, h);
    const float* q_row = q + row * op.head_dim;
    const float* do_row = d_o + row * op.value_dim;
    const float delta = dot(do_row, state.o.data() + row * op.value_dim, op.value_dim);
    const float log_sum_exp =
        state.log_sum_exp[static_cast<std::size_t>((b * op.heads + h) * op.query_length + i)];
    for (std::int64_t j = 0; j < layout.visible_keys(i); ++j) {
      const std::int64_t key = layout.key_row(b, j, h);
      const float p = std::exp(layout.scale * dot(q_row, k + key * op.head_dim, op.head_dim) - log_sum_exp);
      const float ds = layout.scale * p * (dot(do_row, v + key * op.value_dim, op.value_dim) - delta);
      add_scaled(dv + key * op.value_dim, p, do_row, op.value_dim);
      add_scaled(dq + row * op.head_dim, ds, k + key * op.head_dim, op.head_dim);
      add_scaled(dk + key * op.head_dim, ds, q_row, op.head_dim);
    }
  });
}

}  // namespace traincast
