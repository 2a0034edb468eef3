#include "host/model/history.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <stdexcept>

#include "host/model/reliability.h"

namespace traincast {
namespace {

constexpr double kDay = kSecondsPerDay;

// One phase at a token a second, so that tokens are seconds of useful work.
HistoryInputs plain_run(double days, double mtbf, double restart, double stall, double interval) {
  HistoryInputs in;
  in.work = {Tokens(days * kDay)};
  in.phases = {{.gpus = 1000,
                .speed = {TokenRate(1)},
                .power = Watts(1e6),
                .idle_power = Watts(3e5),
                .checkpoint_interval = Seconds(interval)}};
  in.causes = {{.rate_per_gpu = Frequency(1 / (1000 * mtbf)), .restart = Seconds(restart)}};
  in.checkpoint_stall = Seconds(stall);
  return in;
}

struct Sample {
  double mean = 0, error = 0;
};
Sample sample(const HistoryInputs& in, int count, const std::function<double(const RunHistory&)>& figure) {
  const HistoryModel model(in);
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < count; ++i) {
    const RunHistory h = model.simulate(42, static_cast<std::uint64_t>(i));
    EXPECT_TRUE(h.finished);
    const double x = figure(h);
    sum += x;
    squares += x * x;
  }
  const double mean = sum / count;
  return {mean, std::sqrt(std::max(0.0, squares / count - mean * mean) / count)};
}
Sample wall(const HistoryInputs& in, int count) {
  return sample(in, count, [](const RunHistory& h) { return h.wall.value(); });
}

double closed_form(const HistoryInputs& in) {
  const HistoryModel model(in);
  const Checkpointing checkpointing{in.phases[0].checkpoint_interval, in.checkpoint_stall,
                                    in.checkpoint_durable};
  const double share = in.replicas.count >= 2 ? replica_fraction(model.classes(0), checkpointing, in.replicas)
                                              : effective_fraction(model.classes(0), checkpointing);
  return in.work[0].value() / in.phases[0].speed[0].value() / share;
}

// A run begins fresh and ends without a last checkpoint, which the long-run average does not know: one cycle
// at most, 1e-4 of these runs.
void expect_agree(const HistoryInputs& in, int count, const char* what) {
  const Sample found = wall(in, count);
  const double exact = closed_form(in);
  EXPECT_NEAR(found.mean, exact, 3 * found.error + 1e-4 * exact) << what;
  EXPECT_NEAR(found.mean / exact, 1, 0.005) << what;
}

TEST(History, AgreesWithDaly) {
  for (const double mtbf : {400.0, 1825.0, 20000.0}) {
    for (const double restart : {0.0, 180.0, 600.0}) {
      for (const double stall : {0.0, 5.0, 60.0}) {
        const double interval = std::max(20.0, young_interval(Seconds(stall), Seconds(mtbf)).value());
        const HistoryInputs in = plain_run(30, mtbf, restart, stall, interval);
        const double exact =
            30 * kDay /
            effective_fraction(Seconds(interval), Seconds(stall), Seconds(mtbf), Seconds(restart));
        const Sample found = wall(in, 400);
        EXPECT_NEAR(found.mean, exact, 3 * found.error + 2e-4 * exact)
            << mtbf << " " << restart << " " << stall;
        EXPECT_NEAR(found.mean / exact, 1, 0.005) << mtbf << " " << restart << " " << stall;
      }
    }
  }
}

TEST(History, AgreesWithTheExtendedForm) {
  HistoryInputs in = plain_run(60, 1825, 180, 5, 135);
  in.checkpoint_durable = Seconds(60);
  expect_agree(in, 400, "durable a minute later");
  in.causes.push_back({.rate_per_gpu = in.causes[0].rate_per_gpu * 0.3, .restart = Seconds(900)});
  expect_agree(in, 400, "two restarts");
  in.causes.push_back({.rate_per_job = Frequency(1 / 2e4), .restart = Seconds(300), .planned = true});
  expect_agree(in, 400, "planned stops");
  in.causes.push_back(
      {.rate_per_gpu = in.causes[0].rate_per_gpu * 0.03, .restart = Seconds(180), .rollback = Seconds(3600)});
  expect_agree(in, 400, "corruption found an hour late");
  in.causes[0].restart_per_gpu = Seconds(0.1);
  in.causes[0].restart_per_gpu_squared = Seconds(0.002);  // of 60 GPUs: 7.2 s
  expect_agree(in, 400, "restarts that grow with the ranks");
}

TEST(History, AgreesForReplicas) {
  HistoryInputs in = plain_run(60, 1825, 900, 5, 135);
  in.replicas = {32, Seconds(180)};
  expect_agree(in, 400, "32 replicas");
  in.causes.push_back({.rate_per_gpu = in.causes[0].rate_per_gpu * 0.5, .restart = Seconds(3600)});
  expect_agree(in, 400, "some away for an hour");
  in.causes.push_back({.rate_per_gpu = in.causes[0].rate_per_gpu * 0.25, .restart = Seconds(4 * 3600)});
  expect_agree(in, 400, "and fewer for four");
}

// Three causes of one rate, of which one keeps a replica away for 3600 s more than the 180 s that all wait.
TEST(History, WhereTheTimeOfReplicasGoes) {
  HistoryInputs in = plain_run(60, 1e4, 180, 5, 500);
  in.replicas = {32, Seconds(180)};
  const HistoryCause quick = in.causes[0];
  in.causes.push_back({.rate_per_gpu = quick.rate_per_gpu, .restart = Seconds(180), .takes_node = true});
  in.causes.push_back({.rate_per_gpu = quick.rate_per_gpu, .restart = Seconds(3780)});
  const Sample share = sample(
      in, 200, [](const RunHistory& h) { return h.degraded.value() / (h.wall - h.restarting).value(); });
  EXPECT_NEAR(share.mean, 3600 / 1e4 / 32, 5 * share.error + 1e-4);
  const Sample gap = sample(in, 200, [](const RunHistory& h) { return h.interruptions / h.wall.value(); });
  EXPECT_NEAR(gap.mean, 3 / 1e4, 5 * gap.error + 1e-6);
  // Stalls of 5 s in 505 s of what the replicas that are there do.
  const RunHistory h = simulate_history(in, 1, 0);
  EXPECT_NEAR(h.stalls / (h.wall - h.restarting - h.degraded), 5.0 / 505, 1e-9);
}

TEST(History, TimeAddsUp) {
  HistoryInputs in = plain_run(60, 1825, 180, 5, 135);
  in.causes[0].takes_node = true;
  in.spare_nodes = 20;
  in.repair = Seconds(kDay);
  for (std::uint64_t i = 0; i < 20; ++i) {
    const RunHistory h = simulate_history(in, 1, i);
    const Seconds sum = h.useful + h.lost + h.restarting + h.waiting + h.stalls + h.degraded + h.paused;
    EXPECT_NEAR(sum / h.wall, 1, 1e-12);
    EXPECT_NEAR(h.useful.value(), 60 * kDay, 1e-3);
    EXPECT_GT(h.waiting.value(), 0);  // 47 failures a day, 20 nodes back a day
    EXPECT_GE(h.lost.value(), 0);
    EXPECT_NEAR(h.gpu_hours, 1000 * h.wall.value() / 3600, 1e-6 * h.gpu_hours);
    const double idle = (h.restarting + h.waiting).value();
    EXPECT_NEAR(h.energy.value(), 1e6 * (h.wall.value() - idle) + 3e5 * idle, 1e-6 * h.energy.value());
  }
}

TEST(History, InterruptionsAreOneEveryMtbf) {
  const HistoryInputs in = plain_run(60, 1825, 180, 5, 135);
  const Sample found =
      sample(in, 200, [](const RunHistory& h) { return h.interruptions * 1825 / h.wall.value(); });
  EXPECT_NEAR(found.mean, 1, 4 * found.error);
}

TEST(History, SparesThatNeverRunOutCostNothing) {
  HistoryInputs in = plain_run(60, 1825, 180, 5, 135);
  const double without = wall(in, 50).mean;
  in.causes[0].takes_node = true;
  in.spare_nodes = 500;  // 142 in repair on average
  in.repair = Seconds(3 * kDay);
  EXPECT_DOUBLE_EQ(wall(in, 50).mean, without);
  in.spare_nodes = 0;  // each failure waits for its own node
  in.repair = Seconds(1000);
  const Sample waits =
      sample(in, 50, [](const RunHistory& h) { return h.waiting.value() / h.interruptions; });
  EXPECT_NEAR(waits.mean, 1000, 1e-9);
}

TEST(History, NothingBreaksAtRatesOfZero) {
  HistoryInputs in = plain_run(1, 1825, 180, 5, 1000);
  in.causes[0].rate_per_gpu = Frequency(0);
  const RunHistory h = simulate_history(in, 1, 0);
  EXPECT_TRUE(h.finished);
  EXPECT_EQ(h.interruptions, 0);
  EXPECT_DOUBLE_EQ(h.wall.value(), kDay + 86 * 5);  // after 1,000 s, ..., 86,000 s
  in.causes.clear();
  EXPECT_EQ(simulate_history(in, 1, 0).wall, h.wall);
}

TEST(History, PhasesOfTheCalendarAndPartsOfTheWork) {
  HistoryInputs in = plain_run(1, 1825, 0, 0, 1e9);
  in.causes.clear();
  in.work = {Tokens(1000), Tokens(3000)};  // the second part at half the speed
  in.phases[0].speed = {TokenRate(2), TokenRate(1)};
  EXPECT_DOUBLE_EQ(simulate_history(in, 1, 0).wall.value(), 500 + 3000);
  HistoryPhase more = in.phases[0];
  more.start = Seconds(1500);  // 1,000 tokens of the second part are done
  more.gpus = 2000;
  more.speed = {TokenRate(4), TokenRate(2)};
  more.change = Seconds(100);
  in.phases.push_back(more);
  const RunHistory h = simulate_history(in, 1, 0);
  EXPECT_DOUBLE_EQ(h.wall.value(), 1500 + 100 + 1000);
  EXPECT_DOUBLE_EQ(h.paused.value(), 100);
  EXPECT_DOUBLE_EQ(h.gpu_hours, (1500 * 1000.0 + 1100 * 2000.0) / 3600);
  in.phases[0].speed = {TokenRate(0), TokenRate(0)};  // the run waits for its GPUs
  EXPECT_DOUBLE_EQ(simulate_history(in, 1, 0).wall.value(), 1500 + 100 + 250 + 1500);
}

TEST(History, PhasesWithFailuresAreWhatTheyAreAlone) {
  // Two phases alike: as one.
  HistoryInputs in = plain_run(60, 1825, 180, 5, 135);
  const Sample one = wall(in, 300);
  in.phases.push_back(in.phases[0]);
  in.phases[1].start = Seconds(20.3 * kDay);
  const Sample two = wall(in, 300);
  EXPECT_NEAR(two.mean, one.mean, 3 * std::hypot(one.error, two.error) + 1825);
}

TEST(History, SaysThatItNeverFinishes) {
  HistoryInputs in = plain_run(1, 10, 600, 5, 100);  // restarts of 60 times the mean time between failures
  RunHistory h = simulate_history(in, 1, 0);
  EXPECT_FALSE(h.finished);
  EXPECT_EQ(h.reason, "useful work per hour is 0");
  EXPECT_TRUE(std::isfinite(h.wall.value()));
  in = plain_run(1, 1825, 180, 5, 135);
  in.phases[0].speed = {TokenRate(0)};
  EXPECT_FALSE(simulate_history(in, 1, 0).finished);
  in = plain_run(1000, 1825, 180, 5, 135);
  in.horizon = Seconds(30 * kDay);
  h = simulate_history(in, 1, 0);
  EXPECT_FALSE(h.finished);
  EXPECT_EQ(h.wall, in.horizon);
  // A bad first phase is only time lost.
  in = plain_run(1, 1825, 180, 5, 135);
  in.phases.push_back(in.phases[0]);
  in.phases[1].start = Seconds(kDay);
  in.causes[0] = {.rate_per_gpu = Frequency(1), .restart = Seconds(180)};
  in.phases[1].gpus = 1e-6;
  h = simulate_history(in, 1, 0);
  EXPECT_TRUE(h.finished);
  EXPECT_DOUBLE_EQ(h.paused.value(), kDay);
}

TEST(History, SameSeedSameBytes) {
  const HistoryInputs in = plain_run(60, 1825, 180, 5, 135);
  const HistoryModel model(in);
  EXPECT_EQ(model.simulate(1, 7).wall, simulate_history(in, 1, 7).wall);
  EXPECT_NE(model.simulate(1, 7).wall, model.simulate(1, 8).wall);
  EXPECT_NE(model.simulate(1, 7).wall, model.simulate(2, 7).wall);
}

TEST(History, RefusesInputsThatContradictThemselves) {
  const HistoryInputs good = plain_run(1, 1825, 180, 5, 135);
  const auto refused = [&](const std::function<void(HistoryInputs&)>& spoil) {
    HistoryInputs in = good;
    spoil(in);
    EXPECT_THROW(simulate_history(in, 1, 0), std::invalid_argument);
  };
  refused([](HistoryInputs& in) { in.work.clear(); });
  refused([](HistoryInputs& in) { in.phases.clear(); });
  refused([](HistoryInputs& in) { in.phases[0].start = Seconds(1); });
  refused([](HistoryInputs& in) { in.phases.push_back(in.phases[0]); });
  refused([](HistoryInputs& in) { in.work.emplace_back(5); });
  refused([](HistoryInputs& in) { in.phases[0].checkpoint_interval = Seconds(0); });
  refused([](HistoryInputs& in) { in.causes[0].restart = Seconds(NAN); });
  refused([](HistoryInputs& in) { in.causes[0].rate_per_gpu = Frequency(-1); });
}

}  // namespace
}  // namespace traincast
