#include "mpi/tuning_line.h"

#include <gtest/gtest.h>

namespace traincast {
namespace {

TEST(TuningLog, TheLastLineIsRead) {
  const LibraryChoice choice = parse_tuning_log(
      "node:7:7 [0] NCCL INFO AllReduce: 1024 Bytes -> Algo TREE proto LL channel{Lo..Hi}={0..1}\n"
      "node:7:7 [0] NCCL INFO AllReduce: 1048576 Bytes -> Algo NVLS_TREE proto SIMPLE "
      "channel{Lo..Hi}={2..17}\nnode:7:7 [0] NCCL INFO something else\n");
  EXPECT_EQ(choice.algorithm, "nvls_tree");
  EXPECT_EQ(choice.protocol, "simple");
  EXPECT_EQ(choice.channels, 16);
}

TEST(TuningLog, OlderReleasesPrintNumbers) {
  const LibraryChoice choice = parse_tuning_log("AllGather: 64 Bytes -> Algo 1 proto 1 time 9.1");
  EXPECT_EQ(choice.algorithm, "ring");
  EXPECT_EQ(choice.protocol, "ll128");
  EXPECT_EQ(choice.channels, 0);
}

TEST(TuningLog, WhatIsNotThereOrNewIsUnknown) {
  EXPECT_EQ(parse_tuning_log("").algorithm, "");
  EXPECT_EQ(parse_tuning_log("NCCL INFO Channel 00 : 0 -> 1").protocol, "");
  const LibraryChoice choice = parse_tuning_log("X: 1 Bytes -> Algo WARP proto 9 channel{Lo..Hi}={5..}");
  EXPECT_EQ(choice.algorithm, "");
  EXPECT_EQ(choice.protocol, "");
  EXPECT_EQ(choice.channels, 0);
}

}  // namespace
}  // namespace traincast
