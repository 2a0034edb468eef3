// Reports of sweep, uncertainty and deadline, from figures made by hand. After a wanted change:
// TRAINCAST_UPDATE_GOLDEN=1 build/tests/risk_reports_test, and read the difference.
#include <limits>

#include "host/report/renderer.h"
#include "host/risk/deadline_report.h"
#include "host/risk/sweep_report.h"
#include "host/risk/uncertainty_report.h"
#include "tests/golden/golden.h"

namespace traincast {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

void expect_report(const std::string& name, const Report& report) {
  expect_golden("expected/" + name + ".txt", render(report, "text", {.width = 120}));
  expect_golden("expected/" + name + ".json", render(report, "json", {}));
}

SweepFigures hand_figures(double gpus) {
  SweepFigures f;
  f.gpus = static_cast<std::int64_t>(gpus);
  f.tokens = Tokens(1e12);
  f.memory = Bytes(60e9);
  f.step.time = Seconds(4096 / gpus);
  f.step.mfu = 0.42;
  f.estimate.ideal = Seconds(4e9 / gpus);
  f.estimate.expected = Seconds(4.5e9 / gpus);
  f.estimate.schedule = {Seconds(900), 4.0 / 4.5, 0.01};
  f.estimate.power = Watts(1300 * gpus);
  f.estimate.energy = Joules(1300 * 4.5e9);
  f.estimate.rent = Dollars(2.5e6);
  f.estimate.gpu_hours = 1.25e6;
  return f;
}

TEST(RiskReports, Sweep) {
  Sweep sweep{"tiny-1k",
              "A tiny model",
              {{"gpus", {"512", "1000", "1024"}}, {"cluster.reliability.restart", {"3 min", "30 min"}}},
              {}};
  for (const std::string& gpus : sweep.axes[0].values) {
    for (const std::string& restart : sweep.axes[1].values) {
      SweepPoint point{{gpus, restart}, {}, ""};
      if (gpus == "1000") {
        point.reason = "--over gpus=1000: not shared evenly";
      } else {
        point.figures = hand_figures(std::stod(gpus));
      }
      sweep.points.push_back(point);
    }
  }
  expect_report("sweep", sweep_report(sweep));
}

Uncertainty hand_uncertainty() {
  Uncertainty u;
  u.seed = 1;
  u.draws = 4096;
  u.evaluations = 12288;
  u.finishing = 0.88;
  const double day = kSecondsPerDay;
  u.estimate = {100 * day, 0.8, 0.4, 5e6, 1.3e8, 1e15, 8e7, 6e8, 2e7, 3e8};
  for (std::size_t f = 0; f < kRiskFigures; ++f) {
    u.figures[f] = {0.9 * u.estimate[f], u.estimate[f], f == 0 ? kNever : 1.2 * u.estimate[f]};
  }
  const Provenance paper{Origin::published, "a paper"};
  u.inputs = {
      {UncertainInput::rent, 2.5 / 3600, Distribution::lognormal(1.5 / 3600, 2.5 / 3600, 4.0 / 3600), paper},
      {UncertainInput::flops, 3.5e26, Distribution::lognormal(2.1e26, 3.5e26, 1.1e27), paper},
      {UncertainInput::failures,
       1,
       Distribution::normal(0, 1, -kNever, kNever),
       {Origin::assumed, "chance"}}};
  u.effects.resize(3);
  u.effects[0].p10 = 1.5 / 3600;
  u.effects[0].p50 = 2.5 / 3600;
  u.effects[0].p90 = 4.0 / 3600;
  u.effects[1].p10 = 2.1e26;
  u.effects[1].p50 = 3.5e26;
  u.effects[1].p90 = 1.1e27;
  u.effects[2].p10 = -1.28155;
  u.effects[2].p90 = 1.28155;
  for (InputEffect& e : u.effects) e.at_p10 = e.at_p90 = u.estimate;
  u.effects[1].at_p10[0] = 60 * day;
  u.effects[1].at_p90[0] = kNever;
  u.effects[1].first[0] = 0.9;
  u.effects[1].total[0] = 0.97;
  u.effects[0].first[6] = u.effects[0].total[6] = 0.4;
  u.effects[2].first[0] = -0.001;
  u.effects[2].total[0] = 0.002;
  return u;
}

TEST(RiskReports, Uncertainty) {
  const Uncertainty u = hand_uncertainty();
  expect_report("uncertainty",
                {.name = "estimate", .scalars = uncertainty_scalars(u), .tables = uncertainty_tables(u)});
}

TEST(RiskReports, Deadline) {
  Deadline d;
  d.run = "tiny-1k";
  d.title = "A tiny model";
  d.start = *parse_date("2024-09-02");
  d.by = *parse_date("2024-12-31");
  d.available = Seconds(121 * kSecondsPerDay);
  d.chance = 0.42;
  d.finishing = 0.88;
  d.seed = 1;
  d.draws = 4096;
  d.times = {100 * kSecondsPerDay, 130 * kSecondsPerDay, kNever};
  d.mfu = 0.4;
  d.gpus = 1024;
  d.answers = {{0.5, *parse_date("2024-08-24"), "", 0.43, "", 2048, ""},
               {0.9, std::nullopt, "no start does: so many of the draws do not finish", std::nullopt,
                "no MFU does, not even 100 %, the peak of the plan's number format", std::nullopt,
                "no number of GPUs does: the best, 2,048, reach 55 %"}};
  expect_report("deadline", deadline_report(d));
}

}  // namespace
}  // namespace traincast
