// A calendar day (UTC, proleptic Gregorian), as people write it: "2024-09-02".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/units.h"

namespace traincast {

struct Date {
  std::int64_t day = 0;  // since 1970-01-01
  // clang-tidy 14 takes the implied 0 for a null pointer. NOLINTNEXTLINE(modernize-use-nullptr)
  friend constexpr auto operator<=>(const Date&, const Date&) = default;
};

// None unless the text is YYYY-MM-DD and that day exists, in the years 1970 to 9999.
std::optional<Date> parse_date(std::string_view text);
std::string to_string(Date date);  // "2024-09-02"; "after 9999-12-31" of what lies there

constexpr Seconds operator-(Date later, Date earlier) {
  return Seconds(static_cast<double>(later.day - earlier.day) * kSecondsPerDay);
}
// The day on which the moment so long after the start of `date` falls. The time is finite and not negative.
// Beyond the year 9999 it is the day after.
Date operator+(Date date, Seconds time);

}  // namespace traincast
