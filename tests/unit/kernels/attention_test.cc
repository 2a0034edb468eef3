#include "kernels/cpu/reference.h"
#include "tests/unit/kernels/oracle.h"

namespace traincast {
namespace {

using test::distance;
using test::run_on_cpu;
using test::values;

// o of each query from the definition, softmax over a dense row of scores in double: no shared code, no
// online or log-sum-exp form.
std::vector<double> definition(const Attention& a, const std::vector<double>& q, const std::vector<double>& k,
                               const std::vector<double>& v) {
  std::vector<double> o(static_cast<std::size_t>(a.batch * a.query_length * a.heads * a.value_dim));
  const auto at = [](std::int64_t i) { return static_cast<std::size_t>(i); };
  for (std::int64_t b = 0; b < a.batch; ++b) {
    for (std::int64_t i = 0; i < a.query_length; ++i) {
      for (std::int64_t h = 0; h < a.heads; ++h) {
        const std::int64_t kv_head = h * a.kv_heads / a.heads;
        std::vector<double> weight(at(a.kv_length));
        double total = 0;
        for (std::int64_t j = 0; j < a.kv_length; ++j) {
          if (a.causal && a.kv_length - j < a.query_length - i) continue;  // distance from the end
          double score = 0;
          for (std::int64_t d = 0; d < a.head_dim; ++d) {
            score += q[at(((b * a.query_length + i) * a.heads + h) * a.head_dim + d)] *
                     k[at(((b * a.kv_length + j) * a.kv_heads + kv_head) * a.head_dim + d)];
          }
          weight[at(j)] = std::exp(score / std::sqrt(static_cast<double>(a.head_dim)));
          total += weight[at(j)];
        }
        for (std::int64_t j = 0; j < a.kv_length && total > 0; ++j) {
          for (std::int64_t d = 0; d < a.value_dim; ++d) {
            o[at(((b * a.query_length + i) * a.heads + h) * a.value_dim + d)] +=
                weight[at(j)] / total *
                v[at(((b * a.kv_length + j) * a.kv_heads + kv_head) * a.value_dim + d)];
          }
        }
      }
    }
  }
  return o;
}

std::vector<Attention> cases() {
  const Attention grouped{.batch = 2,
                          .query_length = 7,
                          .kv_length = 7,
                          .heads = 4,
                          .kv_heads = 2,
                          .head_dim = 8,
                          .value_dim = 5,
                          .dtype = DataType::fp32};
  Attention full = grouped;
  full.causal = false;
  Attention longer = grouped;
  longer.kv_length = 11;
  Attention shorter = grouped;  // the first three queries see no key
  shorter.kv_length = 4;
  return {grouped, full, longer, shorter};
}

TEST(Attention, ForwardIsTheDefinition) {
  for (const Attention& op : cases()) {
    const auto expected = definition(op, values(op, 3, 0), values(op, 3, 1), values(op, 3, 2));
    EXPECT_LT(distance(run_on_cpu(op, 3), expected), 2e-6) << to_string(op);
  }
}

TEST(Attention, OneKeyReturnsItsValue) {
  const Attention op{.batch = 1,
                     .query_length = 1,
                     .kv_length = 1,
                     .heads = 1,
                     .kv_heads = 1,
                     .head_dim = 2,
                     .value_dim = 3,
                     .dtype = DataType::fp32};
  const AttentionState state = attention_forward(op, {1, 2}, {3, 4}, {5, 6, 7});
  EXPECT_EQ(state.o, (std::vector<float>{5, 6, 7}));
  EXPECT_FLOAT_EQ(state.log_sum_exp[0], 11 / std::sqrt(2.0f));
}

// The gradient of sum(o do) by central differences of the definition.
TEST(Attention, BackwardIsTheDerivative) {
  for (Attention op : cases()) {
    op.pass = Pass::backward;
    std::vector<std::vector<double>> input;
    for (std::size_t t = 0; t < 4; ++t) input.push_back(values(op, 3, t));
    const auto loss = [&] {
      const auto o = definition(op, input[0], input[1], input[2]);
      double sum = 0;
      for (std::size_t i = 0; i < o.size(); ++i) sum += o[i] * input[3][i];
      return sum;
    };
    std::vector<double> expected;
    constexpr double kStep = 1e-5;
    for (std::size_t t = 0; t < 3; ++t) {
      for (double& x : input[t]) {
        const double at = x;
        x = at + kStep;
        const double above = loss();
        x = at - kStep;
        expected.push_back((above - loss()) / (2 * kStep));
        x = at;
      }
    }
    EXPECT_LT(distance(run_on_cpu(op, 3), expected), 1e-5) << to_string(op);
  }
}

TEST(Attention, Bf16StaysCloseToFp32) {
  Attention op = cases()[0];
  op.dtype = DataType::bf16;
  const auto expected = definition(op, values(op, 3, 0), values(op, 3, 1), values(op, 3, 2));
  EXPECT_LT(distance(run_on_cpu(op, 3), expected), 3e-3);
}

}  // namespace
}  // namespace traincast
