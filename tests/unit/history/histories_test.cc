#include "host/risk/histories.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace traincast {
namespace {

HistoryInputs inputs() {
  HistoryInputs in;
  in.work = {Tokens(20 * kSecondsPerDay)};
  in.phases = {{.gpus = 1e5,
                .speed = {TokenRate(1)},
                .power = Watts(1e8),
                .idle_power = Watts(3e7),
                .checkpoint_interval = Seconds(135)}};
  in.causes = {{.rate_per_gpu = Frequency(1 / 1.8e8), .restart = Seconds(180)}};
  in.checkpoint_stall = Seconds(5);
  return in;
}

std::vector<double> walls(const std::vector<RunHistory>& histories) {
  std::vector<double> out;
  for (const RunHistory& h : histories) {
    out.push_back(h.wall.value());
    out.push_back(h.energy.value());
    out.push_back(h.interruptions);
  }
  return out;
}

TEST(Histories, SameBytesOnAnyNumberOfThreads) {
  const HistoryModel model(inputs());
  const std::vector<double> one = walls(simulate_histories(model, 101, 9, {.threads = 1}));
  EXPECT_EQ(one.size(), 303U);
  EXPECT_EQ(walls(simulate_histories(model, 101, 9, {.threads = 2})), one);
  EXPECT_EQ(walls(simulate_histories(model, 101, 9, {.threads = 3})), one);
  EXPECT_NE(walls(simulate_histories(model, 101, 10, {.threads = 1})), one);
}

// Ranks one after the other: each one's share is what it would send.
TEST(Histories, SameBytesOnAnyNumberOfRanks) {
  const HistoryModel model(inputs());
  const std::vector<double> alone = walls(simulate_histories(model, 11, 9));
  for (const int size : {2, 3, 5, 16}) {
    std::vector<std::string> parts(static_cast<std::size_t>(size));
    for (int rank = 0; rank < size; ++rank) {
      const auto keep = [&](const std::string& mine) {
        parts[static_cast<std::size_t>(rank)] = mine;
        return std::vector<std::string>(1, mine);
      };
      static_cast<void>(
          simulate_histories(model, 11, 9, {.threads = 1, .rank = rank, .size = size, .gather = keep}));
    }
    const auto all = [&](const std::string&) { return parts; };
    EXPECT_EQ(walls(simulate_histories(model, 11, 9, {.rank = 0, .size = size, .gather = all})), alone)
        << size;
    EXPECT_EQ(walls(simulate_histories(model, 11, 9, {.rank = size - 1, .size = size, .gather = all})),
              alone);
  }
}

TEST(Histories, SplitsThatAreNone) {
  const HistoryModel model(inputs());
  EXPECT_THROW(simulate_histories(model, 5, 1, {.rank = 2, .size = 2}), std::invalid_argument);
  EXPECT_THROW(simulate_histories(model, 5, 1, {.rank = 0, .size = 2}), std::invalid_argument);
  EXPECT_THROW(simulate_histories(model, -1, 1), std::invalid_argument);
  EXPECT_TRUE(simulate_histories(model, 0, 1).empty());
}

TEST(Histories, Summary) {
  RunHistory good;
  good.finished = true;
  good.wall = Seconds(100);
  good.useful = Seconds(80);
  good.lost = Seconds(20);
  RunHistory slow = good;
  slow.wall = Seconds(200);
  slow.lost = Seconds(120);
  RunHistory never;
  never.reason = "useful work per hour is 0";
  const RunHistory all[] = {good, never, slow};
  const HistorySummary s = summarise(all);
  EXPECT_EQ(s.count, 3);
  EXPECT_EQ(s.finished, 2);
  EXPECT_EQ(s.reason, "useful work per hour is 0");
  EXPECT_DOUBLE_EQ(s.wall.p50, 150);
  EXPECT_DOUBLE_EQ(s.wall.p10, 110);
  EXPECT_DOUBLE_EQ(s.goodput.mean, 0.6);
  EXPECT_DOUBLE_EQ(s.useful, 160.0 / 300);
  EXPECT_DOUBLE_EQ(s.lost, 140.0 / 300);
  EXPECT_EQ(summarise({}).finished, 0);
}

TEST(Histories, SpreadOfAHundredAndOne) {
  std::vector<double> values;
  for (int i = 100; i >= 0; --i) values.push_back(i);
  const Spread spread = spread_of(std::move(values));
  EXPECT_DOUBLE_EQ(spread.mean, 50);
  EXPECT_DOUBLE_EQ(spread.p10, 10);
  EXPECT_DOUBLE_EQ(spread.p50, 50);
  EXPECT_DOUBLE_EQ(spread.p90, 90);
}

}  // namespace
}  // namespace traincast
