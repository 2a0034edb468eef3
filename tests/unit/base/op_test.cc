#include "host/base/op.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

TEST(Work, Gemm) {
  const Work w = work(Gemm{.m = 2, .n = 3, .k = 5, .dtype = DataType::bf16});
  EXPECT_DOUBLE_EQ(w.flops.value(), 60);
  EXPECT_DOUBLE_EQ(w.bytes.value(), 2 * (10 + 15) + 2 * 6);
  const Work fp8_gradient =
      work(Gemm{.m = 2, .n = 3, .k = 5, .dtype = DataType::fp8_e4m3, .layout = GemmLayout::weight_gradient});
  EXPECT_DOUBLE_EQ(fp8_gradient.bytes.value(), 1 * (10 + 15) + 4 * 6);
}

TEST(Work, BytesOfAnElement) {
  EXPECT_EQ(bytes_per_element(DataType::fp32), 4);
  EXPECT_EQ(bytes_per_element(DataType::bf16), 2);
  EXPECT_EQ(bytes_per_element(DataType::fp16), 2);
  EXPECT_EQ(bytes_per_element(DataType::fp8_e4m3), 1);
  EXPECT_EQ(bytes_per_element(DataType::fp4), 0.5);
}

TEST(Work, AttentionBackwardIsTwoAndAHalfForwards) {
  Attention a{.batch = 2,
              .query_length = 64,
              .kv_length = 64,
              .heads = 8,
              .kv_heads = 2,
              .head_dim = 16,
              .value_dim = 16};
  const double forward = work(a).flops.value();
  EXPECT_DOUBLE_EQ(forward, 4.0 * 2 * 8 * 64 * 64 * 16 / 2);
  a.pass = Pass::backward;
  EXPECT_DOUBLE_EQ(work(a).flops.value(), 2.5 * forward);
  a.causal = false;
  EXPECT_DOUBLE_EQ(work(a).flops.value(), 5 * forward);
}

TEST(Work, AdamMovesThirtyBytesPerParameter) {
  EXPECT_DOUBLE_EQ(work(MemoryBound{.kind = MemoryKind::adam, .rows = 10, .columns = 10}).bytes.value(),
                   3000);
}

// 2 x 5 elements of 16 bits: reads and writes of two bytes an element, and arithmetic as counted in op.cc.
TEST(Work, MemoryBoundKinds) {
  const auto expect = [](MemoryKind kind, double bytes, double flops) {
    const Work w = work(MemoryBound{.kind = kind, .rows = 2, .columns = 5, .dtype = DataType::bf16});
    EXPECT_DOUBLE_EQ(w.bytes.value(), bytes) << name(kind);
    EXPECT_DOUBLE_EQ(w.flops.value(), flops) << name(kind);
  };
  expect(MemoryKind::copy, 40, 0);
  expect(MemoryKind::rms_norm, 40, 40);
  expect(MemoryKind::rms_norm_backward, 60, 80);
  expect(MemoryKind::residual_add, 60, 10);
  expect(MemoryKind::swiglu, 60, 60);
  expect(MemoryKind::swiglu_backward, 100, 120);
  expect(MemoryKind::rope, 40, 30);
  expect(MemoryKind::cast, 30, 10);
  expect(MemoryKind::cross_entropy, 60, 80);
  expect(MemoryKind::permute, 40, 0);
  expect(MemoryKind::adam, 300, 140);
}

// Forward: reads Q, K and V, writes the output; backward: twice that.
TEST(Work, AttentionBytes) {
  Attention a{.batch = 2,
              .query_length = 8,
              .kv_length = 16,
              .heads = 4,
              .kv_heads = 2,
              .head_dim = 3,
              .value_dim = 5};
  const double forward = 2 * (2 * 4 * 8 * 3 + 2 * 2 * 16 * (3 + 5)) + 2 * (2 * 4 * 8 * 5);
  EXPECT_DOUBLE_EQ(work(a).bytes.value(), forward);
  a.pass = Pass::backward;
  EXPECT_DOUBLE_EQ(work(a).bytes.value(), 2 * forward);
  a.causal = false;  // three products over 3, two over 5
  EXPECT_DOUBLE_EQ(work(a).flops.value(), 2.0 * 2 * 4 * 8 * 16 * (3 * 3 + 2 * 5));
}

TEST(Names, AreThoseOfProfiles) {
  EXPECT_EQ(name(MemoryKind::copy), "copy");
  EXPECT_EQ(name(GemmLayout::weight_gradient), "weight_gradient");
  EXPECT_EQ(name(Pass::backward), "backward");
  EXPECT_EQ(to_string(Op(GroupedGemm{.groups = 8, .m = 16, .n = 32, .k = 64, .dtype = DataType::bf16})),
            "grouped_gemm forward bf16 8 of 16x32x64");
}

}  // namespace
}  // namespace traincast
