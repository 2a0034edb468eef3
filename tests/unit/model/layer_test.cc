// A layer's times against counts done by hand: FLOPs, traffic, recomputation, overheads.
#include "host/model/layer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/model/parameters.h"
#include "tests/unit/model/counting.h"

namespace traincast {
namespace {

using namespace test;

TEST(Layer, LinearFlopsAreSixPerParameterAndToken) {
  for (const bool gated : {true, false}) {
    Transformer model = llama();
    model.gated_ffn = gated;
    const PassTimes times = run(model, two_sequences(), bare_stack()).times;
    const double parameters = attention_parameters(model) + feed_forward_parameters(model, 0);
    EXPECT_DOUBLE_EQ(both(times, Part::gemm), 6 * parameters * kTokens);
    EXPECT_DOUBLE_EQ(times.forward[Part::gemm], 2 * parameters * kTokens);
    EXPECT_DOUBLE_EQ(times.weight_gradient, 2 * parameters * kTokens);
  }
}

TEST(Layer, LatentAttentionFlopsAreSixPerParameterAndToken) {
  Transformer model = llama();
  model.mla = LatentAttention{.q_rank = 768, .kv_rank = 256, .nope_dim = 64, .rope_dim = 32, .value_dim = 64};
  const PassTimes times = run(model, two_sequences(), bare_stack()).times;
  const double norms = 768 + 256;
  const double matrices = attention_parameters(model) - norms + feed_forward_parameters(model, 0);
  EXPECT_DOUBLE_EQ(both(times, Part::gemm), 6 * matrices * kTokens);
  // Queries and keys of 96, values of 64, half of the square; backward three products over 96 and two
  // over 64.
  const double pairs = 2 * 16 * 2048.0 * 2048 / 2;
  EXPECT_DOUBLE_EQ(times.forward[Part::attention], pairs * 2 * (96 + 64));
  EXPECT_DOUBLE_EQ(times.backward[Part::attention], pairs * 2 * (3 * 96 + 2 * 64));
}

TEST(Layer, HeadFlopsAreSixPerWeightAndToken) {
  const CountingMachine machine;
  const System& system = machine.system();
  Plan plan = two_sequences();
  EXPECT_DOUBLE_EQ(both(head_times(llama(), plan, bare_stack(), system), Part::head),
                   6 * 1024 * 32000 * kTokens);
  plan.tensor_parallel = 4;
  EXPECT_DOUBLE_EQ(both(head_times(llama(), plan, bare_stack(), system), Part::head),
                   6 * 1024 * 32000 * kTokens / 4);
}

// Tokens before the window's end have fewer keys: 512 x (1 - 512 / 4096) = 448 of 2,048 on average.
TEST(Layer, AWindowIsNeverMoreThanAllThatCameBefore) {
  const CountingMachine machine;
  const auto forward = [&](std::int64_t window) {
    return layer_times(llama(), two_sequences(), bare_stack(), machine.system(), LayerKind::dense, window)
        .forward[Part::attention];
  };
  EXPECT_DOUBLE_EQ(forward(512), 4 * 2 * 16 * 64 * 2048.0 * 448);
  EXPECT_DOUBLE_EQ(forward(1024), 4 * 2 * 16 * 64 * 2048.0 * 768);
  for (const std::int64_t window : {1100, 1500, 2000, 2047})
    EXPECT_LE(forward(window), forward(2048)) << window;
}

TEST(Layer, FusedAttentionCountsHalfTheSquareAndContextRanksShareIt) {
  const double forward = 4 * 2 * 16 * 64 * 2048.0 * 2048 / 2;
  const PassTimes times = run(llama(), two_sequences(), bare_stack()).times;
  EXPECT_DOUBLE_EQ(times.forward[Part::attention], forward);
  EXPECT_DOUBLE_EQ(times.backward[Part::attention], 2.5 * forward);
  Plan plan = two_sequences();
  plan.context_parallel = 4;
  EXPECT_DOUBLE_EQ(run(llama(), plan, bare_stack()).times.forward[Part::attention], forward / 4);
}

TEST(Layer, RatesOfTheStackDivideOrMultiply) {
  Stack stack = bare_stack();
  stack.time_factor = 1.25;
  stack.attention_rate = 0.5;
  const PassTimes base = run(llama(), two_sequences(), bare_stack()).times;
  const PassTimes times = run(llama(), two_sequences(), stack).times;
  EXPECT_DOUBLE_EQ(both(times, Part::gemm), 1.25 * both(base, Part::gemm));
  EXPECT_DOUBLE_EQ(both(times, Part::attention), 2.5 * both(base, Part::attention));
}

TEST(Layer, FullRecomputationRepeatsTheForwardPassAndSelectiveItsAttention) {
  Plan plan = two_sequences();
  plan.tensor_parallel = 2;
  const PassTimes none = run(llama(), plan, bare_stack()).times;
  EXPECT_EQ(none.backward[Part::recompute], 0);
  plan.recompute = Recompute::full;
  EXPECT_DOUBLE_EQ(run(llama(), plan, bare_stack()).times.backward[Part::recompute], none.forward.sum());
  plan.recompute_share = 0.25;
  EXPECT_DOUBLE_EQ(run(llama(), plan, bare_stack()).times.backward[Part::recompute], none.forward.sum() / 4);
  plan.recompute = Recompute::selective;
  EXPECT_DOUBLE_EQ(run(llama(), plan, bare_stack()).times.backward[Part::recompute],
                   none.forward[Part::attention]);
  Stack stack = bare_stack();
  stack.selective_attention = false;
  stack.selective_gemms = 0.5;
  EXPECT_DOUBLE_EQ(run(llama(), plan, stack).times.backward[Part::recompute], none.forward[Part::gemm] / 2);
}

TEST(Layer, AdaptersHaveNoWeightGradientsOfTheModel) {
  Plan plan = two_sequences();
  plan.adapters_only = true;
  const PassTimes times = run(llama(), plan, bare_stack()).times;
  EXPECT_DOUBLE_EQ(times.backward[Part::gemm], times.forward[Part::gemm]);
  EXPECT_EQ(times.weight_gradient, 0);
}

TEST(Layer, MemoryBoundTraffic) {
  const PassTimes times = run(llama(), two_sequences(), bare_stack(), CountingKernels::What::bytes).times;
  // Norms and residuals 20 bytes a hidden element, rotary embedding 4 a query and key element, SwiGLU 6 an
  // intermediate element; backward 1.7 times as much.
  const double bytes = kTokens * (20 * 1024 + 4 * (16 + 4) * 64 + 6 * 3072);
  EXPECT_DOUBLE_EQ(times.forward[Part::elementwise], bytes);
  EXPECT_DOUBLE_EQ(times.backward[Part::elementwise], 1.7 * bytes);
  // Gradients are added up in FP32: accumulate_bytes a parameter.
  const double parameters = attention_parameters(llama()) + feed_forward_parameters(llama(), 0);
  EXPECT_DOUBLE_EQ(times.backward[Part::gemm], bare_stack().accumulate_bytes * parameters);
  Plan fp8 = two_sequences();
  fp8.precision = Precision::fp8;
  const PassTimes cast = run(llama(), fp8, bare_stack(), CountingKernels::What::bytes).times;
  const double inputs = 1024 + 1024 + 1024 + 3072;  // of qkv, output, up and gate, down
  const double outputs = (16 + 8) * 64 + 1024 + 2 * 3072 + 1024;
  EXPECT_DOUBLE_EQ(cast.forward[Part::elementwise] - bytes, 4 * kTokens * inputs);
  EXPECT_NEAR(cast.backward[Part::elementwise] - 1.7 * bytes, 4 * kTokens * outputs, 1);
}

// By hand beside norms and residuals (20 bytes): latent vectors 4 and assembled queries and keys 8 bytes an
// element, experts' activations 6 or 4 and their permutation 8.
TEST(Layer, MemoryBoundTrafficOfLatentAttentionAndMixtures) {
  const auto bytes = [](const Transformer& model, LayerKind kind) {
    return run(model, two_sequences(), bare_stack(), CountingKernels::What::bytes, kind)
        .times.forward[Part::elementwise];
  };
  Transformer latent = llama();
  latent.mla =
      LatentAttention{.q_rank = 768, .kv_rank = 256, .nope_dim = 64, .rope_dim = 32, .value_dim = 64};
  EXPECT_DOUBLE_EQ(bytes(latent, LayerKind::dense),
                   kTokens * (20 * 1024 + 4 * (768 + 256) + 8 * 16 * (64 + 32) + 6 * 3072));
  Transformer plain = llama();
  plain.gated_ffn = false;
  EXPECT_DOUBLE_EQ(bytes(plain, LayerKind::dense), kTokens * (20 * 1024 + 4 * (16 + 4) * 64 + 4 * 3072));
  Transformer experts = mixture();
  const double shared = kTokens * (20 * 1024 + 4 * (16 + 4) * 64);
  EXPECT_DOUBLE_EQ(bytes(experts, LayerKind::moe), shared + 8 * kTokens * (6 * 512 + 8 * 1024));
  experts.gated_ffn = false;
  EXPECT_DOUBLE_EQ(bytes(experts, LayerKind::moe), shared + 8 * kTokens * (4 * 512 + 8 * 1024));
}

TEST(Layer, ExpertsHaveTwoMatricesAndAGate) {
  Transformer model = mixture();
  const auto flops = [&] {
    return run(model, two_sequences(), bare_stack(), CountingKernels::What::flops, LayerKind::moe)
        .times.forward[Part::experts];
  };
  EXPECT_DOUBLE_EQ(flops(), 2 * 8 * kTokens * 1024 * 512 * 3);
  model.gated_ffn = false;
  EXPECT_DOUBLE_EQ(flops(), 2 * 8 * kTokens * 1024 * 512 * 2);
  // Two tokens choose 16 of 32 experts' places: each expert works on a row, no less.
  model.sequence = 1;
  EXPECT_DOUBLE_EQ(flops(), 2 * 32 * 1024 * 512 * 2);
}

// Attention and a shared expert end in a reduction each, routed experts in none.
TEST(Layer, SharedExpertsReduceOverTensorRanks) {
  Plan plan = two_sequences();
  plan.tensor_parallel = 2;
  const auto messages = [&](const Transformer& model, LayerKind kind) {
    return run(model, plan, bare_stack(), CountingKernels::What::flops, kind)
        .times.forward[Part::tensor_comm];
  };
  const double dense = messages(llama(), LayerKind::dense);
  EXPECT_GT(dense, 0);
  Transformer model = mixture();
  EXPECT_DOUBLE_EQ(messages(model, LayerKind::moe), dense / 2);
  model.moe->shared_experts = 1, model.moe->shared_ffn_hidden = 512;
  EXPECT_DOUBLE_EQ(messages(model, LayerKind::moe), dense);
}

TEST(Layer, EmbeddingAndFinalNormMoveFourBytesAnElement) {
  const CountingMachine machine(CountingKernels::What::bytes);
  const System& system = machine.system();
  const Plan plan = two_sequences();
  EXPECT_DOUBLE_EQ(embedding_times(llama(), plan, bare_stack(), system).forward[Part::elementwise],
                   4 * kTokens * 1024);
  EXPECT_DOUBLE_EQ(head_times(llama(), plan, bare_stack(), system).forward[Part::elementwise],
                   4 * kTokens * 1024);
}

// A prediction module's join: two norms of four bytes an element, both their outputs read and written once
// more, and a matrix of twice the width by the width.
TEST(Layer, PredictionModulesJoinTwoStates) {
  const Plan plan = two_sequences();
  const CountingMachine traffic(CountingKernels::What::bytes);
  const PassTimes moved = prediction_times(llama(), plan, bare_stack(), traffic.system());
  EXPECT_DOUBLE_EQ(moved.forward[Part::elementwise], 16 * kTokens * 1024);
  const CountingMachine work;
  const PassTimes times = prediction_times(llama(), plan, bare_stack(), work.system());
  EXPECT_DOUBLE_EQ(both(times, Part::gemm), 6 * kTokens * 2 * 1024 * 1024);
}

// The slowest of four hosts launches 8 % of 1.049 standard deviations late (Blom: the quantile of 3.625
// / 4.25).
TEST(Layer, TheSlowestOfTensorRanksLaunchesLast) {
  Plan plan = two_sequences();
  plan.tensor_parallel = 4;
  Stack stack = bare_stack();
  stack.layer_launch = Seconds(1e20);
  EXPECT_NEAR(run(llama(), plan, stack).times.forward.sum() / 1e20, 1 + 0.08 * 1.0491, 5e-4);
}

TEST(Layer, UnfusedAttentionWritesTheScoresAndMultipliesTheFullSquare) {
  Stack stack = bare_stack();
  stack.attention = AttentionKernel::unfused;
  const double scores = 2 * 16 * 2048.0 * 2048;
  const PassTimes traffic = run(llama(), two_sequences(), stack, CountingKernels::What::bytes).times;
  EXPECT_DOUBLE_EQ(traffic.forward[Part::attention], 9 * scores);
  EXPECT_DOUBLE_EQ(traffic.backward[Part::attention], 11 * scores);
  const PassTimes flops = run(llama(), two_sequences(), stack).times;
  EXPECT_DOUBLE_EQ(flops.forward[Part::attention], 4 * 64 * scores);
  EXPECT_DOUBLE_EQ(flops.backward[Part::attention], 8 * 64 * scores);
}

TEST(Layer, OddDimensionsTakeTwiceAsLong) {
  Transformer odd = llama();
  odd.ffn_hidden = 3076;  // a multiple of 4, not of the 8 that 16 bytes of BF16 hold
  const double whole = 2 * kTokens * attention_parameters(odd);
  const double ffn = 2 * kTokens * feed_forward_parameters(odd, 0);
  // 2 x 3076 is a multiple of 8: only the down-projection, a third, suffers.
  EXPECT_DOUBLE_EQ(run(odd, two_sequences(), bare_stack()).times.forward[Part::gemm], whole + ffn * 4 / 3);
  // FP8 wants multiples of 16: those of 1024 and 3072 are, 3080 is not.
  Plan fp8 = two_sequences();
  fp8.precision = Precision::fp8;
  const double even = 2 * kTokens * (attention_parameters(llama()) + feed_forward_parameters(llama(), 0));
  EXPECT_DOUBLE_EQ(run(llama(), fp8, bare_stack()).times.forward[Part::gemm], even);
  odd.ffn_hidden = 3080;
  EXPECT_DOUBLE_EQ(run(odd, fp8, bare_stack()).times.forward[Part::gemm],
                   whole + 2 * kTokens * feed_forward_parameters(odd, 0) * 4 / 3);
}

TEST(Layer, OverheadsAreSplitAndLaunchesFillWhatKernelsLeave) {
  Stack stack = bare_stack();
  stack.layer_overhead = Seconds(3);
  const PassTimes times = run(llama(), two_sequences(), stack).times;
  EXPECT_DOUBLE_EQ(times.forward[Part::overhead], 1);
  EXPECT_DOUBLE_EQ(times.backward[Part::overhead], 2);
  // As long to launch as to run: 2^(1/4) of either; much longer or shorter: the longer alone.
  const double device = run(llama(), two_sequences(), bare_stack()).times.forward.sum();
  Stack launching = bare_stack();
  launching.layer_launch = Seconds(device);
  EXPECT_NEAR(run(llama(), two_sequences(), launching).times.forward.sum() / device, std::pow(2, 0.25),
              1e-12);
  launching.layer_launch = Seconds(1000 * device);
  const PassTimes waiting = run(llama(), two_sequences(), launching).times;
  EXPECT_NEAR(waiting.forward.sum() / (1000 * device), 1, 1e-9);
  EXPECT_NEAR(waiting.backward.sum() / (2000 * device), 1, 1e-9);
  launching.layer_launch = Seconds(device / 1000);
  EXPECT_NEAR(run(llama(), two_sequences(), launching).times.forward.sum() / device, 1, 1e-9);
  // What is computed again is launched again.
  launching.layer_launch = Seconds(1000 * device);
  Plan again = two_sequences();
  again.recompute = Recompute::full;
  again.recompute_share = 0.5;
  EXPECT_NEAR(run(llama(), again, launching).times.backward.sum() / (2500 * device), 1, 1e-9);
  Stack routing = bare_stack();
  routing.moe_overhead = Seconds(3);
  EXPECT_DOUBLE_EQ(
      both(run(mixture(), two_sequences(), routing, CountingKernels::What::flops, LayerKind::moe).times,
           Part::overhead),
      3);
  EXPECT_EQ(both(run(llama(), two_sequences(), routing).times, Part::overhead), 0);
}

// The figures of stack.h, which hold for stacks that do not state them.
TEST(Stack, WhatIsNotStated) {
  const Stack stack;
  EXPECT_EQ(stack.moment_bytes, 8);
  EXPECT_EQ(stack.gradient_bytes, 4);
  EXPECT_EQ(stack.accumulate_bytes, 6);
  EXPECT_EQ(stack.dispatch_bytes, 2);
  EXPECT_EQ(stack.loss_bytes, 2);
  EXPECT_EQ(stack.logit_bytes, 14);
  EXPECT_EQ(stack.expert_rate, 0.86);
  EXPECT_EQ(stack.context_exposed, 0.3);
  EXPECT_EQ(stack.shard_serial, 0.15);
  EXPECT_EQ(stack.context_exchange, ContextExchange::ring);
}

}  // namespace
}  // namespace traincast
