#include "host/base/date.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace traincast {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t kLastDay = 2'932'896;  // 9999-12-31

std::optional<int> digits(std::string_view text) {
  int value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = 10 * value + (c - '0');
  }
  return value;
}

}  // namespace

std::optional<Date> parse_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = digits(text.substr(0, 4));
  const auto month = digits(text.substr(5, 2));
  const auto day = digits(text.substr(8, 2));
  if (!year || !month || !day || *year < 1970) return std::nullopt;
  const year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return Date{sys_days(date).time_since_epoch().count()};
}

std::string to_string(Date date) {
  const std::int64_t day = std::clamp<std::int64_t>(date.day, 0, kLastDay);
  const year_month_day parts{sys_days(std::chrono::days(day))};
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%s%04d-%02u-%02u", date.day > kLastDay ? "after " : "",
                static_cast<int>(parts.year()), static_cast<unsigned>(parts.month()),
                static_cast<unsigned>(parts.day()));
  return text.data();
}

Date operator+(Date date, Seconds time) {
  const double days = std::floor(time.value() / kSecondsPerDay);
  const auto room = static_cast<double>(kLastDay + 1 - date.day);
  return {date.day + static_cast<std::int64_t>(std::clamp(days, 0.0, std::max(0.0, room)))};
}

}  // namespace traincast
