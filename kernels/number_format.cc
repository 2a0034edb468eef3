#include "kernels/number_format.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace traincast {
namespace {

// Binary format with `mantissa` explicit bits and smallest normal exponent `min_exponent`.
struct Binary {
  int mantissa;
  int min_exponent;
};
constexpr Binary kBf16{7, -126};
constexpr Binary kFp16{10, -14};
constexpr Binary kFp8E4m3{3, -6};

// Rounds to a multiple of the format's spacing at this magnitude; subnormals share the smallest spacing.
// Exact in double: the quotient has at most 24 bits.
double round_spacing(double value, Binary format) {
  const int exponent = std::max(std::ilogb(value), format.min_exponent);
  const double spacing = std::ldexp(1.0, exponent - format.mantissa);
  return std::nearbyint(value / spacing) * spacing;
}

template <typename T>
T load(const std::byte* data, std::size_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(T), sizeof(T));
  return value;
}

// Sign, exponent and mantissa of a format with a finite value in `bits`.
float finite_value(unsigned bits, int exponent_bits, Binary format) {
  const unsigned mantissa = bits & ((1u << format.mantissa) - 1);
  const unsigned exponent = (bits >> format.mantissa) & ((1u << exponent_bits) - 1);
  const bool negative = (bits >> (format.mantissa + exponent_bits)) & 1u;
  const unsigned significand = exponent == 0 ? mantissa : mantissa + (1u << format.mantissa);
  const int scale = format.min_exponent + (exponent == 0 ? 0 : static_cast<int>(exponent) - 1);
  const double magnitude = std::ldexp(significand, scale - format.mantissa);
  return static_cast<float>(negative ? -magnitude : magnitude);
}

float load_bf16(std::uint16_t bits) {
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

float load_fp16(std::uint16_t bits) {
  if ((bits & 0x7C00u) != 0x7C00u) return finite_value(bits, 5, kFp16);
  if (bits & 0x3FFu) return std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  return bits & 0x8000u ? -infinity : infinity;
}

float load_fp8_e4m3(std::uint8_t bits) {  // no infinities; all ones is NaN
  return (bits & 0x7Fu) == 0x7Fu ? std::numeric_limits<float>::quiet_NaN() : finite_value(bits, 4, kFp8E4m3);
}

}  // namespace

float round_to(DataType format, float value) {
  if (format == DataType::fp4) throw std::invalid_argument("fp4 has no conversion on the host");
  if (format == DataType::fp32 || value == 0 || std::isnan(value)) return value;
  if (format == DataType::fp8_e4m3) {
    const float clamped = std::clamp(value, -kFp8E4m3Max, kFp8E4m3Max);
    return static_cast<float>(round_spacing(clamped, kFp8E4m3));
  }
  if (std::isinf(value)) return value;
  if (format == DataType::bf16) return static_cast<float>(round_spacing(value, kBf16));
  const double rounded = round_spacing(value, kFp16);
  if (std::abs(rounded) <= 65504) return static_cast<float>(rounded);
  return std::copysign(std::numeric_limits<float>::infinity(), value);
}

float load_element(DataType format, const std::byte* data, std::size_t index) {
  switch (format) {
    case DataType::fp32:
      return load<float>(data, index);
    case DataType::bf16:
      return load_bf16(load<std::uint16_t>(data, index));
    case DataType::fp16:
      return load_fp16(load<std::uint16_t>(data, index));
    case DataType::fp8_e4m3:
      return load_fp8_e4m3(load<std::uint8_t>(data, index));
    case DataType::fp4:
      break;
  }
  throw std::invalid_argument("fp4 has no conversion on the host");
}

}  // namespace traincast
