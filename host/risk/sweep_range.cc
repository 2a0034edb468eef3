#include "host/risk/sweep_range.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "host/base/errors.h"
#include "host/config/json.h"

namespace traincast {
namespace {

struct DimensionName {
  Dimension dimension;
  std::string_view suffix;
};
constexpr std::array<DimensionName, 15> kDimensions = {{{Seconds::kDimension, "_s"},
                                                        {Frequency::kDimension, "_hz"},
                                                        {Bytes::kDimension, "_bytes"},
                                                        {Bandwidth::kDimension, "_bytes_per_s"},
                                                        {Flops::kDimension, "_flops"},
                                                        {FlopRate::kDimension, "_flop_per_s"},
                                                        {Joules::kDimension, "_j"},
                                                        {Watts::kDimension, "_w"},
                                                        {Dollars::kDimension, "_usd"},
                                                        {DollarRate::kDimension, "_usd_per_s"},
                                                        {EnergyPrice::kDimension, "_usd_per_j"},
                                                        {Tokens::kDimension, "_tokens"},
                                                        {TokenRate::kDimension, "_tokens_per_s"},
                                                        {Kilograms::kDimension, "_kg"},
                                                        {EmissionRate::kDimension, "_kg_per_j"}}};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

// "3 min" is 3 and "min"; "1024" is 1024, whole, and "".
struct Number {
  double value = 0;
  bool whole = false;
  std::string unit;
};
std::optional<Number> read_number(std::string_view text) {
  text = trimmed(text);
  Number number;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, number.value);
  if (read.ec != std::errc() || !std::isfinite(number.value)) return std::nullopt;
  const std::string_view digits = text.substr(0, static_cast<std::size_t>(read.ptr - text.data()));
  number.unit = trimmed(text.substr(digits.size()));
  number.whole = number.unit.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  return number;
}

std::string number_text(double value, const Number& like) {
  // Above 2^53 a double holds no neighbouring whole numbers, and its twelve digits say as much.
  if (like.whole && value < 0x1p53) return std::to_string(std::llround(value));
  // Twelve digits, so that 0.1 + 0.2 reads 0.3.
  std::array<char, 40> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::general, 12);
  return std::string(digits.data(), end.ptr) + (like.unit.empty() ? "" : " " + like.unit);
}

class Range {
 public:
  Range(std::string_view text, std::string_view range) : text_(text) {
    const std::size_t dots = range.find("..");
    const std::size_t colon = range.find(':', dots);
    const auto low = read_number(range.substr(0, dots));
    const auto high = read_number(range.substr(dots + 2, colon - dots - 2));
    if (!low || !high) refuse("the ends of a range are numbers");
    low_ = *low;
    if (low_.unit.empty() && !high->unit.empty()) low_.unit = high->unit;
    low_.whole = low_.whole && high->whole;
    if (!low_.unit.empty() && !any_quantity("1 " + low_.unit)) {
      refuse("\"" + low_.unit + "\" is no unit");
    }
    high_ = in_unit_of_low(*high);
    if (!std::isfinite(high_)) refuse("the end of the range is too large for its unit");
    if (!(low_.value >= 0) || !(high_ >= low_.value)) refuse("a range goes from the smaller to the larger");
    if (colon != std::string_view::npos) steps_ = trimmed(range.substr(colon + 1));
  }

  std::vector<std::string> values() {
    if (steps_.empty()) {
      geometric(2);
    } else if (steps_.front() == 'x') {
      const auto factor = read_number(steps_.substr(1));
      if (!factor || !factor->unit.empty() || !(factor->value > 1)) refuse("a factor is above 1, such as x2");
      geometric(factor->value);
    } else {
      const bool plus = steps_.front() == '+';
      const auto step = read_number(steps_.substr(plus ? 1 : 0));
      if (!step) refuse("steps are x2 (a factor), 7 (so many values) or +5 or 5min (apart)");
      if (plus || !step->unit.empty()) {
        linear(in_unit_of_low(*step));
      } else {
        points(*step);
      }
    }
    return std::move(values_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw UsageError("--over " + std::string(text_) + " is not accepted: " + what +
                     "; accepted: a,b,c  a..b  a..b:x3  a..b:7  a..b:+5  a..b:5min");
  }

  double in_unit_of_low(const Number& other) const {
    if (other.unit == low_.unit || other.unit.empty()) return other.value;
    const auto from = any_quantity("1 " + other.unit);
    const auto to = any_quantity("1 " + low_.unit);
    if (!from || !to || from->dimension != to->dimension) {
      refuse("\"" + other.unit + "\" is no unit that goes with \"" + low_.unit + "\"");
    }
    return other.value * from->si / to->si;
  }

  void add(double value) {
    std::string text = number_text(value, low_);
    if (!values_.empty() && values_.back() == text) return;
    if (values_.size() == kMostSweepValues) {
      refuse("more than " + std::to_string(kMostSweepValues) + " values");
    }
    values_.push_back(std::move(text));
  }

  // The end is always there, once.
  void add_end() { add(high_); }

  void need_positive() const {
    if (!(low_.value > 0)) refuse("factors need a range that begins above 0");
  }

  void geometric(double factor) {
    need_positive();
    // Counted first: values that round to the same whole number are listed once, and a factor barely above 1
    // would make billions of them.
    if (std::log(high_ / low_.value) / std::log(factor) > static_cast<double>(kMostSweepValues)) {
      refuse("more than " + std::to_string(kMostSweepValues) + " values");
    }
    for (double value = low_.value; value < high_ * (1 - 1e-9); value *= factor) add(value);
    add_end();
  }

  void linear(double step) {
    if (!(step > 0)) refuse("a step is above 0");
    if ((high_ - low_.value) / step > static_cast<double>(kMostSweepValues)) {
      refuse("more than " + std::to_string(kMostSweepValues) + " values");
    }
    for (int i = 0; low_.value + i * step < high_ - 1e-9 * step; ++i) add(low_.value + i * step);
    add_end();
  }

  void points(const Number& count) {
    if (!count.whole || count.value < 2 || count.value > static_cast<double>(kMostSweepValues)) {
      refuse("so many values are a whole number from 2 to " + std::to_string(kMostSweepValues));
    }
    need_positive();
    for (int i = 0; i + 1 < count.value; ++i) {
      add(low_.value * std::pow(high_ / low_.value, i / (count.value - 1)));
    }
    add_end();
  }

  std::string_view text_;
  Number low_;
  double high_ = 0;  // in the unit of low_
  std::string_view steps_;
  std::vector<std::string> values_;
};

}  // namespace

SweepAxis parse_axis(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    throw UsageError("--over " + std::string(text) +
                     " is not accepted; accepted: PATH=RANGE, such as gpus=1024..262144 or "
                     "reliability.restart=3min..30min");
  }
  SweepAxis axis{std::string(text.substr(0, equals)), {}};
  std::string_view range = text.substr(equals + 1);
  if (range.find("..") != std::string_view::npos) {
    axis.values = Range(text, range).values();
    return axis;
  }
  while (true) {
    const std::size_t comma = range.find(',');
    const std::string_view value = trimmed(range.substr(0, comma));
    if (value.empty()) throw UsageError("--over " + std::string(text) + " has an empty item between commas");
    axis.values.emplace_back(value);
    if (comma == std::string_view::npos) return axis;
    range.remove_prefix(comma + 1);
  }
}

std::optional<AnyQuantity> any_quantity(std::string_view text) {
  const auto number = read_number(text);
  if (!number) return std::nullopt;
  if (number->unit.empty()) return AnyQuantity{number->value, {}};
  for (const DimensionName& known : kDimensions) {
    try {
      return AnyQuantity{parse_quantity(text, known.dimension), known.dimension};
    } catch (const UnitError&) {  // of another dimension
      continue;
    }
  }
  return std::nullopt;
}

std::string_view unit_suffix(Dimension dimension) {
  for (const DimensionName& known : kDimensions) {
    if (known.dimension == dimension) return known.suffix;
  }
  return "";
}

}  // namespace traincast
