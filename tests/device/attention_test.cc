#include <iostream>

#include "tests/device/device_fixture.h"

namespace traincast {
namespace {

using test::Device;

class DeviceAttention : public Device {
 protected:
  void SetUp() override {
    Device::SetUp();
    if (IsSkipped()) return;
    for (const auto& [library, version] : cuda_->info().libraries) {
      if (library == "cudnn" && version == "not built in") {
        GTEST_SKIP() << "this binary has no cuDNN attention";
      }
    }
  }

  // In both passes. A shape that this cuDNN has no plan for is named, not failed, unless it is one of the
  // plain ones.
  void compare_passes(Attention op, bool plain) {
    for (const Pass pass : {Pass::forward, Pass::backward}) {
      op.pass = pass;
      const std::string why = cuda_->why_unsupported(op);
      if (!why.empty() && !plain) {
        std::cout << "not supported: " << to_string(Op(op)) << ": " << why << "\n";
        continue;
      }
      compare(op);
    }
  }
};

TEST_F(DeviceAttention, HeadDimensionsMasksAndFormats) {
  for (const auto& [head, value] : {std::pair{64, 64}, {128, 128}, {192, 128}}) {
    for (const bool causal : {true, false}) {
      for (const DataType dtype : {DataType::bf16, DataType::fp16}) {
        compare_passes({.batch = 2,
                        .query_length = 128,
                        .kv_length = 128,
                        .heads = 4,
                        .kv_heads = 4,
                        .head_dim = head,
                        .value_dim = value,
                        .causal = causal,
                        .dtype = dtype},
                       head <= 128);
      }
    }
  }
}

TEST_F(DeviceAttention, GroupedQueries) {
  for (const std::int64_t kv_heads : {1, 2}) {
    compare_passes({.batch = 1,
                    .query_length = 256,
                    .kv_length = 256,
                    .heads = 8,
                    .kv_heads = kv_heads,
                    .head_dim = 128,
                    .value_dim = 128},
                   true);
  }
}

// The last query is aligned with the last key.
TEST_F(DeviceAttention, FewerQueriesThanKeys) {
  for (const bool causal : {true, false}) {
    compare_passes({.batch = 1,
                    .query_length = 64,
                    .kv_length = 256,
                    .heads = 2,
                    .kv_heads = 2,
                    .head_dim = 64,
                    .value_dim = 64,
                    .causal = causal},
                   !causal);
  }
}

TEST_F(DeviceAttention, NamesItsPlanAndRunsBesideOtherOps) {
  const Op op = Attention{.batch = 1,
                          .query_length = 256,
                          .kv_length = 256,
                          .heads = 4,
                          .kv_heads = 4,
                          .head_dim = 64,
                          .value_dim = 64};
  const auto attention = cuda_->prepare(op, 1, {.algorithms = 4});
  EXPECT_EQ(attention->algorithm().find("cuDNN"), 0u) << attention->algorithm();
  const auto other = cuda_->prepare(op, 2);
  auto background = cuda_->run_in_background(*attention);
  compare_outputs(op, cuda_->result(*other), test::run_on_cpu(op, 2));
  EXPECT_GE(background->stop().executions, 1);
}

}  // namespace
}  // namespace traincast
