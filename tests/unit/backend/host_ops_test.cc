#include <gtest/gtest.h>

#include "host/base/host_op.h"
#include "kernels/registry.h"

namespace traincast {
namespace {

TEST(HostOp, WorkIsTheBytesThatCrossTheLink) {
  const HostOp copy = HostCopy{.direction = CopyDirection::host_to_device, .bytes = 1 << 20};
  EXPECT_DOUBLE_EQ(work(copy).bytes.value(), 1 << 20);
  EXPECT_DOUBLE_EQ(work(copy).flops.value(), 0);
  EXPECT_DOUBLE_EQ(work(HostOp(KernelLaunch{})).bytes.value(), 0);
  EXPECT_EQ(to_string(copy), "host_copy host_to_device 1.05 MB");
  EXPECT_EQ(to_string(HostOp(KernelLaunch{})), "kernel_launch");
  EXPECT_EQ(op_class(copy), "host_copy");
}

TEST(HostOp, CopiesOnTheCpuMoveEveryByte) {
  const auto cpu = make_backend("cpu", 0);
  for (const auto direction : {CopyDirection::host_to_device, CopyDirection::device_to_host}) {
    const HostOp op = HostCopy{.direction = direction, .bytes = 1001};
    ASSERT_EQ(cpu->why_unsupported(op), "");
    const auto prepared = cpu->prepare(op, 3);
    const std::vector<float> bytes = cpu->result(*prepared);
    ASSERT_EQ(bytes.size(), 1001u);
    int zeros = 0;
    for (const float byte : bytes) zeros += byte == 0 ? 1 : 0;
    EXPECT_LT(zeros, 30);  // about 4 of random bytes; all of a copy that did not happen
    EXPECT_EQ(cpu->result(*cpu->prepare(op, 3)), bytes);
    EXPECT_NE(cpu->result(*cpu->prepare(op, 4)), bytes);
    EXPECT_GT(cpu->time(*prepared, 10).value(), 0);
  }
}

TEST(HostOp, LaunchesOnTheCpuTakeTimeAndGiveNothing) {
  const auto cpu = make_backend("cpu", 0);
  const auto prepared = cpu->prepare(HostOp(KernelLaunch{}), 1);
  EXPECT_TRUE(cpu->result(*prepared).empty());
  EXPECT_GT(cpu->time(*prepared, 1 << 20).value(), 0);
}

TEST(HostOp, SaysWhyACopyCannotRun) {
  const auto cpu = make_backend("cpu", 0);
  EXPECT_EQ(cpu->why_unsupported(HostOp(HostCopy{})), "bytes must be at least 1");
  const std::string huge = cpu->why_unsupported(HostOp(HostCopy{.bytes = std::int64_t{1} << 50}));
  EXPECT_NE(huge.find("of memory"), std::string::npos) << huge;
}

}  // namespace
}  // namespace traincast
