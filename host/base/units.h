// Strong types for the quantities that cross an interface. SI inside; people write units.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace traincast {

// Exponents of the base quantities: time, data, floating-point operations, energy, money, training tokens,
// mass.
struct Dimension {
  int time = 0, data = 0, flops = 0, energy = 0, money = 0, tokens = 0, mass = 0;
  friend constexpr bool operator==(const Dimension&, const Dimension&) = default;
  friend constexpr Dimension operator+(Dimension a, Dimension b) {
    return {a.time + b.time,   a.data + b.data,     a.flops + b.flops, a.energy + b.energy,
            a.money + b.money, a.tokens + b.tokens, a.mass + b.mass};
  }
  friend constexpr Dimension operator-(Dimension a, Dimension b) {
    return {a.time - b.time,   a.data - b.data,     a.flops - b.flops, a.energy - b.energy,
            a.money - b.money, a.tokens - b.tokens, a.mass - b.mass};
  }
};

// A number in SI units (s, B, FLOP, J, USD, token, kg and their products).
template <Dimension D>
class Quantity {
 public:
  static constexpr Dimension kDimension = D;
  constexpr Quantity() = default;
  constexpr explicit Quantity(double si) : value_(si) {}
  constexpr double value() const { return value_; }

  constexpr Quantity& operator+=(Quantity other) { return value_ += other.value_, *this; }
  constexpr Quantity& operator-=(Quantity other) { return value_ -= other.value_, *this; }
  constexpr Quantity& operator*=(double factor) { return value_ *= factor, *this; }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
  friend constexpr Quantity operator*(Quantity a, double b) { return Quantity(a.value_ * b); }
  friend constexpr Quantity operator*(double a, Quantity b) { return Quantity(a * b.value_); }
  friend constexpr Quantity operator/(Quantity a, double b) { return Quantity(a.value_ / b); }
  // clang-tidy 14 takes the implied 0 for a null pointer. NOLINTNEXTLINE(modernize-use-nullptr)
  friend constexpr auto operator<=>(Quantity, Quantity) = default;

 private:
  double value_ = 0;
};

namespace detail {
template <Dimension D>
constexpr auto make_quantity(double si) {
  if constexpr (D == Dimension{}) {
    return si;
  } else {
    return Quantity<D>(si);
  }
}
}  // namespace detail

template <Dimension A, Dimension B>
constexpr auto operator*(Quantity<A> a, Quantity<B> b) {
  return detail::make_quantity<A + B>(a.value() * b.value());
}
template <Dimension A, Dimension B>
constexpr auto operator/(Quantity<A> a, Quantity<B> b) {
  return detail::make_quantity<A - B>(a.value() / b.value());
}

using Seconds = Quantity<Dimension{.time = 1}>;
using Frequency = Quantity<Dimension{.time = -1}>;
using Bytes = Quantity<Dimension{.data = 1}>;
using Bandwidth = Quantity<Dimension{.time = -1, .data = 1}>;
using Flops = Quantity<Dimension{.flops = 1}>;  // a count of floating-point operations
using FlopRate = Quantity<Dimension{.time = -1, .flops = 1}>;
using Joules = Quantity<Dimension{.energy = 1}>;
using Watts = Quantity<Dimension{.time = -1, .energy = 1}>;
using Dollars = Quantity<Dimension{.money = 1}>;
using DollarRate = Quantity<Dimension{.time = -1, .money = 1}>;     // rent: "2.5 USD/h"
using EnergyPrice = Quantity<Dimension{.energy = -1, .money = 1}>;  // "0.078 USD/kWh"
using Kilograms = Quantity<Dimension{.mass = 1}>;
using EmissionRate = Quantity<Dimension{.energy = -1, .mass = 1}>;  // "0.28 kg/kWh"
using Tokens = Quantity<Dimension{.tokens = 1}>;
using TokenRate = Quantity<Dimension{.time = -1, .tokens = 1}>;

inline constexpr double kSecondsPerHour = 3600.0;
inline constexpr double kSecondsPerDay = 86400.0;
inline constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

// The SI value of a text such as "3.35 TB/s" or "400 Gb/s"; throws UnitError, whose message names the units
// accepted for that dimension, for anything else (no unit, unknown unit, not a finite number).
double parse_quantity(std::string_view text, Dimension dimension);
template <typename Q>
Q parse(std::string_view text) {
  return Q(parse_quantity(text, Q::kDimension));
}

// The units accepted for a dimension, separated by spaces, as error messages print them.
std::string accepted_units(Dimension dimension);

// For people: three significant digits and the unit that keeps the number between 1 and 1000.
std::string format_quantity(double si, Dimension dimension);
template <Dimension D>
std::string to_string(Quantity<D> quantity) {
  return format_quantity(quantity.value(), D);
}

}  // namespace traincast
