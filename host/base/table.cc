#include "host/base/table.h"

#include <cmath>
#include <cstdio>

namespace traincast {
namespace {

std::string fixed(double value, int decimals) {
  char buffer[400];  // the longest double has 309 digits before the point
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, value);
  std::string text = buffer;
  // "-0.00" is a rounded zero, and no information.
  if (text.starts_with('-') && text.find_first_of("123456789") == std::string::npos) text.erase(0, 1);
  return text;
}

}  // namespace

std::string grouped(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::size_t first = count < 0 ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

Cell text_cell(std::string_view text) {
  return {std::string(text), std::string(text)};
}

Cell count_cell(std::int64_t count) {
  return {grouped(count), count};
}

Cell number_cell(double value, int decimals) {
  return std::isfinite(value) ? Cell{fixed(value, decimals), value} : Cell{"\u2014", value};
}

Cell percent_cell(double ratio, int decimals) {
  return std::isfinite(ratio) ? Cell{fixed(ratio * 100, decimals) + " %", ratio} : Cell{"\u2014", ratio};
}

Cell bool_cell(bool value) {
  return {value ? "yes" : "no", value};
}

Cell missing_cell(std::string_view text) {
  return {std::string(text), std::monostate{}};
}

}  // namespace traincast
