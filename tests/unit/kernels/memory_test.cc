#include "kernels/cpu/reference.h"
#include "kernels/number_format.h"
#include "tests/unit/kernels/oracle.h"

namespace traincast {
namespace {

using test::distance;
using test::run_on_cpu;
using test::values;
using Vector = std::vector<double>;

MemoryBound op_of(MemoryKind kind, std::int64_t rows = 5, std::int64_t columns = 12) {
  return {.kind = kind, .rows = rows, .columns = columns, .dtype = DataType::fp32};
}

// Runs on given tensors; returns the outputs, which follow `inputs` in the list.
Tensors by_hand(const MemoryBound& op, Tensors tensors, std::size_t inputs,
                const std::vector<std::int32_t>& indices = {}, const std::vector<float>& angles = {}) {
  run_memory(op, tensors, indices, angles);
  return {tensors.begin() + static_cast<std::ptrdiff_t>(inputs), tensors.end()};
}

TEST(Memory, CopyAddCastPermuteByHand) {
  EXPECT_EQ(by_hand(op_of(MemoryKind::copy, 1, 2), {{1, 2}, {0, 0}}, 1), (Tensors{{1, 2}}));
  EXPECT_EQ(by_hand(op_of(MemoryKind::residual_add, 1, 2), {{1, 2}, {10, 20}, {0, 0}}, 2),
            (Tensors{{11, 22}}));
  EXPECT_EQ(by_hand(op_of(MemoryKind::cast, 1, 2), {{1, -2}, {0, 0}}, 1), (Tensors{{64, -128}}));
  EXPECT_EQ(by_hand(op_of(MemoryKind::permute, 3, 2), {{1, 2, 3, 4, 5, 6}, {0, 0, 0, 0, 0, 0}}, 1, {2, 0, 1}),
            (Tensors{{5, 6, 1, 2, 3, 4}}));
}

TEST(Memory, CastRoundsItsResultToEightBits) {
  const Op op = MemoryBound{.kind = MemoryKind::cast, .rows = 3, .columns = 7};
  const auto x = values(op, 2, 0);
  const auto y = run_on_cpu(op, 2);
  for (std::size_t i = 0; i < y.size(); ++i) {
    EXPECT_EQ(y[i], round_to(DataType::fp8_e4m3, static_cast<float>(64 * x[i])));
  }
}

TEST(Memory, RmsNormByHand) {
  // mean square of (3, 4) is 12.5
  const auto y = by_hand(op_of(MemoryKind::rms_norm, 1, 2), {{3, 4}, {1, 2}, {0, 0}}, 2)[0];
  EXPECT_NEAR(y[0], 3 / std::sqrt(12.5), 1e-5);
  EXPECT_NEAR(y[1], 8 / std::sqrt(12.5), 1e-5);
}

// d sum(f(x) dy) / dx for every input element, by central differences in double.
template <typename Function>
Vector derivative(Function f, Vector x, const Vector& dy) {
  constexpr double kStep = 1e-5;
  const auto loss = [&] {
    const Vector y = f(x);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i) sum += y[i] * dy[i];
    return sum;
  };
  Vector result;
  for (double& element : x) {
    const double at = element;
    element = at + kStep;
    const double above = loss();
    element = at - kStep;
    result.push_back((above - loss()) / (2 * kStep));
    element = at;
  }
  return result;
}

Vector rms_norm(const Vector& x, const Vector& w) {
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); i += w.size()) {
    double squares = 0;
    for (std::size_t j = 0; j < w.size(); ++j) squares += x[i + j] * x[i + j];
    const double rms = std::sqrt(squares / static_cast<double>(w.size()) + 1e-5);
    for (std::size_t j = 0; j < w.size(); ++j) y[i + j] = x[i + j] / rms * w[j];
  }
  return y;
}

TEST(Memory, RmsNormForwardAndBackward) {
  const Op forward = op_of(MemoryKind::rms_norm);
  EXPECT_LT(distance(run_on_cpu(forward, 8), rms_norm(values(forward, 8, 0), values(forward, 8, 1))), 1e-6);

  const Op backward = op_of(MemoryKind::rms_norm_backward);
  const Vector x = values(backward, 8, 0);
  const Vector w = values(backward, 8, 1);
  const Vector dy = values(backward, 8, 2);
  Vector expected = derivative([&](const Vector& v) { return rms_norm(v, w); }, x, dy);
  const Vector dw = derivative([&](const Vector& v) { return rms_norm(x, v); }, w, dy);
  expected.insert(expected.end(), dw.begin(), dw.end());
  EXPECT_LT(distance(run_on_cpu(backward, 8), expected), 1e-5);
}

Vector swiglu(const Vector& x, std::size_t columns) {
  Vector y(x.size() / 2);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double gate = x[i / columns * 2 * columns + i % columns];
    const double up = x[i / columns * 2 * columns + columns + i % columns];
    y[i] = gate / (1 + std::exp(-gate)) * up;
  }
  return y;
}

TEST(Memory, SwigluForwardAndBackward) {
  EXPECT_EQ(by_hand(op_of(MemoryKind::swiglu, 1, 1), {{0, 7}, {9}}, 1), (Tensors{{0}}));
  const Op forward = op_of(MemoryKind::swiglu);
  EXPECT_LT(distance(run_on_cpu(forward, 8), swiglu(values(forward, 8, 0), 12)), 1e-6);
  const Op backward = op_of(MemoryKind::swiglu_backward);
  const Vector expected = derivative([](const Vector& v) { return swiglu(v, 12); }, values(backward, 8, 0),
                                     values(backward, 8, 1));
  EXPECT_LT(distance(run_on_cpu(backward, 8), expected), 1e-5);
}

TEST(Memory, RopeRotates) {
  // A quarter turn takes (x, y) to (-y, x).
  EXPECT_EQ(by_hand(op_of(MemoryKind::rope, 1, 2), {{3, 4}, {0, 0}}, 1, {}, {0, 1}), (Tensors{{-4, 3}}));
  // Positions are rows, frequencies base^(-2i/128), and head 2 is rotated as head 1 is.
  const MemoryBound op = op_of(MemoryKind::rope, 3, 256);
  const Vector x = values(op, 8, 0);
  const auto y = run_on_cpu(op, 8);
  for (const std::size_t pair : {0u, 5u, 63u}) {
    const double angle = 2 * std::pow(10000.0, -2.0 * static_cast<double>(pair) / 128);
    const std::size_t at = 2 * 256 + 128 + pair;
    EXPECT_NEAR(y[at], x[at] * std::cos(angle) - x[at + 64] * std::sin(angle), 1e-6);
    EXPECT_NEAR(y[at + 64], x[at + 64] * std::cos(angle) + x[at] * std::sin(angle), 1e-6);
  }
}

TEST(Memory, CrossEntropyByHandAndItsGradientSumsToZero) {
  const auto out =
      by_hand(op_of(MemoryKind::cross_entropy, 1, 2), {{0, std::log(3.0f)}, {0, 0}, {0}}, 1, {0});
  EXPECT_NEAR(out[0][0], -0.75, 1e-6);
  EXPECT_NEAR(out[0][1], 0.75, 1e-6);
  EXPECT_NEAR(out[1][0], std::log(4.0), 1e-6);
  const auto y = run_on_cpu(op_of(MemoryKind::cross_entropy, 4, 1000), 8);
  for (std::size_t row = 0; row < 4; ++row) {
    double sum = 0;
    for (std::size_t j = 0; j < 1000; ++j) sum += y[row * 1000 + j];
    EXPECT_NEAR(sum, 0, 1e-5);
    EXPECT_GT(y[4 * 1000 + row], 0);  // the loss
  }
}

TEST(Memory, AdamTakesTheTenthStep) {
  const Op op = op_of(MemoryKind::adam);
  const auto y = run_on_cpu(op, 8);
  const Vector g = values(op, 8, 0), w = values(op, 8, 1), m = values(op, 8, 2), v = values(op, 8, 3);
  const std::size_t n = g.size();
  ASSERT_EQ(y.size(), 4 * n);
  for (std::size_t i = 0; i < n; ++i) {
    const double m_new = 0.9 * m[i] + 0.1 * g[i];
    const double v_new = 0.95 * v[i] + 0.05 * g[i] * g[i];
    const double m_hat = m_new / (1 - std::pow(0.9, 10));
    const double v_hat = v_new / (1 - std::pow(0.95, 10));
    const double w_new = w[i] * (1 - 1e-4 * 0.1) - 1e-4 * m_hat / (std::sqrt(v_hat) + 1e-8);
    EXPECT_NEAR(y[i], w_new, 1e-6);
    EXPECT_NEAR(y[n + i], m_new, 1e-6);
    EXPECT_NEAR(y[2 * n + i], v_new, 1e-5);
    EXPECT_EQ(y[3 * n + i], round_to(DataType::bf16, y[i]));
  }
}

TEST(Memory, SixteenBitResultsAreTheFp32OnesRounded) {
  for (int i = 0; i < kMemoryKinds; ++i) {
    MemoryBound op{.kind = static_cast<MemoryKind>(i), .rows = 3, .columns = 20};
    for (const float y : run_on_cpu(op, 8)) ASSERT_FALSE(std::isnan(y)) << to_string(op);
  }
  const Op op = MemoryBound{.kind = MemoryKind::rms_norm, .rows = 5, .columns = 12};
  const Vector expected = rms_norm(values(op, 8, 0), values(op, 8, 1));
  const auto actual = run_on_cpu(op, 8);
  for (std::size_t i = 0; i < actual.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], std::abs(expected[i]) / 250);
}

}  // namespace
}  // namespace traincast
