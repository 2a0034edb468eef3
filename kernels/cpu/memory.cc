#include <algorithm>
#include <cmath>

#include "kernels/cpu/reference.h"
#include "kernels/operands.h"

namespace traincast {
namespace {

using Index = std::size_t;

struct Rows {
  explicit Rows(const MemoryBound& op)
      : rows(static_cast<Index>(op.rows)), columns(static_cast<Index>(op.columns)), all(rows * columns) {}
  Index rows, columns, all;
};

float sigmoid(float x) {
  return 1.0f / (1.0f + std::exp(-x));
}

// y = x w / rms(x) (Zhang and Sennrich 2019, arXiv 1910.07467).
float inverse_rms(const float* x, Index columns) {
  float squares = 0;
  for (Index j = 0; j < columns; ++j) squares += x[j] * x[j];
  return 1.0f / std::sqrt(squares / static_cast<float>(columns) + kRmsNormEpsilon);
}

void rms_norm(const Rows& s, Tensors& t) {
  for (Index i = 0; i < s.rows; ++i) {
    const float* x = t[0].data() + i * s.columns;
    const float scale = inverse_rms(x, s.columns);
    for (Index j = 0; j < s.columns; ++j) t[2][i * s.columns + j] = x[j] * scale * t[1][j];
  }
}

// dx = (w dy - xhat mean(w dy xhat)) / rms, dw = sum over rows of dy xhat, with xhat = x / rms.
void rms_norm_backward(const Rows& s, Tensors& t) {
  const std::vector<float>& w = t[1];
  std::fill(t[4].begin(), t[4].end(), 0.0f);
  for (Index i = 0; i < s.rows; ++i) {
    const float* x = t[0].data() + i * s.columns;
    const float* dy = t[2].data() + i * s.columns;
    float* dx = t[3].data() + i * s.columns;
    const float scale = inverse_rms(x, s.columns);
    float mean = 0;
    for (Index j = 0; j < s.columns; ++j) mean += w[j] * dy[j] * x[j] * scale;
    mean /= static_cast<float>(s.columns);
    for (Index j = 0; j < s.columns; ++j) {
      const float normalised = x[j] * scale;
      dx[j] = scale * (w[j] * dy[j] - normalised * mean);
      t[4][j] += dy[j] * normalised;
    }
  }
}

// y = silu(gate) up (Shazeer 2020, arXiv 2002.05202).
void swiglu(const Rows& s, Tensors& t) {
  for (Index i = 0; i < s.rows; ++i) {
    const float* gate = t[0].data() + 2 * i * s.columns;
    const float* up = gate + s.columns;
    for (Index j = 0; j < s.columns; ++j) t[1][i * s.columns + j] = gate[j] * sigmoid(gate[j]) * up[j];
  }
}

void swiglu_backward(const Rows& s, Tensors& t) {
  for (Index i = 0; i < s.rows; ++i) {
    const float* gate = t[0].data() + 2 * i * s.columns;
    const float* up = gate + s.columns;
    const float* dy = t[1].data() + i * s.columns;
    float* d_gate = t[2].data() + 2 * i * s.columns;
    float* d_up = d_gate + s.columns;
    for (Index j = 0; j < s.columns; ++j) {
      const float gated = sigmoid(gate[j]);
      d_gate[j] = dy[j] * up[j] * gated * (1.0f + gate[j] * (1.0f - gated));
      d_up[j] = dy[j] * gate[j] * gated;
    }
  }
}

void rope(const Rows& s, Tensors& t, Index head, const std::vector<float>& angles) {
  const Index half = head / 2;
  for (Index i = 0; i < s.rows; ++i) {
    const float* angle = angles.data() + (i % static_cast<Index>(kRopePositions)) * head;
    for (Index start = 0; start < s.columns; start += head) {
      const float* x = t[0].data() + i * s.columns + start;
      float* y = t[1].data() + i * s.columns + start;
      for (Index j = 0; j < half; ++j) {
        const float cosine = angle[2 * j];
        const float sine = angle[2 * j + 1];
        y[j] = x[j] * cosine - x[j + half] * sine;
        y[j + half] = x[j + half] * cosine + x[j] * sine;
      }
    }
  }
}

void cross_entropy(const Rows& s, Tensors& t, const std::vector<std::int32_t>& labels) {
  for (Index i = 0; i < s.rows; ++i) {
    const float* logits = t[0].data() + i * s.columns;
    float* gradient = t[1].data() + i * s.columns;
    const float highest = *std::max_element(logits, logits + s.columns);
    double sum = 0;  // vocabularies are long: an FP32 sum would lose digits that the GPU's tree keeps
    for (Index j = 0; j < s.columns; ++j) sum += std::exp(logits[j] - highest);
    const auto total = static_cast<float>(sum);
    for (Index j = 0; j < s.columns; ++j) gradient[j] = std::exp(logits[j] - highest) / total;
    const auto label = static_cast<Index>(labels[i]);
    t[2][i] = highest + std::log(total) - logits[label];
    gradient[label] -= 1.0f;
  }
}

void permute(const Rows& s, Tensors& t, const std::vector<std::int32_t>& order) {
  for (Index i = 0; i < s.rows; ++i) {
    const float* from = t[0].data() + static_cast<Index>(order[i]) * s.columns;
    std::copy(from, from + s.columns, t[1].data() + i * s.columns);
  }
}

void adam(const Rows& s, Tensors& t) {
  constexpr AdamConstants kAdam;
  for (Index i = 0; i < s.all; ++i) {
    const float g = t[0][i];
    float& w = t[1][i];
    float& m = t[2][i];
    float& v = t[3][i];
    m = kAdam.beta1 * m + (1 - kAdam.beta1) * g;
    v = kAdam.beta2 * v + (1 - kAdam.beta2) * g * g;
    const float step = (m / kAdam.correction1) / (std::sqrt(v / kAdam.correction2) + kAdam.epsilon);
    w -= kAdam.learning_rate * (step + kAdam.weight_decay * w);
    t[4][i] = w;
  }
}

}  // namespace

void run_memory(const MemoryBound& op, Tensors& t, const std::vector<std::int32_t>& indices,
                const std::vector<float>& angles) {
  const Rows s(op);
  switch (op.kind) {
    case MemoryKind::copy:
      std::copy(t[0].begin(), t[0].end(), t[1].begin());
      break;
    case MemoryKind::rms_norm:
      rms_norm(s, t);
      break;
    case MemoryKind::rms_norm_backward:
      rms_norm_backward(s, t);
      break;
    case MemoryKind::residual_add:
      for (Index i = 0; i < s.all; ++i) t[2][i] = t[0][i] + t[1][i];
      break;
    case MemoryKind::swiglu:
      swiglu(s, t);
      break;
    case MemoryKind::swiglu_backward:
      swiglu_backward(s, t);
      break;
    case MemoryKind::rope:
      rope(s, t, static_cast<Index>(rope_head_dim(op)), angles);
      break;
    case MemoryKind::cast:
      for (Index i = 0; i < s.all; ++i) t[1][i] = kCastScale * t[0][i];
      break;
    case MemoryKind::cross_entropy:
      cross_entropy(s, t, indices);
      break;
    case MemoryKind::permute:
      permute(s, t, indices);
      break;
    case MemoryKind::adam:
      adam(s, t);
      break;
  }
}

}  // namespace traincast
