// Runs in parts through the whole program but for its printing.
#include <gtest/gtest.h>

#include <cmath>

#include "host/calibrate/forecast.h"
#include "host/config/load.h"
#include "host/config/override.h"
#include "host/model/failures.h"
#include "host/model/parts.h"
#include "host/risk/sweep.h"
#include "host/risk/uncertainty.h"
#include "host/search/setup.h"

namespace traincast {
namespace {

class PartsForecast : public testing::Test {
 protected:
  Forecast of(const traincast::Run& run) { return forecast(calibrator, run); }
  ConfigStore store{TRAINCAST_TEST_CONFIGS};
  Calibrator calibrator{store};
};

// Each part alone, as a run of its own, takes as long; Llama 3.1 has four, the last by another plan.
TEST_F(PartsForecast, EachPartTakesAsLongAsARunOfItsOwn) {
  const traincast::Run run = load_run(store, "llama-3.1-405b-phases");
  const Forecast whole = of(run);
  ASSERT_EQ(whole.infeasible, "");
  ASSERT_EQ(whole.parts.size(), 4U);
  const std::vector<Piece> pieces = pieces_of(run);
  ASSERT_EQ(pieces.size(), 4U);
  double ideal = 0;
  double expected = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    traincast::Run alone = run_of_piece(run, pieces[i]);
    alone.tokens = pieces[i].steps * pieces[i].step_tokens();
    const Forecast part = of(alone);
    EXPECT_DOUBLE_EQ(whole.parts[i].last_step.value(), part.step.time.value());
    EXPECT_DOUBLE_EQ(whole.parts[i].memory.total().value(), part.memory.total().value());
    EXPECT_NEAR(whole.parts[i].mfu / part.step.mfu, 1, 1e-12);
    EXPECT_NEAR(whole.parts[i].tokens_per_gpu / part.step.tokens_per_gpu, 1, 1e-12);
    EXPECT_NEAR(whole.parts[i].ideal / part.estimate.ideal, 1, 1e-12);
    // The first takes minutes: alone it makes no checkpoint, so that it is compared in sum only.
    ideal += part.estimate.ideal.value();
    expected += part.estimate.expected.value();
  }
  EXPECT_NEAR(whole.estimate.ideal.value() / ideal, 1, 1e-12);
  EXPECT_NEAR(whole.estimate.expected.value() / expected, 1, 1e-4);
  EXPECT_EQ(whole.step.time, whole.parts[run.main_part].last_step);
  EXPECT_GT(whole.parts[2].mfu, whole.parts[1].mfu);  // less of a bubble with twice the micro-batches
  EXPECT_LT(whole.parts[3].tokens_per_gpu, whole.parts[2].tokens_per_gpu);
  std::vector<std::string> named;
  for (const InputUsed& input : whole.inputs) {
    if (input.what.starts_with("part ")) named.push_back(input.what);
  }
  EXPECT_EQ(named, (std::vector<std::string>{"part 1", "part 2", "part 3", "part 4"}));
}

// Table 4 of arXiv 2407.21783: 380 TFLOP/s a GPU at 131,072 tokens, which counts the full square of attention
// as our comparison of that table's 400 at 8,192 does. Nothing is fitted to it.
TEST_F(PartsForecast, LongContextComesNearWhatIsPublished) {
  const traincast::Run run = load_run(store, "llama-3.1-405b-phases");
  const Forecast f = of(run);
  Transformer model = run.model;
  model.sequence = run.parts[3].sequence;
  const double rate =
      f.parts[3].tokens_per_gpu.value() * flops_per_token(model, AttentionCount::full_square).value();
  EXPECT_NEAR(rate / 380e12, 1, 0.1);
}

TEST_F(PartsForecast, ARampCostsMoreThanItsFinalBatch) {
  traincast::Run run = load_run(store, "deepseek-v3-2k");
  const Forecast ramp = of(run);
  ASSERT_EQ(ramp.infeasible, "");
  const std::vector<Piece> pieces = pieces_of(run);
  EXPECT_EQ(pieces.size(), 97U);  // 3,072, 3,200, ... 15,232; 15,360
  double ideal = 0;
  double steps = 0;
  Calibrator own(store);
  const CalibratedSystem system = own.system(run, ramp.pace);
  for (const Piece& piece : pieces) {
    const traincast::Run one = run_of_piece(run, piece);
    ideal += piece.steps * estimate_step(one.model, one.plan, one.stack, system.view()).time.value();
    steps += piece.steps;
  }
  EXPECT_NEAR(ramp.estimate.ideal.value() / ideal, 1, 1e-12);
  EXPECT_EQ(ramp.estimate.steps, steps);
  run.parts.clear();
  const Forecast flat = of(run);
  EXPECT_GT(ramp.estimate.ideal, flat.estimate.ideal);
  EXPECT_EQ(ramp.step.time, flat.step.time);
  EXPECT_EQ(ramp.parts[0].first_batch, 3072);
  EXPECT_EQ(ramp.parts[0].last_batch, 15232);
}

TEST_F(PartsForecast, HistoriesOfAShippedRunHaveTheAnalyticMean) {
  const Forecast f = of(load_run(store, "llama-3.1-405b-phases"));
  const HistoryModel model(history_inputs(f.run, f.phases, f.estimate));
  double sum = 0;
  double squares = 0;
  constexpr int kHistories = 400;
  for (std::uint64_t i = 0; i < kHistories; ++i) {
    const double wall = model.simulate(11, i).wall / f.estimate.expected;
    sum += wall;
    squares += wall * wall;
  }
  const double mean = sum / kHistories;
  EXPECT_NEAR(mean, 1, 4 * std::sqrt((squares / kHistories - mean * mean) / kHistories) + 5e-4);
}

TEST_F(PartsForecast, APartThatDoesNotFitIsNamed) {
  traincast::Run run = load_run(store, "llama-3.1-405b-phases");
  run.parts[3].plan.context_parallel = 1;
  run.parts[3].plan.data_parallel = 128;
  const std::string why = of(run).infeasible;
  EXPECT_TRUE(why.starts_with("does not fit: pipeline stage ")) << why;
  EXPECT_TRUE(why.ends_with(" (in its part \"long context\")")) << why;
}

// A run that begins on the site of summer 2024, where GPUs arrive while its parts go on.
TEST_F(PartsForecast, PartsAndDatesTogether) {
  traincast::Run run = load_run(store, "grok-3-colossus-timeline");
  const Forecast plain = of(run);
  RunPart small{.title = "half the batch", .tokens = 0.2 * run.tokens, .sequence = run.model.sequence};
  small.plan = run.plan;
  small.plan.global_batch /= 2;
  small.stack = run.stack;
  RunPart rest{.title = "main", .tokens = 0.8 * run.tokens, .sequence = run.model.sequence, .plan = run.plan};
  rest.stack = run.stack;
  run.parts = {small, rest};
  run.main_part = 1;
  const Forecast f = of(run);
  ASSERT_EQ(f.infeasible, "");
  EXPECT_EQ(f.phases.size(), 2 * plain.phases.size());
  EXPECT_GT(f.estimate.ideal, plain.estimate.ideal);
  Seconds length;
  double steps = 0;
  for (const RunPhase& phase : f.phases) {
    length += phase.length;
    steps += phase.steps;
  }
  EXPECT_NEAR(length / f.estimate.expected, 1, 1e-12);
  EXPECT_NEAR(steps, f.estimate.steps, 1e-6 * steps);
  HistoryInputs in = history_inputs(run, f.phases, f.estimate);
  EXPECT_EQ(in.phases.size(), plain.phases.size());
  in.causes.clear();
  in.checkpoint_stall = Seconds(0);
  const RunHistory history = simulate_history(in, 1, 0);
  ASSERT_TRUE(history.finished);
  EXPECT_LT(history.wall, f.estimate.expected);
  EXPECT_GT(history.wall / f.estimate.expected, 0.5);
}

TEST_F(PartsForecast, SweepsAndOverridesReachIntoParts) {
  const RunConfigs configs(store, "llama-3.1-405b-phases");
  const Sweep swept = sweep(
      configs, {},
      {{"run.parts.3.tokens", {"200 Gtoken", "800 Gtoken"}}, {"parts.1.global_batch", {"1024", "2048"}}},
      std::nullopt);
  ASSERT_EQ(swept.points.size(), 4U);
  for (const SweepPoint& point : swept.points) EXPECT_TRUE(point.figures) << point.reason;
  const auto days = [&](std::size_t i) { return swept.points[i].figures->estimate.ideal.value(); };
  EXPECT_EQ(swept.points[2].figures->estimate.ideal, of(configs.run()).estimate.ideal);
  // What the long part loses, the main part takes, which is faster.
  EXPECT_LT(days(0), days(2));
  EXPECT_LT(days(1), days(0));  // a larger batch has less of a bubble
  const std::vector<Override> set = {{"run.parts.2.sequence", "4096"}};
  const EditedRun edited = configs.with(set);
  EXPECT_EQ(edited.run.model.sequence, 4096);
  EXPECT_EQ(edited.run.parts[2].from.origin, Origin::assumed);
}

// Data parallelism follows in every plan of the run.
TEST_F(PartsForecast, GpusScaleEveryPlan) {
  const RunConfigs configs(store, "llama-3.1-405b-phases");
  const EditedRun half = configs.with(std::vector<Override>{{"gpus", "8192"}});
  EXPECT_EQ(half.run.parts[2].plan.data_parallel, 64);
  EXPECT_EQ(half.run.parts[3].plan.data_parallel, 4);
  EXPECT_EQ(half.run.cluster.gpus(), 8192);
  // A replica of the long context takes 2,048 GPUs.
  for (const std::int64_t gpus : configs.gpu_counts({}, 40000)) EXPECT_EQ(gpus % 2048, 0) << gpus;
  try {
    configs.with(std::vector<Override>{{"gpus", "1024"}});
    ADD_FAILURE();
  } catch (const std::exception& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "--set gpus=1024: a replica of the plan llama-3.1-405b-16k is 128 GPUs, and its 2048 sequences a "
        "step are to be shared evenly, as those of all parts; nearest accepted: 2048");
  }
  // An increment that is not stated follows the replicas; one that is does not.
  const RunConfigs deepseek(store, "deepseek-v3-2k");
  EXPECT_EQ(deepseek.with(std::vector<Override>{{"gpus", "1024"}}).run.parts[0].plan.data_parallel, 64);
  EXPECT_THROW(deepseek.with(std::vector<Override>{{"gpus", "6144"}}), std::exception);
}

TEST_F(PartsForecast, UncertaintyMovesAllParts) {
  const RunConfigs configs(store, "llama-3.1-405b-phases");
  const Forecast f = of(configs.run());
  const UncertainRun run = bind_uncertainty(
      f, load_gpu(store, f.pace), load_uncertainty(store, uncertainty_of_run(store, configs.file())), store);
  std::vector<double> values;
  for (const BoundInput& input : run.inputs) values.push_back(input.base);
  RunArithmetic arithmetic(run);
  const RiskOutcome own = arithmetic.at(values, {});
  EXPECT_DOUBLE_EQ(own[RiskFigure::days], f.estimate.expected.value());
  EXPECT_DOUBLE_EQ(own[RiskFigure::energy], f.estimate.energy.value());
  EXPECT_DOUBLE_EQ(own[RiskFigure::mfu], f.step.mfu);
  for (std::size_t i = 0; i < run.inputs.size(); ++i) {
    if (run.inputs[i].input == UncertainInput::step_time) values[i] *= 1.1;
  }
  EXPECT_GT(arithmetic.at(values, {})[RiskFigure::days], 1.09 * own[RiskFigure::days]);
}

TEST_F(PartsForecast, TheSearchTakesTheMainPart) {
  const traincast::Run run = load_run(store, "llama-3.1-405b-phases");
  const traincast::Run scaled = scaled_run(run, 16384);
  EXPECT_TRUE(scaled.parts.empty());
  EXPECT_EQ(scaled.model.sequence, 8192);
  EXPECT_EQ(scaled.plan.global_batch, 2048);
  EXPECT_EQ(scaled.title, run.title + ", all of it as its part \"16 M tokens a batch\"");
}

}  // namespace
}  // namespace traincast
