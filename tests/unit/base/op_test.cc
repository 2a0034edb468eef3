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

TEST(Names, AreThoseOfProfiles) {
  EXPECT_EQ(name(MemoryKind::copy), "copy");
  EXPECT_EQ(name(GemmLayout::weight_gradient), "weight_gradient");
  EXPECT_EQ(name(Pass::backward), "backward");
  EXPECT_EQ(to_string(Op(GroupedGemm{.groups = 8, .m = 16, .n = 32, .k = 64, .dtype = DataType::bf16})),
            "grouped_gemm forward bf16 8 of 16x32x64");
}

}  // namespace
}  // namespace traincast
