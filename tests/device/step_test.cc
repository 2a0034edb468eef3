// What a measurement does with ops beside timing them one at a time.
#include "tests/device/device_fixture.h"

namespace traincast {
namespace {

using test::Device;

const Gemm kProduct{.m = 256, .n = 512, .k = 1024};
const MemoryBound kCopy{.rows = 1024, .columns = 1024};

TEST_F(Device, BestOfSeveralAlgorithmsIsRightAndNamed) {
  for (int i = 0; i < kGemmLayouts; ++i) {
    const auto layout = static_cast<GemmLayout>(i);
    compare(Gemm{.m = 256, .n = 512, .k = 1024, .layout = layout}, {.algorithms = 8});
    compare(GroupedGemm{.groups = 4, .m = 64, .n = 128, .k = 256, .layout = layout}, {.algorithms = 4});
  }
  const std::string first = cuda_->prepare(kProduct, 1)->algorithm();
  EXPECT_EQ(first.find("cublasLt algo "), 0u) << first;
  EXPECT_EQ(first.find("fastest of"), std::string::npos) << first;
  const std::string grouped =
      cuda_->prepare(GroupedGemm{.groups = 4, .m = 64, .n = 128, .k = 256}, 1, {.algorithms = 4})
          ->algorithm();
  EXPECT_NE(grouped.find("fastest of"), std::string::npos) << grouped;
}

TEST_F(Device, PlaysOpsInOrderBetweenMarks) {
  const auto product = cuda_->prepare(kProduct, 1);
  const auto copy = cuda_->prepare(kCopy, 1);
  const auto expected = cuda_->result(*product);
  cuda_->mark();
  for (int i = 0; i < 100; ++i) {
    cuda_->enqueue(*product);
    cuda_->enqueue(*copy);
  }
  cuda_->mark();
  const std::vector<Seconds> marks = cuda_->synchronize();
  ASSERT_EQ(marks.size(), 2u);
  EXPECT_EQ(marks[0].value(), 0);
  EXPECT_GT(marks[1].value(), 0);
  EXPECT_TRUE(cuda_->synchronize().empty());
  EXPECT_EQ(cuda_->result(*product), expected);
}

// More executions than one gate holds back.
TEST_F(Device, TimesMoreExecutionsThanAQueueHolds) {
  const auto copy = cuda_->prepare(MemoryBound{.rows = 1, .columns = 64}, 1);
  EXPECT_GT(cuda_->time(*copy, 1000).value(), 0);
  const auto groups = cuda_->prepare(GroupedGemm{.groups = 3, .m = 33, .n = 17, .k = 5}, 1);
  EXPECT_GT(cuda_->time(*groups, 300).value(), 0);
}

// Both products are split over k where the library likes to: their workspaces must not meet.
TEST_F(Device, ALoadInTheBackgroundDisturbsNoResult) {
  const Op deep = Gemm{.m = 64, .n = 64, .k = 16384};
  const auto load = cuda_->prepare(deep, 1);
  const auto product = cuda_->prepare(deep, 2);
  const auto expected = cuda_->result(*product);
  auto background = cuda_->run_in_background(*load);
  for (int i = 0; i < 20; ++i) {
    EXPECT_GT(cuda_->time(*product, 10).value(), 0);
    EXPECT_EQ(cuda_->result(*product), expected);
  }
  const LoadResult result = background->stop();
  EXPECT_GE(result.executions, 1);
  EXPECT_GT(result.elapsed.value(), 0);
  EXPECT_EQ(background->stop().executions, result.executions);
}

TEST_F(Device, CopiesToAndFromTheHostMoveEveryByte) {
  const auto cpu = make_backend("cpu", 0);
  for (const auto direction : {CopyDirection::host_to_device, CopyDirection::device_to_host}) {
    const HostOp op = HostCopy{.direction = direction, .bytes = 1'000'003};
    ASSERT_EQ(cuda_->why_unsupported(op), "");
    const auto prepared = cuda_->prepare(op, 3);
    EXPECT_GT(cuda_->time(*prepared, 5).value(), 0);
    EXPECT_EQ(cuda_->result(*prepared), cpu->result(*cpu->prepare(op, 3)));
  }
}

TEST_F(Device, AnEmptyLaunchTakesTime) {
  const HostOp op = KernelLaunch{};
  ASSERT_EQ(cuda_->why_unsupported(op), "");
  const auto prepared = cuda_->prepare(op, 1);
  EXPECT_TRUE(cuda_->result(*prepared).empty());
  EXPECT_GT(cuda_->time(*prepared, 5000).value(), 0);
}

// What the sensors say is checked against physics only; where NVML cannot be read there is a reason.
TEST_F(Device, TelemetryReadsThisCard) {
  Telemetry& telemetry = cuda_->telemetry();
  if (!telemetry.why_unavailable().empty()) GTEST_SKIP() << telemetry.why_unavailable();
  const TelemetrySample sample = telemetry.sample();
  ASSERT_TRUE(sample.sm_clock);
  EXPECT_GT(sample.sm_clock->value(), 1e8);
  EXPECT_LT(sample.sm_clock->value(), 1e10);
  EXPECT_GT(sample.power.value_or(Watts(2)).value(), 1);
  EXPECT_LT(sample.temperature_c.value_or(0), 120);
}

}  // namespace
}  // namespace traincast
