#include "host/report/run_cells.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace traincast {
namespace {

std::string with_decimals(double value, int decimals) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

// The value in the unit of its figure, and that unit.
struct Shown {
  double scale;
  const char* unit;
};
Shown shown(PublishedFigure figure) {
  switch (figure) {
    case PublishedFigure::days:
      return {1 / kSecondsPerDay, " d"};
    case PublishedFigure::flop_rate:
      return {1e-12, " TFLOP/s"};
    case PublishedFigure::mfu:
      return {100, " % MFU"};
    case PublishedFigure::gpu_hours:
      return {1e-6, " M GPU-h"};
    case PublishedFigure::flops:
      break;
  }
  return {1, " FLOP"};
}

}  // namespace

std::string plan_text(const Plan& plan) {
  std::string text;
  const auto part = [&](const char* word, std::int64_t count, bool always) {
    if (count > 1 || always) text += std::string(text.empty() ? "" : " ") + word + std::to_string(count);
  };
  part("tp", plan.tensor_parallel, true);
  part("pp", plan.pipeline_parallel, true);
  if (plan.virtual_stages > 1) text += "x" + std::to_string(plan.virtual_stages);
  part("cp", plan.context_parallel, false);
  part("dp", plan.data_parallel, true);
  part("ep", plan.expert_parallel, false);
  part("zero", plan.zero_stage, true);
  text += " " + std::string(name(plan.precision));
  if (plan.recompute != Recompute::none) text += " recompute-" + std::string(name(plan.recompute));
  return text;
}

std::string scientific(double value) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.2e", value);
  std::string out = text.data();
  const std::size_t plus = out.find("e+");
  if (plus != std::string::npos) out.erase(plus + 1, out[plus + 2] == '0' ? 2 : 1);
  return out;
}

std::string plain(double value) {
  const double size = std::abs(value);
  // Each bound is where three digits round up to four.
  if (size >= 99.95 || size == 0) return with_decimals(value, 0);
  if (size >= 9.995) return with_decimals(value, 1);
  return with_decimals(value, size >= 0.9995 ? 2 : 3);
}

std::string compact(double value) {
  constexpr std::array<std::pair<double, const char*>, 4> kSteps = {
      {{1e12, " T"}, {1e9, " B"}, {1e6, " M"}, {1e3, " k"}}};
  for (const auto& [size, letter] : kSteps) {
    if (value >= 0.9995 * size) return plain(value / size) + letter;
  }
  return plain(value);
}

std::string signed_percent(double ratio) {
  const double percent = 100 * ratio;
  const std::string digits = with_decimals(std::abs(percent), std::abs(percent) < 9.95 ? 1 : 0);
  return (percent < 0 ? "-" : "+") + digits + " %";
}

Cell days_cell(Seconds time) {
  return {plain(time.value() / kSecondsPerDay), time.value()};
}

Cell megawatts_cell(Watts power) {
  return {plain(power.value() / 1e6), power.value()};
}

Cell gigawatt_hours_cell(Joules energy) {
  return {plain(energy.value() / (1e9 * kSecondsPerHour)), energy.value()};
}

Cell megadollars_cell(Dollars money) {
  return {plain(money.value() / 1e6), money.value()};
}

Cell scientific_cell(double value) {
  return {scientific(value), value};
}

Cell compact_cell(double value) {
  return {compact(value), value};
}

Cell signed_percent_cell(double ratio) {
  return {signed_percent(ratio), ratio};
}

std::string published_text(const Comparison& c) {
  if (c.figure == PublishedFigure::flops) return scientific(c.low) + " FLOP";
  const auto [scale, unit] = shown(c.figure);
  const auto figure = [s = scale](double value) {
    const double number = value * s;
    return number >= 10 && std::abs(number - std::round(number)) < 1e-6 ? with_decimals(number, 0)
                                                                        : plain(number);
  };
  const std::string low = figure(c.low);
  return (c.low == c.high ? low : low + "-" + figure(c.high)) + unit;
}

std::string ours_text(const Comparison& c) {
  if (c.figure == PublishedFigure::flops) return scientific(c.ours) + " FLOP";
  const auto [scale, unit] = shown(c.figure);
  return plain(c.ours * scale) + unit;
}

}  // namespace traincast
