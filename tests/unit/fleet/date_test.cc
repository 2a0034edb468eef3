#include "host/base/date.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

TEST(Date, CountsDaysOfTheCalendar) {
  EXPECT_EQ(parse_date("1970-01-01")->day, 0);
  EXPECT_EQ(parse_date("2000-03-01")->day, 11017);  // 30 x 365 + 7 leap days + 31 + 29
  EXPECT_EQ((*parse_date("2024-09-02") - *parse_date("2024-07-22")).value(), 42 * 86400.0);
  EXPECT_LT(*parse_date("2024-07-22"), *parse_date("2024-08-01"));
}

TEST(Date, ReadsBackWhatItWrites) {
  for (const char* text : {"1970-01-01", "2024-02-29", "2024-12-31", "9999-12-31"}) {
    ASSERT_TRUE(parse_date(text)) << text;
    EXPECT_EQ(to_string(*parse_date(text)), text);
  }
}

TEST(Date, RefusesWhatIsNoDay) {
  for (const char* text : {"", "2024-9-2", "2024-09-31", "2023-02-29", "2024-13-01", "2024-00-10",
                           "2024/09/02", "1969-12-31", "2024-09-02 ", "2024-09-0x", "20240902"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(Date, AddsTimeByTheDayOnWhichItFalls) {
  const Date start = *parse_date("2024-12-30");
  EXPECT_EQ(to_string(start + Seconds(86399)), "2024-12-30");
  EXPECT_EQ(to_string(start + Seconds(2 * 86400)), "2025-01-01");
  EXPECT_EQ(to_string(start + Seconds(1e15)), "after 9999-12-31");
  EXPECT_EQ(to_string(*parse_date("9999-12-30") + Seconds(86400)), "9999-12-31");
}

}  // namespace
}  // namespace traincast
