#include "mpi/element.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace traincast {
namespace {

TEST(Element, KnownBitsOfEachFormat) {
  EXPECT_EQ(Bf16::encode(1.0F), 0x3f80);
  EXPECT_EQ(Bf16::encode(1.0F + 0x1p-8F), 0x3f80) << "half way, to even";
  EXPECT_EQ(Bf16::encode(1.0F + 0x3p-8F), 0x3f82) << "half way, to even";
  EXPECT_TRUE(std::isnan(Bf16::decode(Bf16::encode(std::nanf("")))));
  EXPECT_EQ(Fp16::encode(1.0F), 0x3c00);
  EXPECT_EQ(Fp16::encode(-2.0F), 0xc000);
  EXPECT_EQ(Fp16::encode(65504.0F), 0x7bff);
  EXPECT_EQ(Fp16::encode(65519.0F), 0x7bff);
  EXPECT_EQ(Fp16::encode(65520.0F), 0x7c00);
  EXPECT_EQ(Fp16::encode(0x1p-24F), 0x0001);
  EXPECT_EQ(Fp16::encode(0x1p-25F), 0x0000) << "half way, to even";
  EXPECT_EQ(Fp16::encode(0x3p-25F), 0x0002) << "half way, to even";
  EXPECT_EQ(Fp16::encode(1.0F + 0x1p-11F), 0x3c00) << "half way, to even";
  EXPECT_EQ(Fp16::encode(1.0F + 0x3p-11F), 0x3c02) << "half way, to even";
  EXPECT_TRUE(std::isinf(Fp16::decode(0xfc00)));
  EXPECT_EQ(Fp8E4M3::encode(1.0F), 0x38);
  EXPECT_EQ(Fp8E4M3::encode(448.0F), 0x7e);
  EXPECT_EQ(Fp8E4M3::encode(1e6F), 0x7e) << "saturates";
  EXPECT_EQ(Fp8E4M3::encode(-0x1p-9F), 0x81);
  EXPECT_EQ(Fp8E4M3::encode(17.0F), Fp8E4M3::encode(16.0F)) << "half way, to even";
  EXPECT_TRUE(std::isnan(Fp8E4M3::decode(0xff)));
}

template <typename Format>
void every_number_survives(unsigned words) {
  for (unsigned bits = 0; bits < words; ++bits) {
    const float value = Format::decode(static_cast<typename Format::Bits>(bits));
    if (std::isnan(value)) continue;
    ASSERT_EQ(Format::encode(value), bits) << value;
  }
}
TEST(Element, EveryNumberSurvivesARoundTrip) {
  every_number_survives<Bf16>(1U << 16);
  every_number_survives<Fp16>(1U << 16);
  every_number_survives<Fp8E4M3>(1U << 8);
}

TEST(Element, IntegersAreExactUpToTheFormatsLimitAndNotBeyond) {
  for (const DataType dtype : {DataType::bf16, DataType::fp16, DataType::fp8_e4m3}) {
    const int limit = exact_integers(dtype);
    std::vector<float> values;
    for (int i = -limit; i <= limit + 1; ++i) values.push_back(static_cast<float>(i));
    std::vector<std::byte> bytes(values.size() * unit_bytes(dtype));
    std::vector<float> back(values.size());
    encode(dtype, values, bytes.data());
    decode(dtype, bytes.data(), back);
    for (std::size_t i = 0; i + 1 < values.size(); ++i) ASSERT_EQ(back[i], values[i]) << name(dtype);
    EXPECT_NE(back.back(), values.back()) << name(dtype);
  }
}

}  // namespace
}  // namespace traincast
