// Elements of a message as bytes: conversions between FP32 and the formats that travel.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "host/base/data_type.h"

namespace traincast {

// What moves as one piece: an element, or a byte with two FP4 elements, whose "value" is the byte as 0..255.
std::size_t unit_bytes(DataType dtype);

// Integers from -exact_integers to it, and so any sum that stays within, have no rounding in this format
// (2^significand bits): 2^24 for FP32, 2^8 for BF16, 2^11 for FP16, 2^4 for FP8 E4M3.
int exact_integers(DataType dtype);

// Both convert units.size() values; `bytes` holds unit_bytes(dtype) each. Round to nearest even.
void encode(DataType dtype, std::span<const float> values, std::byte* bytes);
void decode(DataType dtype, const std::byte* bytes, std::span<float> values);

struct Bf16 {
  using Bits = std::uint16_t;
  static float decode(Bits bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
  static Bits encode(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (std::isnan(value)) return static_cast<Bits>((bits >> 16) | 0x40);  // stays a NaN
    return static_cast<Bits>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
};

// A sign, kExponent exponent bits and kMantissa mantissa bits. kTop is the largest finite magnitude's bits;
// kOver is what larger values become; kNan a NaN's magnitude.
template <typename Word, int kExponent, int kMantissa, std::uint32_t kTop, std::uint32_t kOver,
          std::uint32_t kNan>
struct SmallFloat {
  using Bits = Word;
  static constexpr int kSignShift = kExponent + kMantissa;
  static constexpr int kBias = (1 << (kExponent - 1)) - 1;
  static constexpr int kDrop = 23 - kMantissa;                                    // FP32 mantissa bits lost
  static constexpr auto kRebias = static_cast<std::uint32_t>(127 - kBias) << 23;  // in FP32's bits
  static constexpr auto kScale = static_cast<float>(1U << (kBias - 1 + kMantissa));  // 1 / smallest subnormal

  static float decode(Bits bits) {
    const std::uint32_t magnitude = bits & ((1U << kSignShift) - 1);
    float value = std::numeric_limits<float>::quiet_NaN();
    if (magnitude <= kTop) {
      value = (magnitude >> kMantissa) == 0 ? static_cast<float>(magnitude) / kScale
                                            : std::bit_cast<float>((magnitude << kDrop) + kRebias);
    } else if (magnitude == kOver) {
      value = std::numeric_limits<float>::infinity();
    }
    return (bits >> kSignShift) != 0 ? -value : value;
  }

  static Bits encode(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t magnitude = bits & 0x7fffffff;
    std::uint32_t small = 0;
    if (std::isnan(value)) {
      small = kNan;
    } else if (magnitude < kRebias + (1U << 23)) {  // subnormal there: an integer multiple of the smallest
      small = static_cast<std::uint32_t>(std::lrint(std::bit_cast<float>(magnitude) * kScale));
    } else {
      const std::uint32_t half = (1U << (kDrop - 1)) - 1 + ((magnitude >> kDrop) & 1);
      small = (magnitude - kRebias + half) >> kDrop;
      if (small > kTop) small = kOver;
    }
    return static_cast<Bits>(small | ((bits >> 31) << kSignShift));
  }
};
// IEEE 754 binary16.
using Fp16 = SmallFloat<std::uint16_t, 5, 10, 0x7bff, 0x7c00, 0x7e00>;
// OCP 8-bit floating point E4M3: no infinities, larger values saturate at 448.
using Fp8E4M3 = SmallFloat<std::uint8_t, 4, 3, 0x7e, 0x7e, 0x7f>;

}  // namespace traincast
