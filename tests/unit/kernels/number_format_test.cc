#include "kernels/number_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>

namespace traincast {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(RoundTo, TiesGoToEven) {
  EXPECT_EQ(round_to(DataType::bf16, 1.0f + 1.0f / 256), 1.0f);              // halfway, down to even
  EXPECT_EQ(round_to(DataType::bf16, 1.0f + 3.0f / 256), 1.0f + 1.0f / 64);  // halfway, up to even
  EXPECT_EQ(round_to(DataType::fp16, 2049.0f), 2048.0f);
  EXPECT_EQ(round_to(DataType::fp16, 2051.0f), 2052.0f);
  EXPECT_EQ(round_to(DataType::fp8_e4m3, 17.0f), 16.0f);
  EXPECT_EQ(round_to(DataType::fp8_e4m3, -19.0f), -20.0f);
  EXPECT_EQ(round_to(DataType::fp32, 0.1f), 0.1f);
}

TEST(RoundTo, Limits) {
  EXPECT_EQ(round_to(DataType::fp16, 65519.0f), 65504.0f);
  EXPECT_EQ(round_to(DataType::fp16, -65520.0f), -kInfinity);
  EXPECT_EQ(round_to(DataType::bf16, std::numeric_limits<float>::max()), kInfinity);
  EXPECT_EQ(round_to(DataType::fp8_e4m3, 1e9f), 448.0f);
  EXPECT_EQ(round_to(DataType::fp8_e4m3, -kInfinity), -448.0f);
  EXPECT_TRUE(std::isnan(round_to(DataType::fp8_e4m3, std::nanf(""))));
}

TEST(RoundTo, SubnormalsShareTheSmallestSpacing) {
  EXPECT_EQ(round_to(DataType::fp8_e4m3, std::ldexp(1.4f, -9)), std::ldexp(1.0f, -9));
  EXPECT_EQ(round_to(DataType::fp8_e4m3, std::ldexp(0.5f, -9)), 0.0f);
  EXPECT_EQ(round_to(DataType::fp16, std::ldexp(1.6f, -24)), std::ldexp(2.0f, -24));
}

TEST(RoundTo, Fp4IsRefused) {
  EXPECT_THROW(round_to(DataType::fp4, 1.0f), std::invalid_argument);
}

template <typename Bits>
float load(DataType format, Bits bits) {
  return load_element(format, reinterpret_cast<const std::byte*>(&bits), 0);
}

TEST(LoadElement, KnownBitPatterns) {
  EXPECT_EQ(load<std::uint16_t>(DataType::bf16, 0x3F80), 1.0f);
  EXPECT_EQ(load<std::uint16_t>(DataType::fp16, 0xC000), -2.0f);
  EXPECT_EQ(load<std::uint16_t>(DataType::fp16, 0x7BFF), 65504.0f);
  EXPECT_EQ(load<std::uint16_t>(DataType::fp16, 0x7C00), kInfinity);
  EXPECT_EQ(load<std::uint8_t>(DataType::fp8_e4m3, 0x7E), 448.0f);
  EXPECT_EQ(load<std::uint8_t>(DataType::fp8_e4m3, 0x01), std::ldexp(1.0f, -9));
  EXPECT_TRUE(std::isnan(load<std::uint8_t>(DataType::fp8_e4m3, 0xFF)));
  EXPECT_EQ(load(DataType::fp32, -0.25f), -0.25f);
}

// Reading and rounding are written apart; on every value of a format they must agree.
TEST(LoadElement, EveryStoredValueIsAFixedPointOfRounding) {
  for (const DataType format : {DataType::bf16, DataType::fp16, DataType::fp8_e4m3}) {
    const int patterns = format == DataType::fp8_e4m3 ? 256 : 65536;
    for (int bits = 0; bits < patterns; ++bits) {
      const float value = load(format, static_cast<std::uint16_t>(bits));
      if (std::isnan(value)) continue;
      ASSERT_EQ(round_to(format, value), value) << name(format) << " " << bits;
    }
  }
}

}  // namespace
}  // namespace traincast
