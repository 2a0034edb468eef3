// Splitting a model over ranks neither makes nor loses work; memory adds up.
#include <gtest/gtest.h>

#include <cmath>

#include "host/base/op.h"
#include "host/model/memory.h"
#include "host/model/parameters.h"
#include "host/model/shard.h"
#include "tests/property/machine.h"

namespace traincast::property {
namespace {

constexpr std::uint64_t kCases = 3000;

TEST(WorkProperty, EveryLayerIsInOneChunk) {
  int tried = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const auto training = random_training(seed);
    if (!training) continue;
    SCOPED_TRACE(seed);
    ++tried;
    const Plan& plan = training->plan;
    const bool chunked = plan.schedule == Schedule::interleaved;
    const std::int64_t chunks = plan.pipeline_parallel * (chunked ? plan.virtual_stages : 1);
    std::int64_t next = 0;
    for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
      const LayerRange range = chunk_layers(training->model, plan, chunk);
      ASSERT_EQ(range.first, next);
      ASSERT_GE(range.count, 0);
      next += range.count;
    }
    ASSERT_EQ(next, training->model.layers);
  }
  EXPECT_GT(tried, static_cast<int>(kCases / 2));
}

// Elements of a layer's matrices over all tensor-parallel ranks. What every rank holds whole (router, latent
// down-projections, keys of fewer heads than ranks) can only add to it.
TEST(WorkProperty, TensorParallelRanksHoldTheLayerTogether) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const auto training = random_training(seed);
    if (!training) continue;
    SCOPED_TRACE(seed);
    const Transformer& model = training->model;
    Plan plan;
    plan.tensor_parallel = training->plan.tensor_parallel;
    const auto elements = [&](const Plan& of, bool moe) {
      double sum = 0;
      for (const Matrix& matrix : layer_matrices(model, of, moe)) {
        if (matrix.expert || matrix.router) continue;
        sum += matrix.elements() * static_cast<double>(matrix.copies);
      }
      return sum * static_cast<double>(of.tensor_parallel);
    };
    const double whole = elements(Plan{}, false), split = elements(plan, false);
    if (!model.mla && model.kv_heads % plan.tensor_parallel == 0) {
      ASSERT_DOUBLE_EQ(split, whole);
    } else {
      ASSERT_GE(split, whole);
    }
  }
}

// Experts over the ranks of their group; the routed ones are counted once whatever the split.
TEST(WorkProperty, ExpertParallelRanksHoldAllExperts) {
  int tried = 0;
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const auto training = random_training(seed);
    if (!training || !training->model.moe) continue;
    SCOPED_TRACE(seed);
    ++tried;
    const Transformer& model = training->model;
    double sum = 0;
    for (const Matrix& matrix : layer_matrices(model, training->plan, true)) {
      if (matrix.expert) sum += matrix.elements() * static_cast<double>(matrix.copies);
    }
    const double ranks =
        static_cast<double>(training->plan.expert_parallel * training->plan.expert_tensor_parallel);
    const double each = static_cast<double>(model.hidden) * static_cast<double>(model.moe->ffn_hidden) *
                        (model.gated_ffn ? 3 : 2);
    ASSERT_DOUBLE_EQ(sum * ranks, each * static_cast<double>(model.moe->experts));
  }
  EXPECT_GT(tried, 500);
}

TEST(WorkProperty, MemoryPartsAddUpAndAreFinite) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    const auto training = random_training(seed);
    if (!training) continue;
    SCOPED_TRACE(seed);
    const Plan& plan = training->plan;
    double most = 0;
    for (std::int64_t stage = 0; stage < plan.pipeline_parallel; ++stage) {
      const MemoryEstimate m = estimate_stage_memory(training->model, plan, training->stack, stage);
      const Bytes parts[] = {m.weights, m.gradients, m.optimizer, m.activations,   m.loss,
                             m.working, m.buffers,   m.context,   m.communication, m.reserve};
      double sum = 0;
      for (const Bytes part : parts) {
        ASSERT_TRUE(std::isfinite(part.value()) && part.value() >= 0);
        sum += part.value();
      }
      ASSERT_NEAR(m.total().value() / sum, 1, 1e-12);
      most = std::max(most, sum);
    }
    ASSERT_NEAR(estimate_memory(training->model, plan, training->stack).total().value() / most, 1, 1e-12);
  }
}

// Sharding states over more ranks never needs more memory for states.
TEST(WorkProperty, AHigherZeroStageNeverHoldsMoreStates) {
  for (std::uint64_t seed = 0; seed < kCases; ++seed) {
    auto training = random_training(seed);
    if (!training) continue;
    SCOPED_TRACE(seed);
    double before = std::numeric_limits<double>::infinity();
    for (const int stage : {0, 1, 2, 3}) {
      training->plan.zero_stage = stage;
      const MemoryEstimate m = estimate_stage_memory(training->model, training->plan, training->stack, 0);
      const double states = (m.weights + m.gradients + m.optimizer).value();
      ASSERT_LE(states, before * (1 + 1e-12)) << "zero stage " << stage;
      before = states;
    }
  }
}

}  // namespace
}  // namespace traincast::property
