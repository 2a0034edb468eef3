#include "host/base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>

#include "host/base/errors.h"

namespace traincast {
namespace {

struct Unit {
  std::string_view text;
  double si;
  Dimension dimension;
  bool display;  // format_quantity may print it
};

constexpr Dimension kTime{.time = 1};
constexpr Dimension kFrequency{.time = -1};
constexpr Dimension kData{.data = 1};
constexpr Dimension kBandwidth{.time = -1, .data = 1};
constexpr Dimension kFlops{.flops = 1};
constexpr Dimension kFlopRate{.time = -1, .flops = 1};
constexpr Dimension kEnergy{.energy = 1};
constexpr Dimension kPower{.time = -1, .energy = 1};
constexpr Dimension kMoney{.money = 1};
constexpr Dimension kRent{.time = -1, .money = 1};
constexpr Dimension kEnergyPrice{.energy = -1, .money = 1};
constexpr Dimension kTokens{.tokens = 1};
constexpr Dimension kTokenRate{.time = -1, .tokens = 1};
constexpr Dimension kMass{.mass = 1};
constexpr Dimension kEmission{.energy = -1, .mass = 1};

// Within a dimension: smallest first.
constexpr auto kUnits = std::to_array<Unit>({
    {"ns", 1e-9, kTime, true},
    {"us", 1e-6, kTime, true},
    {"ms", 1e-3, kTime, true},
    {"s", 1, kTime, true},
    {"min", 60, kTime, true},
    {"h", 3600, kTime, true},
    {"d", 86400, kTime, true},
    {"year", 365.25 * 86400, kTime, false},
    {"Hz", 1, kFrequency, true},
    {"MHz", 1e6, kFrequency, true},
    {"GHz", 1e9, kFrequency, true},
    {"B", 1, kData, true},
    {"kB", 1e3, kData, true},
    {"KiB", 1024.0, kData, false},
    {"MB", 1e6, kData, true},
    {"MiB", 1024.0 * 1024, kData, false},
    {"GB", 1e9, kData, true},
    {"GiB", kGiB, kData, false},
    {"TB", 1e12, kData, true},
    {"TiB", kGiB * 1024, kData, false},
    {"PB", 1e15, kData, true},
    {"B/s", 1, kBandwidth, true},
    {"MB/s", 1e6, kBandwidth, true},
    {"Gb/s", 1e9 / 8, kBandwidth, false},
    {"GB/s", 1e9, kBandwidth, true},
    {"Tb/s", 1e12 / 8, kBandwidth, false},
    {"TB/s", 1e12, kBandwidth, true},
    {"FLOP", 1, kFlops, true},
    {"MFLOP", 1e6, kFlops, true},
    {"GFLOP", 1e9, kFlops, true},
    {"TFLOP", 1e12, kFlops, true},
    {"PFLOP", 1e15, kFlops, true},
    {"EFLOP", 1e18, kFlops, true},
    {"FLOP/s", 1, kFlopRate, true},
    {"GFLOP/s", 1e9, kFlopRate, true},
    {"TFLOP/s", 1e12, kFlopRate, true},
    {"PFLOP/s", 1e15, kFlopRate, true},
    {"EFLOP/s", 1e18, kFlopRate, true},
    {"J", 1, kEnergy, true},
    {"kWh", 3.6e6, kEnergy, true},
    {"MWh", 3.6e9, kEnergy, true},
    {"GWh", 3.6e12, kEnergy, true},
    {"TWh", 3.6e15, kEnergy, true},
    {"W", 1, kPower, true},
    {"kW", 1e3, kPower, true},
    {"MW", 1e6, kPower, true},
    {"GW", 1e9, kPower, true},
    {"USD", 1, kMoney, true},
    {"kUSD", 1e3, kMoney, true},
    {"MUSD", 1e6, kMoney, true},
    {"GUSD", 1e9, kMoney, true},
    {"USD/h", 1.0 / 3600, kRent, true},
    {"USD/kWh", 1.0 / 3.6e6, kEnergyPrice, true},
    {"USD/MWh", 1.0 / 3.6e9, kEnergyPrice, false},
    {"token", 1, kTokens, true},
    {"tokens", 1, kTokens, false},
    {"ktoken", 1e3, kTokens, true},
    {"Mtoken", 1e6, kTokens, true},
    {"Gtoken", 1e9, kTokens, true},
    {"Ttoken", 1e12, kTokens, true},
    {"token/s", 1, kTokenRate, true},
    {"ktoken/s", 1e3, kTokenRate, true},
    {"Mtoken/s", 1e6, kTokenRate, true},
    {"kg", 1, kMass, true},
    {"t", 1e3, kMass, true},
    {"kt", 1e6, kMass, true},
    {"kg/kWh", 1.0 / 3.6e6, kEmission, true},
    {"g/kWh", 1.0 / 3.6e9, kEmission, false},
    {"lb/MWh", 0.45359237 / 3.6e9, kEmission, false},
});

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

std::string accepted_units(Dimension dimension) {
  std::string list;
  for (const Unit& unit : kUnits) {
    if (unit.dimension != dimension) continue;
    if (!list.empty()) list += ' ';
    list += unit.text;
  }
  return list;
}

double parse_quantity(std::string_view text, Dimension dimension) {
  const std::string_view trimmed = trim(text);
  double number = 0;
  const auto [end, error] = std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), number);
  const auto refuse = [&](const std::string& what) -> double {
    throw UnitError(what + "; accepted: a number and one of " + accepted_units(dimension));
  };
  if (error != std::errc() || !std::isfinite(number)) {
    return refuse("\"" + std::string(text) + "\" does not start with a finite number");
  }
  const std::string_view unit_text = trim(trimmed.substr(static_cast<std::size_t>(end - trimmed.data())));
  if (unit_text.empty()) return refuse("\"" + std::string(text) + "\" has no unit");
  for (const Unit& unit : kUnits) {
    if (unit.dimension != dimension || unit.text != unit_text) continue;
    const double si = number * unit.si;
    return std::isfinite(si) ? si : refuse("\"" + std::string(text) + "\" is too large");
  }
  return refuse("unknown unit \"" + std::string(unit_text) + "\"");
}

std::string format_quantity(double si, Dimension dimension) {
  const Unit* best = nullptr;
  for (const Unit& unit : kUnits) {
    if (unit.dimension != dimension || !unit.display) continue;
    if (best == nullptr || std::abs(si) >= unit.si * 0.9995) best = &unit;
  }
  const double number = best == nullptr ? si : si / best->si;
  char buffer[64];
  // Three significant digits, without an exponent from 0.001 to 99999.
  const double magnitude = std::abs(number);
  const int decimals = magnitude >= 99.95 ? 0 : magnitude >= 9.995 ? 1 : magnitude >= 0.9995 ? 2 : 3;
  const bool plain = number == 0 || (magnitude >= 1e-3 && magnitude < 99999.5);
  std::snprintf(buffer, sizeof buffer, plain ? "%.*f" : "%.*e", plain ? decimals : 2, number);
  return best == nullptr ? buffer : std::string(buffer) + " " + std::string(best->text);
}

}  // namespace traincast
