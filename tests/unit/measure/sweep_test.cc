#include "host/measure/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "host/config/load.h"
#include "host/model/kernel_curves.h"
#include "kernels/operands.h"

namespace traincast {
namespace {

const SweepDevice kGpu{.accelerator = true, .memory = Bytes(20e9)};
const SweepDevice kCpu{.accelerator = false, .memory = Bytes(2e9)};

std::set<std::size_t> kinds(const std::vector<Op>& ops) {
  std::set<std::size_t> found;
  for (const Op& op : ops) found.insert(kernel_kind(op));
  return found;
}

TEST(Sweep, EveryShapeFitsIsValidAndOnce) {
  for (const SweepDevice& device : {kGpu, kCpu}) {
    for (const Effort effort : {Effort::quick, Effort::normal, Effort::full}) {
      std::set<std::string> names;
      std::size_t count = 0;
      for (const auto& ops :
           {gemm_sweep(device, effort), attention_sweep(device, effort), memory_sweep(device, effort)}) {
        ASSERT_FALSE(ops.empty());
        for (const Op& op : ops) {
          ASSERT_EQ(invalid_shape(op), "") << to_string(op);
          ASSERT_LE(operand_bytes(op), device.memory) << to_string(op);
          names.insert(to_string(op));
          ++count;
        }
      }
      EXPECT_EQ(names.size(), count);
    }
  }
}

TEST(Sweep, CoversEveryLayoutAndMemoryKind) {
  // Two formats in three layouts, dense and grouped.
  EXPECT_EQ(kinds(gemm_sweep(kGpu, Effort::quick)).size(), 2u * 2u * 3u);
  EXPECT_EQ(kinds(gemm_sweep(kCpu, Effort::quick)).size(), 2u * 2u * 3u);
  EXPECT_EQ(kinds(gemm_sweep(kGpu, Effort::full)).size(), 5u * 2u * 3u);
  EXPECT_EQ(kinds(memory_sweep(kGpu, Effort::quick)).size(), static_cast<std::size_t>(kMemoryKinds));
  EXPECT_EQ(kinds(attention_sweep(kCpu, Effort::quick)).size(), 4u);  // passes and masks
}

TEST(Sweep, APrefixCoversAllKinds) {
  const std::vector<Op> ops = memory_sweep(kGpu, Effort::normal);
  EXPECT_EQ(kinds({ops.begin(), ops.begin() + kMemoryKinds}).size(), static_cast<std::size_t>(kMemoryKinds));
  const std::vector<Op> gemms = gemm_sweep(kGpu, Effort::quick);
  EXPECT_EQ(kinds({gemms.begin(), gemms.begin() + 12}), kinds(gemms));
}

TEST(Sweep, GemmsOfTheGridArePowersOfTwo) {
  const std::vector<Op> ops = gemm_sweep(kGpu, Effort::quick);
  const auto dense = std::count_if(ops.begin(), ops.end(), [](const Op& op) { return op.index() == 0; });
  EXPECT_EQ(dense, 3 * 3 * 3 * 2 * 3);  // three sizes each way, two formats, three layouts
  const Op largest = Gemm{.m = 8192, .n = 8192, .k = 8192};
  EXPECT_NE(std::find(ops.begin(), ops.end(), largest), ops.end());
}

// A spent budget must leave the largest messages, which gradients are, and not the small ones alone.
TEST(Sweep, MessagesSpanTheirRangeFromTheBeginning) {
  const std::vector<Message> quick = collective_sweep(kCpu, Effort::quick);
  ASSERT_EQ(quick.size(), 7u * kCollectives);  // 1 KiB, 4 KiB, ... 4 MiB, all in FP32
  EXPECT_EQ(quick.front().size, Bytes(1024));
  const auto size = [&](std::size_t i) { return quick[i * kCollectives].size; };
  EXPECT_EQ(size(1), Bytes(16 << 10));
  EXPECT_EQ(size(2), Bytes(4 << 20));
  EXPECT_EQ(size(3), Bytes(256 << 10));
  const std::vector<Message> full = collective_sweep(kGpu, Effort::full);
  EXPECT_EQ(full.front().size, Bytes(1024));
  EXPECT_EQ(std::max_element(full.begin(), full.end(),
                             [](const Message& a, const Message& b) { return a.size < b.size; })
                ->size,
            Bytes(8 * kGiB));
  ASSERT_EQ(full.size(), 24u * kCollectives * 2);  // BF16 and FP32
  // In place a gradient takes its own memory, an exchange twice that.
  EXPECT_EQ(message_memory({Collective::all_reduce, Bytes(100), DataType::bf16}), Bytes(100));
  EXPECT_EQ(message_memory({Collective::all_to_all, Bytes(100), DataType::bf16}), Bytes(200));
  std::set<Collective> first;
  for (int i = 0; i < kCollectives; ++i) first.insert(quick[static_cast<std::size_t>(i)].collective);
  EXPECT_EQ(first.size(), static_cast<std::size_t>(kCollectives));
}

TEST(Sweep, HostOpsAreALaunchAndCopiesBothWays) {
  const std::vector<HostOp> ops = host_sweep(kGpu, Effort::normal);
  EXPECT_EQ(ops.front(), HostOp(KernelLaunch{}));
  for (const CopyDirection direction : {CopyDirection::host_to_device, CopyDirection::device_to_host}) {
    EXPECT_NE(std::find(ops.begin(), ops.end(), HostOp(HostCopy{direction, 1 << 30})), ops.end());
  }
}

TEST(Sweep, WhatRunsBesideMessagesFits) {
  for (const SweepDevice& device : {kGpu, kCpu}) {
    for (const Effort effort : {Effort::quick, Effort::normal, Effort::full}) {
      EXPECT_LE(operand_bytes(interfering_gemm(device, effort)), device.memory);
      std::set<Collective> kinds_sent;
      for (const Message& message : interference_sweep(device, effort)) {
        kinds_sent.insert(message.collective);
        EXPECT_LE(message_memory(message), device.memory);
      }
      EXPECT_EQ(kinds_sent.size(), static_cast<std::size_t>(kCollectives));
    }
    EXPECT_LE(operand_bytes(soaking_gemm(device)), device.memory);
  }
}

bool has(const std::vector<Op>& ops, const Op& op) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

// Llama 3.1 405B: hidden 16384, FFN 53248, 128 heads of 128 with 8 for keys, vocabulary 128256; tensor 8,
// one sequence of 8192 (arXiv 2407.21783, tables 3 and 4).
TEST(RunOps, Llama405bHasTheShapesOfItsPaper) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  const auto run = load_run(store, "llama-3.1-405b-16k");
  ASSERT_EQ(run.plan.tensor_parallel, 8);
  const std::vector<Op> ops = ops_of_run(run);
  using L = GemmLayout;
  const auto gemm = [](std::int64_t m, std::int64_t n, std::int64_t k, L layout) {
    return Op(Gemm{.m = m, .n = n, .k = k, .dtype = DataType::bf16, .layout = layout});
  };
  const std::int64_t qkv = std::int64_t{128 + 2 * 8} / 8 * 128;
  EXPECT_TRUE(has(ops, gemm(8192, qkv, 16384, L::forward)));
  EXPECT_TRUE(has(ops, gemm(8192, 16384, qkv, L::data_gradient)));
  EXPECT_TRUE(has(ops, gemm(qkv, 16384, 8192, L::weight_gradient)));
  EXPECT_TRUE(has(ops, gemm(8192, 2 * 53248 / 8, 16384, L::forward)));
  EXPECT_TRUE(has(ops, gemm(8192, 16384, 53248 / 8, L::forward)));
  EXPECT_TRUE(has(ops, gemm(8192, 128256 / 8, 16384, L::forward)));
  // Five linear layers in three layouts and attention in two passes, each once.
  EXPECT_EQ(ops.size(), 5u * 3u + 2u);
}

TEST(RunOps, AMixtureOfExpertsHasGroupedGemmsOnceEach) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  const std::vector<Op> ops = ops_of_run(load_run(store, "deepseek-v3-2k"));
  const auto grouped = std::count_if(ops.begin(), ops.end(), [](const Op& op) { return op.index() == 1; });
  EXPECT_EQ(grouped, 2 * 3);  // two matrices, three layouts
  std::set<std::string> names;
  for (const Op& op : ops) names.insert(to_string(op));
  EXPECT_EQ(names.size(), ops.size());
}

TEST(RunOps, SeveralRunsShareAndAreSortedByWork) {
  const ConfigStore store(TRAINCAST_TEST_CONFIGS);
  const auto a = load_run(store, "llama-3.1-405b-16k");
  const auto b = load_run(store, "deepseek-v3-2k");
  const std::vector<Op> both = ops_of_runs({a, b, a});
  EXPECT_EQ(both.size(), ops_of_run(a).size() + ops_of_run(b).size());
  EXPECT_TRUE(std::is_sorted(both.begin(), both.end(),
                             [](const Op& x, const Op& y) { return work(x).flops < work(y).flops; }));
}

}  // namespace
}  // namespace traincast
