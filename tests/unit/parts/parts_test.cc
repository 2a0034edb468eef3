// Runs in parts by hand: the run of 1,024 GPUs of the golden tests, whose steps have 2,048 tokens a sequence.
#include "host/model/parts.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/base/statistics.h"
#include "host/model/failures.h"
#include "host/model/history.h"
#include "host/model/phases.h"
#include "tests/golden/forecasts.h"

namespace traincast {
namespace {

constexpr double kStep = 512 * 2048;  // tokens

RunPart part_of(const traincast::Run& run, double tokens, std::int64_t batch, std::int64_t sequence = 2048) {
  RunPart part{.title = "part", .tokens = Tokens(tokens), .sequence = sequence, .plan = run.plan};
  part.plan.global_batch = batch;
  part.stack = run.stack;
  return part;
}

// In parts whose tokens are those of the run.
traincast::Run run_with(std::vector<RunPart> parts) {
  traincast::Run run = hand_run();
  run.parts = std::move(parts);
  run.tokens = Tokens(0);
  for (std::size_t i = 0; i < run.parts.size(); ++i) {
    run.tokens += run.parts[i].tokens;
    if (run.parts[i].tokens > run.parts[run.main_part].tokens) run.main_part = i;
  }
  return run;
}

// 100 steps of half the batch, then 300 of the batch, by step times that the test gives.
traincast::Run two_parts() {
  const traincast::Run run = hand_run();
  return run_with({part_of(run, 50 * kStep, 256), part_of(run, 300 * kStep, 512)});
}

// Phases of one date: a step time for each piece.
std::vector<RunPhase> phases_of(const traincast::Run& run, const std::vector<double>& step_times) {
  static const Gpu gpu = hand_gpu();
  const FleetGpus all{&gpu, 1024};
  std::vector<RunPhase> phases;
  const std::vector<Piece> pieces = pieces_of(run);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    StepEstimate step = hand_step();
    step.time = Seconds(step_times.at(i));
    phases.push_back(whole_run(run_of_piece(run, pieces[i]), step, {&all, 1}));
    phases.back().part = pieces[i].part;
    phases.back().main = pieces[i].main;
  }
  return phases;
}

void never_fails(traincast::Run& run) {
  run.cluster.reliability.mtbf_per_gpu = Seconds(0);
  run.cluster.storage.stall = Seconds(0);
}

TEST(Parts, ARunWithoutPartsIsOnePiece) {
  const std::vector<Piece> pieces = pieces_of(hand_run());
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0].steps, 953675);  // 1e12 / 1,048,576 = 953,674.3
  EXPECT_TRUE(pieces[0].main);
  // As one part: the same steps, and the same estimate to the last bit.
  const traincast::Run plain = hand_run();
  const traincast::Run whole = run_with({part_of(plain, 1e12, 512)});
  std::vector<RunPhase> one = phases_of(plain, {4});
  std::vector<RunPhase> same = phases_of(whole, {4});
  const RunEstimate a = run_phases(plain, one);
  const RunEstimate b = run_phases(whole, same);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.expected, b.expected);
  EXPECT_EQ(a.energy, b.energy);
  EXPECT_EQ(a.rent, b.rent);
  EXPECT_EQ(a.model_flops, b.model_flops);
  EXPECT_EQ(a.schedule.interval, b.schedule.interval);
}

TEST(Parts, DaysAreTheSumOfThePartsTokensOverTheirSpeed) {
  traincast::Run run = two_parts();
  never_fails(run);
  std::vector<RunPhase> phases = phases_of(run, {3, 4});
  const RunEstimate e = run_phases(run, phases);
  EXPECT_EQ(e.steps, 400);
  // 50 x 1,048,576 tokens at 524,288 / 3 s, 300 x 1,048,576 at 1,048,576 / 4 s.
  EXPECT_DOUBLE_EQ(e.ideal.value(), 50 * kStep / (kStep / 2 / 3) + 300 * kStep / (kStep / 4));
  EXPECT_DOUBLE_EQ(e.ideal.value(), 1500);
  EXPECT_DOUBLE_EQ(e.expected.value(), 1500);
  EXPECT_DOUBLE_EQ(phases[0].length.value(), 300);
  EXPECT_DOUBLE_EQ(phases[1].length.value(), 1200);
  EXPECT_DOUBLE_EQ(e.gpu_hours, 1024 * 1500 / 3600.0);
  EXPECT_DOUBLE_EQ(e.energy.value(), phases[0].power.value() * 1500);
  EXPECT_DOUBLE_EQ(e.rent.value(), 1024 * 2.0 * 1500 / 3600);
  EXPECT_DOUBLE_EQ(e.tokens.value(), 350 * kStep / 1500);
  EXPECT_EQ(main_phase(phases), 1U);
}

TEST(Parts, FlopsAreOfEachPartsSequence) {
  const traincast::Run plain = hand_run();
  const traincast::Run run = run_with({part_of(plain, 1e9, 512), part_of(plain, 2e9, 64, 16384)});
  Transformer longer = plain.model;
  longer.sequence = 16384;
  const double expected = 1e9 * flops_per_token(plain.model, AttentionCount::causal_half).value() +
                          2e9 * flops_per_token(longer, AttentionCount::causal_half).value();
  EXPECT_DOUBLE_EQ(run_flops(run, AttentionCount::causal_half).value(), expected);
  EXPECT_EQ(run_of_piece(run, pieces_of(run)[1]).model.sequence, 16384);
}

// A step that is begun is ended: it takes tokens from the next part.
TEST(Parts, StepsAreWholeAndPartsBeginWhereTheLastOneEnds) {
  const traincast::Run plain = hand_run();
  const traincast::Run run = run_with({part_of(plain, 0.75 * kStep, 256), part_of(plain, 2 * kStep, 512)});
  const std::vector<Piece> pieces = pieces_of(run);
  EXPECT_EQ(pieces[0].steps, 2);  // 1.5 of 524,288 tokens: 262,144 too many
  EXPECT_EQ(pieces[1].steps, 2);  // 1.75 are left
  // Tokens of decimal texts whose shares are not exact make no step more.
  const traincast::Run decimal =
      run_with({part_of(plain, 3 * 0.1 * kStep * 10, 512), part_of(plain, 7 * kStep, 512)});
  EXPECT_EQ(pieces_of(decimal)[0].steps + pieces_of(decimal)[1].steps, 10);
}

// 128, 256, 384 sequences for 60 full batches of tokens each: 240, 120 and 80 steps; then 512.
TEST(Parts, ARampIsTheSumOverItsIncrements) {
  const traincast::Run plain = hand_run();
  RunPart ramp = part_of(plain, 180 * kStep, 512);
  ramp.rampup_start = 128;
  ramp.rampup_increment = 128;
  traincast::Run run = run_with({ramp, part_of(plain, 200 * kStep, 512)});
  never_fails(run);
  const std::vector<Piece> pieces = pieces_of(run);
  ASSERT_EQ(pieces.size(), 4U);
  const double steps[] = {240, 120, 80, 200};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(pieces[i].global_batch, 128 * static_cast<std::int64_t>(i + 1));
    EXPECT_EQ(pieces[i].steps, steps[i]);
    EXPECT_EQ(pieces[i].main, i == 3);
  }
  std::vector<RunPhase> phases = phases_of(run, {1.5, 2, 3, 4});
  const RunEstimate e = run_phases(run, phases);
  EXPECT_DOUBLE_EQ(e.expected.value(), 240 * 1.5 + 120 * 2 + 80 * 3 + 200 * 4);
  // Not by the mean batch of the ramp, 256 sequences: 360 steps of 2 s.
  EXPECT_NE(e.expected.value(), 360 * 2 + 200 * 4);
  // The same as its increments, each a part.
  traincast::Run apart = run_with({part_of(plain, 60 * kStep, 128), part_of(plain, 60 * kStep, 256),
                                   part_of(plain, 60 * kStep, 384), part_of(plain, 200 * kStep, 512)});
  never_fails(apart);
  std::vector<RunPhase> same = phases_of(apart, {1.5, 2, 3, 4});
  EXPECT_EQ(run_phases(apart, same).expected, e.expected);
}

TEST(Parts, AHistoryWithoutFailuresTakesTheAnalyticTime) {
  traincast::Run run = two_parts();
  never_fails(run);
  std::vector<RunPhase> phases = phases_of(run, {3.1, 4.7});
  const RunEstimate e = run_phases(run, phases);
  const RunHistory history = simulate_history(history_inputs(run, phases, e), 1, 0);
  ASSERT_TRUE(history.finished);
  EXPECT_DOUBLE_EQ(history.wall.value(), e.expected.value());
  EXPECT_DOUBLE_EQ(history.wall.value(), 100 * 3.1 + 300 * 4.7);
  EXPECT_DOUBLE_EQ(history.gpu_hours, e.gpu_hours);
  EXPECT_DOUBLE_EQ(history.energy.value(), e.energy.value());
}

TEST(Parts, HistoriesWithFailuresHaveTheAnalyticMean) {
  const traincast::Run plain = hand_run();
  RunPart ramp = part_of(plain, 2e5 * kStep, 512);
  ramp.rampup_start = 64;
  ramp.rampup_increment = 64;
  traincast::Run run =
      run_with({ramp, part_of(plain, 3e5 * kStep, 512), part_of(plain, 1e5 * kStep, 32, 32768)});
  run.cluster.reliability.mtbf_per_gpu = Seconds(1024 * 3600);  // one an hour
  std::vector<double> times = {1, 1.2, 1.6, 2.1, 2.7, 3.4, 3.9, 4, 6};
  std::vector<RunPhase> phases = phases_of(run, times);
  const RunEstimate e = run_phases(run, phases);
  EXPECT_LT(e.goodput(), 0.9);
  const HistoryModel model(history_inputs(run, phases, e));
  EXPECT_EQ(model.inputs().work.size(), 1U);  // of one date: they differ in nothing but speed
  std::vector<double> walls;
  for (std::uint64_t i = 0; i < 400; ++i) walls.push_back(model.simulate(3, i).wall.value());
  const double error = standard_deviation(walls) / std::sqrt(400.0);
  EXPECT_NEAR(mean(walls), e.expected.value(), 4 * error + 2e-4 * e.expected.value());
  EXPECT_LT(error / e.expected.value(), 1e-3);
}

// Half of the GPUs for ten days, then all. What gains little from the other half does best to come first.
TEST(Parts, OrderMattersWhereGpusArrive) {
  const auto days = [](bool insensitive_first) {
    const traincast::Run plain = hand_run();
    RunPart small = part_of(plain, 2e5 * kStep / 2, 256);  // 200,000 steps, 4 s on half and on all
    RunPart large = part_of(plain, 2e5 * kStep, 512);      // 200,000 steps, 8 s on half, 4 s on all
    traincast::Run run = insensitive_first ? run_with({small, large}) : run_with({large, small});
    never_fails(run);
    run.cluster.reliability.restart = Seconds(0);
    std::vector<RunPhase> half =
        phases_of(run, insensitive_first ? std::vector{4.0, 8.0} : std::vector{8.0, 4.0});
    for (RunPhase& phase : half) {
      phase.gpus = 512;
      phase.replicas = 32;
      phase.limit = Seconds(10 * kSecondsPerDay);
    }
    std::vector<RunPhase> phases = half;
    for (const RunPhase& phase : phases_of(run, {4, 4})) phases.push_back(phase);
    const RunEstimate e = run_phases(run, phases);
    const HistoryInputs in = history_inputs(run, phases, e);
    EXPECT_EQ(in.work.size(), 2U);  // their speeds change differently
    EXPECT_NEAR(simulate_history(in, 1, 0).wall / e.expected, 1, 1e-12);
    double energy = 0;
    for (const RunPhase& phase : phases) energy += phase.power.value() * phase.length.value();
    EXPECT_NEAR(e.energy.value() / energy, 1, 1e-12);
    return e.expected.value() / kSecondsPerDay;
  };
  // 864,000 s on half are 216,000 steps of 4 s: all small ones in 800,000 s, then 8,000 large ones of 8 s.
  EXPECT_NEAR(days(true), (864000 + (200000 - 8000) * 4.0) / 86400, 1e-9);
  // Or 108,000 large ones.
  EXPECT_NEAR(days(false), (864000 + (200000 - 108000) * 4.0 + 200000 * 4.0) / 86400, 1e-9);
}

TEST(Parts, PhasesThatAreNoneOfThePiecesAreRefused) {
  const traincast::Run run = two_parts();
  std::vector<RunPhase> phases = phases_of(run, {3, 4});
  EXPECT_THROW(run_phases(run, std::span(phases).first(1)), std::invalid_argument);
}

}  // namespace
}  // namespace traincast
