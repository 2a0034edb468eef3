#include "host/risk/deadline.h"

#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "tests/unit/uncertainty/shipped_run.h"

namespace traincast {
namespace {

const UncertaintyOptions kDraws{.draws = 128};
const Date kStart{19968};  // 2024-09-02

Deadline deadline(const std::string& run, Date start, Date by, const std::vector<Override>& set = {}) {
  const RunConfigs configs(shipped_configs(), run);
  return find_deadline(configs, set, start, by, {0.5, 0.9}, kDraws, std::nullopt);
}

TEST(Deadline, LaterIsLikelier) {
  double last = -1;
  for (const int days : {1, 40, 70, 75, 80, 90, 150, 1000}) {
    const Deadline found = deadline("llama-3.1-405b-16k", kStart, Date{kStart.day + days});
    EXPECT_EQ(found.available, Seconds((days + 1) * kSecondsPerDay));
    EXPECT_GE(found.chance, last);
    last = found.chance;
  }
  EXPECT_EQ(last, 1);
}

// Every answer, put into effect, reaches its chance; a day later does not.
TEST(Deadline, AnswersDo) {
  const std::string name = "grok-3-low-100k";
  const std::vector<Override> few = {{"gpus", "16384"}};
  const Date by{kStart.day + 200};
  const Deadline found = deadline(name, kStart, by, few);
  ASSERT_LT(found.chance, 0.5);
  for (const DeadlineAnswer& answer : found.answers) {
    ASSERT_TRUE(answer.start.has_value());
    EXPECT_GE(deadline(name, *answer.start, by, few).chance, answer.chance);
    EXPECT_LT(deadline(name, Date{answer.start->day + 1}, by, few).chance, answer.chance);
    ASSERT_TRUE(answer.mfu.has_value());
    EXPECT_GT(*answer.mfu, found.mfu);
    EXPECT_LE(*answer.mfu, found.most_mfu);
    ASSERT_TRUE(answer.gpus.has_value());
    EXPECT_GT(*answer.gpus, found.gpus);
    EXPECT_GE(deadline(name, kStart, by, {{"gpus", std::to_string(*answer.gpus)}}).chance, answer.chance);
  }
  EXPECT_LT(*found.answers[0].mfu, *found.answers[1].mfu);
  EXPECT_LE(*found.answers[0].gpus, *found.answers[1].gpus);
  EXPECT_GT(*found.answers[0].start, *found.answers[1].start);
}

// A site that grows: the run takes another time from every date.
TEST(Deadline, LatestStartOnASiteThatGrows) {
  const std::string name = "grok-3-colossus-timeline";
  const Date by{kStart.day + 300};
  const Deadline found = deadline(name, kStart, by);
  ASSERT_TRUE(found.by_date);
  for (const DeadlineAnswer& answer : found.answers) {
    ASSERT_TRUE(answer.start.has_value());
    EXPECT_GE(deadline(name, *answer.start, by).chance, answer.chance);
    EXPECT_LT(deadline(name, Date{answer.start->day + 1}, by).chance, answer.chance);
  }
}

TEST(Deadline, TimesAreThoseOfTheDraws) {
  const std::string name = "llama-3.1-405b-16k";
  UncertaintyOptions plain = kDraws;
  plain.histories = false;
  const std::vector<double> times = draw_times(shipped_run(name), plain);
  const Deadline found = deadline(name, kStart, Date{kStart.day + 75});
  EXPECT_EQ(found.draws, times.size());
  EXPECT_DOUBLE_EQ(found.times.p10, percentile_with_infinite(times, 0.1));
  EXPECT_DOUBLE_EQ(found.times.p50, percentile_with_infinite(times, 0.5));
  EXPECT_DOUBLE_EQ(found.times.p90, percentile_with_infinite(times, 0.9));
}

TEST(Deadline, WhatNothingDoesIsSaidInWords) {
  const Deadline found = deadline("llama-3.1-405b-16k", kStart, Date{kStart.day});
  EXPECT_EQ(found.chance, 0);
  EXPECT_FALSE(found.answers[0].mfu.has_value());
  EXPECT_NE(found.answers[0].no_mfu.find("no MFU does"), std::string::npos);
  EXPECT_FALSE(found.answers[0].gpus.has_value());
  EXPECT_NE(found.answers[0].no_gpus.find("no number of GPUs does"), std::string::npos);
}

TEST(Deadline, SharesOfTimes) {
  EXPECT_EQ(share_within({1, 2, 3, std::numeric_limits<double>::infinity()}, Seconds(2)), 0.5);
}

TEST(Deadline, RunThatDoesNotFitIsRefused) {
  EXPECT_THROW(deadline("llama-3.1-405b-16k", kStart, Date{kStart.day + 60}, {{"gpus", "8192"}}),
               InfeasiblePlan);
}

}  // namespace
}  // namespace traincast
