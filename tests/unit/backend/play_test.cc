// A step played op after op, and an op that runs beside others.
#include <gtest/gtest.h>

#include "kernels/registry.h"

namespace traincast {
namespace {

const Op kProduct = Gemm{.m = 64, .n = 64, .k = 64};

TEST(Play, MarksAreInOrderFromTheFirst) {
  const auto cpu = make_backend("cpu", 0);
  EXPECT_TRUE(cpu->synchronize().empty());
  const auto product = cpu->prepare(kProduct, 1);
  const auto copy = cpu->prepare(MemoryBound{.rows = 64, .columns = 64}, 1);
  cpu->mark();
  cpu->enqueue(*product);
  cpu->mark();
  cpu->enqueue(*copy);
  cpu->enqueue(*product);
  cpu->mark();
  const std::vector<Seconds> marks = cpu->synchronize();
  ASSERT_EQ(marks.size(), 3u);
  EXPECT_EQ(marks[0].value(), 0);
  EXPECT_GT(marks[1].value(), 0);
  EXPECT_GT(marks[2], marks[1]);
  EXPECT_TRUE(cpu->synchronize().empty());  // forgotten
}

// A weight gradient accumulates, so its executions show in a plain result only where result() starts afresh.
TEST(Play, ResultsDoNotDependOnWhatWasEnqueued) {
  const auto cpu = make_backend("cpu", 0);
  const Op op = Gemm{.m = 8, .n = 8, .k = 8, .layout = GemmLayout::weight_gradient};
  const auto prepared = cpu->prepare(op, 1);
  const auto before = cpu->result(*prepared);
  cpu->enqueue(*prepared);
  cpu->synchronize();
  EXPECT_EQ(cpu->result(*prepared), before);
}

TEST(Background, RunsBesideOtherOpsUntilItIsStopped) {
  const auto cpu = make_backend("cpu", 0);
  const auto load = cpu->prepare(kProduct, 1);
  const auto copy = cpu->prepare(MemoryBound{.rows = 64, .columns = 64}, 1);
  const auto expected = cpu->result(*copy);
  auto background = cpu->run_in_background(*load);
  EXPECT_GT(cpu->time(*copy, 100).value(), 0);
  EXPECT_EQ(cpu->result(*copy), expected);
  const LoadResult once = background->stop();
  EXPECT_GE(once.executions, 1);
  EXPECT_GT(once.elapsed.value(), 0);
  const LoadResult again = background->stop();
  EXPECT_EQ(again.executions, once.executions);
  EXPECT_EQ(again.elapsed, once.elapsed);
  EXPECT_FALSE(cpu->result(*load).empty());  // the op is its owner's again
}

TEST(Background, EndsWithItsOwner) {
  const auto cpu = make_backend("cpu", 0);
  const auto load = cpu->prepare(kProduct, 1);
  const auto expected = cpu->result(*load);
  cpu->run_in_background(*load).reset();
  EXPECT_EQ(cpu->result(*load), expected);
}

TEST(Prepared, NamesNoAlgorithmWhereThereIsNoChoice) {
  const auto cpu = make_backend("cpu", 0);
  EXPECT_EQ(cpu->prepare(kProduct, 1, {.algorithms = 8})->algorithm(), "");
}

}  // namespace
}  // namespace traincast
