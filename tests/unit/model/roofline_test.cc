#include "host/model/roofline.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

SustainedRates rates() {
  SustainedRates r;
  r.gemm[static_cast<std::size_t>(DataType::bf16)] = {FlopRate(700e12), 32, 64, 128};
  r.attention[static_cast<std::size_t>(AttentionKernel::flash2)] = {FlopRate(300e12), FlopRate(250e12), 512};
  r.attention[static_cast<std::size_t>(AttentionKernel::cudnn)] = {FlopRate(500e12), FlopRate(400e12), 512};
  r.stream = Bandwidth(2e12);
  r.launch = Seconds(3e-6);
  return r;
}

TEST(Roofline, ALargeGemmIsBoundByItsRateAndShortSidesWasteIt) {
  const RooflineTimes times(rates(), AttentionKernel::flash2);
  const double flops = 2.0 * 8192 * 8192 * 4096;
  const double waste = (1 + 32.0 / 8192) * (1 + 64.0 / 8192) * (1 + 128.0 / 4096);
  EXPECT_NEAR(times.time(Gemm{8192, 8192, 4096}).value(), 3e-6 + flops * waste / 700e12, 1e-12);
  const double narrow = 2.0 * 32 * 8192 * 8192 * 2 * (1 + 64.0 / 8192) * (1 + 128.0 / 8192);
  SustainedRates fast = rates();
  fast.stream = Bandwidth(1e18);  // else it would be bound by memory
  EXPECT_NEAR(RooflineTimes(fast, AttentionKernel::flash2).time(Gemm{32, 8192, 8192}).value(),
              3e-6 + narrow / 700e12, 1e-12)
      << "m = half_m: half the rate";
}

TEST(Roofline, AThinGemmIsBoundByMemory) {
  const RooflineTimes times(rates(), AttentionKernel::flash2);
  const double bytes = 2.0 * (8 * 16384.0 + 16384.0 * 16384 + 8 * 16384.0);
  EXPECT_NEAR(times.time(Gemm{8, 16384, 16384}).value(), 3e-6 + bytes / 2e12, 1e-12);
}

TEST(Roofline, GroupsMultiplyTheWorkAndLaunchOnce) {
  const RooflineTimes times(rates(), AttentionKernel::flash2);
  const double one = times.time(Gemm{2048, 4096, 4096}).value() - 3e-6;
  EXPECT_NEAR(times.time(GroupedGemm{8, 2048, 4096, 4096}).value(), 3e-6 + 8 * one, 1e-12);
}

TEST(Roofline, AttentionByPassLengthAndHeadDimension) {
  const RooflineTimes times(rates(), AttentionKernel::flash2);
  Attention op{.batch = 2,
               .query_length = 4096,
               .kv_length = 4096,
               .heads = 16,
               .kv_heads = 16,
               .head_dim = 128,
               .value_dim = 128};
  const double forward = 4 * 2 * 16 * 128 * 4096.0 * 4096 / 2;
  const double length = 1 + 512.0 / 4096;
  EXPECT_NEAR(times.time(op).value(), 3e-6 + forward * length / 300e12, 1e-12);
  op.pass = Pass::backward;
  EXPECT_NEAR(times.time(op).value(), 3e-6 + 2.5 * forward * length / 250e12, 1e-12);
  op.pass = Pass::forward;
  op.head_dim = op.value_dim = 64;  // half the work at 64 / 118 x 182 / 128 of the rate
  EXPECT_NEAR(times.time(op).value(), 3e-6 + forward / 2 * length / (300e12 * (64.0 / 118) * (182.0 / 128)),
              1e-12);
}

TEST(Roofline, MemoryBoundKernelsStream) {
  const RooflineTimes times(rates(), AttentionKernel::flash2);
  const MemoryBound copy{MemoryKind::copy, 4096, 8192};
  EXPECT_NEAR(times.time(copy).value(), 3e-6 + 2 * 2.0 * 4096 * 8192 / 2e12, 1e-15);
  EXPECT_EQ(times.stream_rate().value(), 2e12);
}

TEST(Roofline, AKernelWithoutRatesRunsLikeTheNearestNewerElseOlder) {
  const Attention op{.batch = 2,
                     .query_length = 4096,
                     .kv_length = 4096,
                     .heads = 16,
                     .kv_heads = 16,
                     .head_dim = 128,
                     .value_dim = 128};
  const auto time = [&](AttentionKernel kernel) { return RooflineTimes(rates(), kernel).time(op).value(); };
  EXPECT_EQ(time(AttentionKernel::flash1), time(AttentionKernel::flash2));
  EXPECT_EQ(time(AttentionKernel::flash3), time(AttentionKernel::cudnn));
  EXPECT_LT(time(AttentionKernel::cudnn), time(AttentionKernel::flash2));
  SustainedRates old = rates();
  old.attention[static_cast<std::size_t>(AttentionKernel::cudnn)] = {};
  EXPECT_EQ(RooflineTimes(old, AttentionKernel::cudnn).time(op).value(), time(AttentionKernel::flash2));
}

}  // namespace
}  // namespace traincast
