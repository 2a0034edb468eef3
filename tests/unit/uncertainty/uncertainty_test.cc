#include "host/risk/uncertainty.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/base/statistics.h"
#include "host/config/step_residuals.h"
#include "host/model/history.h"
#include "host/report/renderer.h"
#include "host/risk/uncertainty_report.h"
#include "tests/unit/uncertainty/shipped_run.h"

namespace traincast {
namespace {

constexpr const char* kRun = "llama-3.1-405b-16k";

std::size_t at(RiskFigure figure) {
  return static_cast<std::size_t>(figure);
}

// The effect of one input; fails the test where the run has none of it.
const InputEffect& effect(const Uncertainty& u, UncertainInput input) {
  for (std::size_t i = 0; i < u.inputs.size(); ++i) {
    if (u.inputs[i].input == input) return u.effects[i];
  }
  throw std::runtime_error("no input " + std::string(key(input)));
}

std::vector<double> own_values(const UncertainRun& run) {
  std::vector<double> values;
  for (const BoundInput& input : run.inputs) values.push_back(input.base);
  return values;
}

TEST(Uncertainty, OwnValuesGiveTheEstimate) {
  for (const char* name : {kRun, "grok-3-central-100k", "deepseek-v3-2k", "grok-3-colossus-timeline"}) {
    const UncertainRun run = shipped_run(name);
    const RiskOutcome outcome = RunArithmetic(run).at(own_values(run), {});
    const RunEstimate& e = run.estimate;
    ASSERT_TRUE(outcome.finishes);
    const auto same = [&](RiskFigure figure, double wanted) {
      EXPECT_NEAR(outcome[figure] / wanted, 1, 1e-9) << name << " " << at(figure);
    };
    same(RiskFigure::days, e.expected.value());
    same(RiskFigure::goodput, e.goodput());
    same(RiskFigure::mfu, run.step.mfu);
    same(RiskFigure::gpu_hours, e.gpu_hours);
    same(RiskFigure::power, e.power.value());
    same(RiskFigure::energy, e.energy.value());
    same(RiskFigure::co2, e.co2.value());
    same(RiskFigure::rent, e.rent.value());
    same(RiskFigure::electricity, e.electricity.value());
  }
}

// Stops that are planned come when they are planned.
TEST(Uncertainty, ChanceIsOfUnplannedInterruptionsAlone) {
  UncertainRun run = shipped_run(kRun);
  const auto days = [&run](double deviations) {
    return RunArithmetic(run).at(own_values(run), {.deviations = deviations})[RiskFigure::days];
  };
  EXPECT_GT(days(2), days(0));
  for (FailureCause& cause : run.run.cluster.reliability.causes) cause.planned = true;
  EXPECT_EQ(days(2), days(0));
}

// The spread that configs/published/residuals.json gives a run of its kind and size, around 1.
TEST(Uncertainty, StepTimesErrAsThoseOfPublishedRuns) {
  const UncertainRun run = shipped_run(kRun);
  const auto found = std::find_if(run.inputs.begin(), run.inputs.end(), [](const BoundInput& input) {
    return input.input == UncertainInput::step_time;
  });
  ASSERT_NE(found, run.inputs.end());
  const StepResiduals residuals = load_step_residuals(shipped_configs());
  const ResidualClass* kind = residuals.class_of(false, 2024);
  ASSERT_NE(kind, nullptr);
  const double spread = residuals.spread(*kind, 16384);
  EXPECT_GT(spread, 0.01);
  EXPECT_EQ(found->base, 1);
  EXPECT_NEAR(found->distribution.quantile(0.5), 1, 1e-12);
  EXPECT_NEAR(found->distribution.quantile(normal_share(1)), std::exp(spread), 1e-9);
  EXPECT_NEAR(found->distribution.quantile(normal_share(-1)), std::exp(-spread), 1e-9);
}

// What an input means: each moved alone, against the same estimate made from changed configs.
TEST(Uncertainty, InputsDoWhatTheConfigsWouldDo) {
  struct Case {
    UncertainInput input;
    const char* path;
    const char* text;
    double value;
  };
  const Case cases[] = {
      {UncertainInput::mtbf_per_gpu, "cluster.reliability.mtbf_per_gpu", "20000 h", 20000 * 3600.0},
      {UncertainInput::checkpoint_stall, "cluster.storage.stall", "40 s", 40},
      {UncertainInput::straggler_spread, "gpu.sustained.spread", "0.04", 0.04},
      {UncertainInput::server_power, "gpu.power.server_training", "1200 W", 1200},
      {UncertainInput::pue, "cluster.power.pue", "1.4", 1.4},
      {UncertainInput::electricity_price, "cluster.power.price", "90 USD/MWh", 90 / 3.6e9},
      {UncertainInput::rent, "gpu.price.rent", "4 USD/h", 4 / 3600.0},
      {UncertainInput::capital, "gpu.price.capital", "30000 USD", 30000},
      {UncertainInput::co2, "cluster.power.co2", "0.5 kg/kWh", 0.5 / 3.6e6}};
  const UncertainRun run = shipped_run(kRun);
  for (const Case& c : cases) {
    std::vector<double> values = own_values(run);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (run.inputs[i].input == c.input) values[i] = c.value;
    }
    const RiskOutcome moved = RunArithmetic(run).at(values, {});
    const UncertainRun set = shipped_run(kRun, {{c.path, c.text}});
    const RiskOutcome wanted = RunArithmetic(set).at(own_values(set), {});
    for (int f = 0; f < kRiskFigures; ++f) {
      const auto figure = static_cast<RiskFigure>(f);
      EXPECT_NEAR(moved[figure] / wanted[figure], 1, 1e-6) << c.path << " figure " << f;
    }
  }
}

TEST(Uncertainty, RestartAndWorkScale) {
  const UncertainRun run = shipped_run(kRun, {{"restart", "6 min"}});
  std::vector<double> values = own_values(run);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (run.inputs[i].input == UncertainInput::restart) values[i] = 1200;
  }
  const UncertainRun set = shipped_run(kRun, {{"restart", "20 min"}});
  EXPECT_NEAR(RunArithmetic(run).at(values, {})[RiskFigure::days], set.estimate.expected.value(), 1);
  // Restarts that the configs state by phases.
  const UncertainRun phased = shipped_run(kRun);
  ASSERT_TRUE(phased.run.cluster.reliability.by_phases);
  values = own_values(phased);
  const double before = RunArithmetic(phased).at(values, {})[RiskFigure::goodput];
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (phased.inputs[i].input == UncertainInput::restart) values[i] *= 3;
  }
  EXPECT_LT(RunArithmetic(phased).at(values, {})[RiskFigure::goodput], before);
}

TEST(Uncertainty, PercentilesAreInOrderAndSharesInRange) {
  for (const char* name : {kRun, "grok-3-central-100k"}) {
    const Uncertainty u = estimate_uncertainty(shipped_run(name), {.draws = 2048});
    EXPECT_EQ(u.times.size(), 2048U);
    for (int f = 0; f < kRiskFigures; ++f) {
      const Percentiles& p = u.figures[static_cast<std::size_t>(f)];
      EXPECT_LE(p.p10, p.p50);
      EXPECT_LE(p.p50, p.p90);
      EXPECT_GT(p.p10, 0) << f;
      double first = 0;
      for (const InputEffect& e : u.effects) {
        first += e.first[static_cast<std::size_t>(f)];
        EXPECT_GT(e.total[static_cast<std::size_t>(f)], -1e-12);
        EXPECT_LT(e.total[static_cast<std::size_t>(f)], 1.2);
      }
      EXPECT_NEAR(first, 1, 0.2) << "logarithms are nearly additive, figure " << f;
    }
    EXPECT_NEAR(effect(u, UncertainInput::failures).p90, normal_quantile(0.9), 1e-12);
    EXPECT_NEAR(u.inputs.back().distribution.quantile(0.9), normal_quantile(0.9), 1e-12);
    // What it costs does not change how long it takes.
    EXPECT_EQ(effect(u, UncertainInput::rent).total[at(RiskFigure::days)], 0);
    EXPECT_GT(effect(u, UncertainInput::rent).total[at(RiskFigure::rent)], 0.1);
    EXPECT_GT(effect(u, UncertainInput::step_time).total[at(RiskFigure::days)], 0.01);
    EXPECT_LT(effect(u, UncertainInput::step_time).at_p10[at(RiskFigure::days)],
              effect(u, UncertainInput::step_time).at_p90[at(RiskFigure::days)]);
    EXPECT_GT(effect(u, UncertainInput::mtbf_per_gpu).at_p10[at(RiskFigure::days)],
              effect(u, UncertainInput::mtbf_per_gpu).at_p90[at(RiskFigure::days)]);
  }
}

// 90-100 days are published of GPT-4 and 3.5e26 FLOP of Grok-3 is the estimate's own median.
// Where one price alone is uncertain and only planned stops are left, which lose no work, the cost is as
// uncertain as the price.
TEST(Uncertainty, PercentilesOfOneInputAreThoseOfWhatFollowsFromIt) {
  UncertainRun run = shipped_run(kRun, {{"mtbf_per_gpu", "1e9 h"}});
  std::size_t rent = run.inputs.size();
  for (std::size_t i = 0; i < run.inputs.size(); ++i) {
    if (run.inputs[i].input == UncertainInput::rent) rent = i;
    run.inputs[i].distribution = Distribution::fixed(run.inputs[i].base);
  }
  ASSERT_LT(rent, run.inputs.size());
  const double price = run.inputs[rent].base;
  run.inputs[rent].distribution = Distribution::uniform(price, 2 * price);
  const Uncertainty u =
      estimate_uncertainty(run, {.seed = 3, .draws = 4096, .threads = 1, .histories = false});
  const std::size_t figure = at(RiskFigure::rent);
  const Percentiles& costs = u.figures[figure];
  EXPECT_NEAR(costs.p10 / u.estimate[figure], 1.1, 2e-3);
  EXPECT_NEAR(costs.p50 / u.estimate[figure], 1.5, 2e-3);
  EXPECT_NEAR(costs.p90 / u.estimate[figure], 1.9, 2e-3);
  const InputEffect& swing = u.effects[rent];
  EXPECT_NEAR(swing.p10 / price, 1.1, 1e-12);
  EXPECT_NEAR(swing.p50 / price, 1.5, 1e-12);
  EXPECT_NEAR(swing.p90 / price, 1.9, 1e-12);
  EXPECT_NEAR(swing.at_p10[figure] / u.estimate[figure], 1.1, 1e-6);
  EXPECT_NEAR(swing.at_p90[figure] / u.estimate[figure], 1.9, 1e-6);
  // Chance is the last: a standard normal deviate.
  EXPECT_NEAR(u.effects.back().p10, -1.2815515655446, 1e-9);
  EXPECT_NEAR(u.effects.back().p50, 0, 1e-12);
  EXPECT_NEAR(u.effects.back().p90, 1.2815515655446, 1e-9);
}

TEST(Uncertainty, PublishedFiguresLieInside) {
  const Uncertainty gpt = estimate_uncertainty(shipped_run("gpt-4-a100-25k"), {.draws = 1024});
  EXPECT_LT(gpt.figures[at(RiskFigure::days)].p10, 90 * kSecondsPerDay);
  EXPECT_GT(gpt.figures[at(RiskFigure::days)].p90, 100 * kSecondsPerDay);
}

TEST(Uncertainty, SameBytesOnAnyNumberOfThreads) {
  const UncertainRun run = shipped_run("grok-3-central-100k");
  const Uncertainty one = estimate_uncertainty(run, {.seed = 7, .draws = 2048, .threads = 1});
  for (const unsigned threads : {2U, 3U, 8U}) {
    const Uncertainty many = estimate_uncertainty(run, {.seed = 7, .draws = 2048, .threads = threads});
    EXPECT_EQ(one.times, many.times);
    for (std::size_t i = 0; i < one.effects.size(); ++i) {
      EXPECT_EQ(one.effects[i].first, many.effects[i].first);
      EXPECT_EQ(one.effects[i].total, many.effects[i].total);
    }
  }
  const Uncertainty other = estimate_uncertainty(run, {.seed = 8, .draws = 2048});
  EXPECT_NE(one.times, other.times);
  EXPECT_NEAR(other.figures[0].p50 / one.figures[0].p50, 1, 0.05);
}

// The variance of the time in closed form against histories drawn event by event.
TEST(Uncertainty, DeviationOfTheTimeIsThatOfHistories) {
  struct Case {
    double mtbf, restart, interval, stall;
  };
  for (const Case& c : {Case{1800, 600, 300, 5}, {1800, 0, 600, 10}, {20000, 300, 1000, 20}}) {
    constexpr double kWork = 3e5;
    HistoryInputs in;
    in.work = {Tokens(kWork)};
    in.phases = {{.gpus = 1, .speed = {TokenRate(1)}, .checkpoint_interval = Seconds(c.interval)}};
    in.causes = {{.rate_per_gpu = Frequency(1 / c.mtbf), .restart = Seconds(c.restart)}};
    in.checkpoint_stall = Seconds(c.stall);
    const HistoryModel model(in);
    constexpr int kHistories = 4000;
    std::vector<double> times;
    for (std::uint64_t i = 0; i < kHistories; ++i) times.push_back(model.simulate(5, i).wall.value());
    const double closed = time_deviation(Seconds(kWork), Seconds(c.interval), Seconds(c.stall),
                                         Seconds(c.mtbf), Seconds(c.restart))
                              .value();
    // The deviation of a deviation is 1 / sqrt(2 n) = 1.1 %.
    EXPECT_NEAR(standard_deviation(times) / closed, 1, 0.05) << c.mtbf << " " << c.restart;
  }
}

TEST(Uncertainty, HistoriesAndTheClosedFormAgree) {
  const UncertainRun run = shipped_run(kRun);
  const std::vector<double> drawn = draw_times(run, {.draws = 1024});
  const std::vector<double> closed = draw_times(run, {.draws = 1024, .histories = false});
  for (const double share : {0.1, 0.5, 0.9}) {
    EXPECT_NEAR(percentile(drawn, share) / percentile(closed, share), 1, 0.01);
  }
}

// Half an hour of restart for each of interruptions every three minutes: some draws never finish.
TEST(Uncertainty, DrawsThatNeverFinishAreSaidInWords) {
  const UncertainRun run =
      shipped_run("grok-3-central-100k", {{"mtbf_per_gpu", "50700 h"}, {"restart", "10 min"}});
  UncertainRun worse = run;
  for (BoundInput& input : worse.inputs) {
    if (input.input == UncertainInput::restart) {
      input.distribution = Distribution::discrete({600, 1e6}, {0.75, 0.25});
    }
  }
  const Uncertainty u = estimate_uncertainty(worse, {.draws = 512});
  EXPECT_NEAR(u.finishing, 0.75, 0.02);
  EXPECT_TRUE(std::isfinite(u.figures[at(RiskFigure::days)].p50));
  EXPECT_TRUE(std::isinf(u.figures[at(RiskFigure::days)].p90));
  EXPECT_EQ(u.figures[at(RiskFigure::goodput)].p10, 0);
  Report report{.name = "test", .tables = uncertainty_tables(u)};
  for (const char* format : {"text", "json"}) {
    const std::string text = render(report, format, {.width = 120});
    EXPECT_EQ(text.find("nan"), std::string::npos);
    EXPECT_EQ(text.find(" inf"), std::string::npos) << text;
    EXPECT_NE(text.find("of the draws do not finish"), std::string::npos) << text;
  }
}

TEST(Uncertainty, PercentilesWithInfiniteValues) {
  const double never = std::numeric_limits<double>::infinity();
  EXPECT_EQ(percentile_with_infinite({3, 1, 2, never, never}, 0.5), 3);
  EXPECT_EQ(percentile_with_infinite({3, 1, 2, never, never}, 0.55), never);
  EXPECT_EQ(percentile_with_infinite({1, never}, 0), 1);
  EXPECT_EQ(percentile_with_infinite({1, 2}, 0.25), 1.25);
}

}  // namespace
}  // namespace traincast
