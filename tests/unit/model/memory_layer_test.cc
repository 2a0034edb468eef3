#include "host/model/memory_layer.h"

#include <gtest/gtest.h>

#include <array>

#include "tests/unit/model/memory_models.h"

namespace traincast {
namespace {

using namespace test;

// Korthikanti 2022, equations 1, 2, 4 and 6, per layer. Ours adds 8 bytes a token: the norms' statistics.
TEST(LayerMemory, KorthikantiEquations) {
  const Transformer model = gpt(1, 4096, 32);
  const double s = 2048, b = 4, h = 4096, a = 32, statistics = 8 * s * b;
  Plan plan;
  plan.micro_batch = 4;
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, plain(), false).saved,
                   s * b * h * (34 + 5 * a * s / h) + statistics);
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, plain(), false).selective, 5 * a * s * s * b);
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, plain(), false).input, 2 * s * b * h);
  plan.tensor_parallel = 8;
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, plain(), false).saved,
                   s * b * h / 8 * (34 + 5 * a * s / h) + statistics);
  plan.sequence_parallel = false;
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, plain(), false).saved,
                   s * b * h * (10 + 24.0 / 8 + 5 * a * s / (h * 8)) + statistics);
}

// By hand, Llama 3 70B in BF16 with fused attention, per token: norm input and output, queries and output
// 8192 each, keys and values 1024 each, norm input and output 8192 each, 2 x 28672 and 28672: 137216
// elements; 64 log-sum-exps.
TEST(LayerMemory, GroupedQueriesGatedFfn) {
  const Transformer model = llama(80, 8192, 28672, 64, 8);
  Plan plan;
  const double tokens = 8192;
  const double elements = 4 * 8192 + 2 * 1024 + 2 * 8192 + 3 * 28672;
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, Stack{}, false).saved, tokens * (2 * elements + 4 * 64 + 8));
  // FP8: the four GEMM inputs take a byte, and attention keeps its 16-bit output beside the quantised one.
  plan.precision = Precision::fp8;
  const double inputs = 3 * 8192 + 28672;
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, Stack{}, false).saved,
                   tokens * (2 * elements - inputs + 2 * 8192 + 4 * 64 + 8));
  // All-to-all context parallelism: an eighth of the tokens, and the attention output twice.
  plan.precision = Precision::bf16;
  plan.context_parallel = 8;
  Stack stack;
  stack.context_exchange = ContextExchange::all_to_all;
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, stack, false).saved,
                   tokens / 8 * (2 * (elements + 8192) + 4 * 64 + 8));
}

// A byte of scale for 32 elements of 8 bits, or for 16 of 4 bits.
TEST(LayerMemory, BlockScales) {
  const Transformer model = llama(80, 8192, 28672, 64, 8);
  const double elements = 4 * 8192 + 2 * 1024 + 2 * 8192 + 3 * 28672, inputs = 3 * 8192 + 28672;
  const auto saved = [&](Precision precision) {
    Plan plan;
    plan.precision = precision;
    return layer_memory(model, plan, Stack{}, false).saved / 8192 -
           (2 * (elements - inputs) + 2 * 8192 + 4 * 64 + 8);
  };
  EXPECT_DOUBLE_EQ(saved(Precision::mxfp8), inputs * 33 / 32);
  EXPECT_DOUBLE_EQ(saved(Precision::nvfp4), inputs * 9 / 16);
}

// Per token of a small FFN behind wide attention: gradients of the layer's output 2 x 8192, of the
// attention's output, queries, keys and values 2 x 4 x 8192, FP32 queries 4 x 8192, less the FFN's 2 x (2 x
// 8192 + 3 x 1024) that are freed; beside them what 16 context ranks exchange of keys and values, 2 x 2 x
// 8192 each.
TEST(LayerMemory, BackwardOfAttention) {
  const Transformer model = llama(1, 8192, 1024, 64, 64);
  const double h = 8192, freed = 2 * (2 * h + 3 * 1024), pair = 2 * 2 * h;
  Plan plan;
  Stack stack;
  stack.attention = AttentionKernel::unfused;
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, stack, false).backward,
                   8192 * (2 * h + 8 * h + 2 * 64 * 8192.0 * 2 - freed));
  plan.context_parallel = 16;
  stack.attention = AttentionKernel::flash2;
  stack.context_exchange = ContextExchange::all_gather;
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, stack, false).backward,
                   512 * (2 * h + 2 * 15 * pair + 8 * h + 4 * h - freed));
  stack.context_exchange = ContextExchange::ring;
  EXPECT_DOUBLE_EQ(layer_memory(model, plan, stack, false).backward,
                   512 * (2 * h + 4 * pair + 8 * h + 4 * h - freed));
}

// The routed rows of a rank do not depend on how many ranks share the experts, and full recomputation keeps
// only the layer's input.
TEST(LayerMemory, Experts) {
  const Transformer model = deepseek_v3();
  Plan plan;
  plan.data_parallel = 64;
  const LayerMemory one = layer_memory(model, plan, Stack{}, true);
  plan.expert_parallel = 64;
  EXPECT_EQ(layer_memory(model, plan, Stack{}, true).saved, one.saved);
  const double tokens = 8192, h = 7168;
  const double attention = 2 * h + 1536 + 576 + 1536 + 512 + 128 * (192 + 192 + 128 + 128);
  const double ffn = 2 * h + 3 * 2048 + 8 * (h + 3 * 2048);
  EXPECT_DOUBLE_EQ(one.saved, tokens * (2 * (attention + ffn) + 4 * 128 + 8 + 17 * 256));
  EXPECT_DOUBLE_EQ(one.forward, tokens * h * 2 * (4 * 8 + 2));
  EXPECT_DOUBLE_EQ(one.input, tokens * h * 2);
}

}  // namespace
}  // namespace traincast
