// Runs of equal ranks against the same ranks one by one, whatever they do.
#include "host/search/pipeline_runs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace traincast {
namespace {

// Layers of the chunks by turns of one kind and another: `dense` chunks, then mixtures, one in `every`.
StageLayout layout_of(std::int64_t p, std::int64_t v, std::int64_t dense, std::int64_t every) {
  Transformer model;
  model.layers = p * v;
  model.moe = MixtureOfExperts{.experts = 8, .top_k = 1, .first_dense_layers = dense, .every = every};
  return {model, p, v};
}

// What ranks do, run by run: the chunks of a rank and how much of a backward pass is the weights' gradient.
struct Works {
  std::vector<std::vector<PassWork>> chunks;
  RunWorks runs{};
};
Works random_works(const StageLayout& layout, std::mt19937& random) {
  // Powers of e, as uneven as no real stages are.
  std::uniform_real_distribution<double> exponent(-2, 2);
  const auto some = [&] { return std::exp(exponent(random)); };
  Works works;
  for (std::size_t i = 0; i < layout.runs().size(); ++i) {
    std::vector<PassWork> chunks;
    RunWork& run = works.runs[i];
    for (std::int64_t v = 0; v < layout.virtual_stages(); ++v) {
      chunks.push_back({some(), some()});
      run.work.add(chunks.back());
    }
    run.first = chunks.front(), run.last = chunks.back();
    run.weight_gradient = run.work.backward * some() / 8;
    run.compute = run.work.sum() / 2;
    works.chunks.push_back(std::move(chunks));
  }
  return works;
}

std::string text(const StageLayout& layout, std::int64_t m) {
  return std::to_string(layout.pipeline()) + " ranks, " + std::to_string(layout.virtual_stages()) +
         " chunks, " + std::to_string(layout.runs().size()) + " runs, " + std::to_string(m) +
         " micro-batches";
}

// So many layouts, drawn at random.
template <typename Visit>
void for_each_layout(int count, std::int64_t most_chunks, Visit visit) {
  std::mt19937 random(1);
  const auto below = [&random](std::int64_t end) { return static_cast<std::int64_t>(random()) % end; };
  for (int i = 0; i < count; ++i) {
    const std::int64_t p = 2 + below(20), v = 1 + below(most_chunks), m = 1 + below(3 * p);
    const StageLayout layout = layout_of(p, v, below(p * v + 1), below(2) == 0 ? 1 : 1 + below(5));
    visit(layout, m, random_works(layout, random));
    if (::testing::Test::HasFailure()) FAIL() << text(layout, m);
  }
}

// Layers dense, mixture, dense, mixture; the last chunk has the prediction module, a layer like the last.
TEST(StageLayout, CountsTheLayersOfEachKind) {
  Transformer model;
  model.layers = 4;
  model.mtp_layers = 1;
  model.moe = MixtureOfExperts{.experts = 8, .top_k = 1, .first_dense_layers = 1, .every = 2};
  const StageLayout layout(model, 2, 1);
  ASSERT_EQ(layout.runs().size(), 2U);
  const ChunkKind& last = layout.kinds()[layout.runs()[1].last_kind];
  EXPECT_EQ(last.layers, (std::array<double, kLayerKinds>{1, 0, 2, 0}));
  EXPECT_EQ(last.own_layers, 2);
  EXPECT_EQ(layout.runs()[1].moe_layers, 2);
  EXPECT_EQ(layout.runs()[1].dense_layers, 1);
}

// Enough of them that paths longest inside a run are among them, which takes slow messages: one in 500 is.
TEST(PipelineRuns, AlternatingIsThatOfAllRanks) {
  int drawn = 0;
  for_each_layout(200'000, 3, [&](const StageLayout& layout, std::int64_t m, const Works& works) {
    const double latency = 0.01 * std::pow(3, drawn++ % 7);  // to a few passes
    const bool interleaved = layout.virtual_stages() > 1;
    const Schedule schedule = interleaved ? Schedule::interleaved : Schedule::one_f_one_b;
    AlternatingTime all({schedule, layout.pipeline(), layout.virtual_stages(), m}, latency);
    for (std::int64_t rank = 0; rank < layout.pipeline(); ++rank) {
      for (const PassWork& chunk : works.chunks[layout.run_of(rank)]) all.add(chunk);
    }
    const PipelineWork found = pipeline_work(layout, schedule, m, {0, latency}, works.runs);
    EXPECT_NEAR(found.total / all.total(), 1, 1e-12);
  });
}

TEST(PipelineRuns, ZeroBubbleIsThatOfAllRanks) {
  for_each_layout(3000, 1, [&](const StageLayout& layout, std::int64_t m, const Works& works) {
    ZeroBubbleTime all({Schedule::zb_h1, layout.pipeline(), 1, m});
    double busiest = 0;
    for (std::int64_t rank = 0; rank < layout.pipeline(); ++rank) {
      const RunWork& run = works.runs[layout.run_of(rank)];
      all.add({run.work.forward, run.work.backward - run.weight_gradient}, run.weight_gradient);
      busiest = std::max(busiest, run.work.sum());
    }
    const PipelineWork found = pipeline_work(layout, Schedule::zb_h1, m, {}, works.runs);
    EXPECT_NEAR(found.total / all.total(), 1, 1e-12);
    EXPECT_DOUBLE_EQ(found.busiest, busiest);
    EXPECT_DOUBLE_EQ(found.busiest_compute, busiest / 2);
  });
}

// Ranks hold the mean of a stage and its mirror image.
TEST(PipelineRuns, DualPipeIsThatOfAllRanks) {
  constexpr double kExposed = 0.1;
  for_each_layout(3000, 1, [&](const StageLayout& layout, std::int64_t m, const Works& works) {
    const std::int64_t p = layout.pipeline();
    if (p % 2 != 0) return;
    PipelineTime all({Schedule::dual_pipe, p, 1, m}, {Seconds(kExposed), 1});
    double busiest = 0, compute = 0;
    for (std::int64_t rank = 0; rank < p; ++rank) {
      const RunWork& a = works.runs[layout.run_of(rank)];
      const RunWork& b = works.runs[layout.run_of(p - 1 - rank)];
      all.add({Seconds((a.work.forward + b.work.forward) / 2),
               Seconds((a.work.backward + b.work.backward) / 2),
               Seconds((a.weight_gradient + b.weight_gradient) / 2)});
      const bool at_end = rank == 0 || rank == p - 1;  // one of whose messages is the caller's
      const double work = (a.work.sum() + b.work.sum()) / 2 + (at_end ? 1 : 2) * kExposed;
      if (work > busiest * (1 + 1e-12)) busiest = work, compute = (a.compute + b.compute) / 2;
    }
    const PipelineWork found = pipeline_work(layout, Schedule::dual_pipe, m, {kExposed, 0}, works.runs);
    EXPECT_NEAR(found.total / all.total().value(), 1, 1e-12);
    EXPECT_NEAR(found.busiest, busiest, 1e-12);
    EXPECT_NEAR(found.busiest_compute, compute, 1e-12);
  });
}

}  // namespace
}  // namespace traincast
