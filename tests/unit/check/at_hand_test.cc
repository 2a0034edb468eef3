#include "host/check/at_hand.h"

#include <gtest/gtest.h>

#include <cmath>

#include "host/base/errors.h"
#include "host/config/load.h"
#include "host/model/memory.h"

namespace traincast {
namespace {

Transformer shipped(const std::string& model) {
  return load_transformer(ConfigStore(TRAINCAST_TEST_CONFIGS), model);
}

template <typename Error, typename Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Scaled, DividesWidthsAndKeepsHeadDimensions) {
  const Transformer small = scaled(shipped("llama-3-8b"), 8);
  EXPECT_EQ(small.hidden, 512);
  EXPECT_EQ(small.ffn_hidden, 1792);
  EXPECT_EQ(small.heads, 4);
  EXPECT_EQ(small.kv_heads, 1);
  EXPECT_EQ(small.head_dim, 128);
  EXPECT_EQ(small.vocab, 2048);    // 128,256 / 64 = 2,004
  EXPECT_EQ(small.sequence, 128);  // 8,192 / 64
  EXPECT_EQ(small.layers, 32);
}

TEST(Scaled, ByOneIsTheModelItself) {
  const Transformer model = shipped("llama-3-8b");
  const Transformer same = scaled(model, 1);
  EXPECT_EQ(same.hidden, model.hidden);
  EXPECT_EQ(same.vocab, model.vocab);
  EXPECT_EQ(same.name, model.name);
}

TEST(Scaled, KeepsAMixtureAMixture) {
  const Transformer small = scaled(shipped("deepseek-v3"), 64);
  ASSERT_TRUE(small.moe);
  EXPECT_GE(small.moe->experts, small.moe->top_k);
  EXPECT_EQ(small.mtp_layers, 0);
  const Transformer two = first_layers(small, 2);
  EXPECT_FALSE(two.is_moe_layer(0));
  EXPECT_TRUE(two.is_moe_layer(1));
  EXPECT_EQ(layers_of_all_kinds(small), 2);
}

TEST(PlanAtHand, RefusesRanksThatDoNotDivide) {
  const Transformer model = shipped("llama-3-8b");
  EXPECT_EQ(message_of<UsageError>([&] {
              plan_at_hand({.tensor_parallel = 3}, model, {.ranks = 2, .ranks_per_node = 2, .memory = {}});
            }),
            "--tensor-parallel 3 does not divide the 2 ranks of this job");
  EXPECT_EQ(message_of<UsageError>([&] {
              plan_at_hand({.tensor_parallel = 3}, model, {.ranks = 3, .ranks_per_node = 3, .memory = {}});
            }),
            "model llama-3-8b cannot be laid out on --tensor-parallel 3: heads 32 is no multiple of "
            "tensor_parallel 3");
}

TEST(LayersThatFit, IsTheMostThatTheMemoryModelAllows) {
  const Transformer model = shipped("llama-3-8b");
  const Plan plan = plan_at_hand({}, model, {.ranks = 1, .ranks_per_node = 1, .memory = {}});
  const Stack stack;
  const Bytes capacity(80e9);
  const std::int64_t layers = layers_that_fit(model, plan, stack, capacity, 0);
  EXPECT_GT(layers, 1);
  EXPECT_LE(estimate_memory(first_layers(model, layers), plan, stack).total(), capacity);
  EXPECT_GT(estimate_memory(first_layers(model, layers + 1), plan, stack).total(), capacity);
  EXPECT_EQ(layers_that_fit(model, plan, stack, capacity, 1), 1);
  const std::string too_many =
      message_of<InfeasiblePlan>([&] { layers_that_fit(model, plan, stack, capacity, 32); });
  EXPECT_NE(too_many.find("32 layers of llama-3-8b"), std::string::npos) << too_many;
  EXPECT_NE(too_many.find("--layers " + std::to_string(layers) + " would fit"), std::string::npos)
      << too_many;
  EXPECT_NE(message_of<InfeasiblePlan>([&] {
              layers_that_fit(model, plan, stack, Bytes(1e9), 0);
            }).find("1 layer of llama-3-8b"),
            std::string::npos);
}

TEST(SpreadBetweenRanks, IsTheMedianOverOps) {
  Profile profile;
  for (const double slow : {1.1, 1.2, 1.3}) {
    profile.ops.push_back({.op = Gemm{}, .timing = {.median = Seconds(1), .rank_medians_s = {1.0, slow}}});
  }
  // (1, 1.2): mean 1.1, standard deviation 0.2 / sqrt(2).
  EXPECT_NEAR(spread_between_ranks(profile), 0.2 / std::sqrt(2.0) / 1.1, 1e-12);
  EXPECT_EQ(spread_between_ranks(Profile{}), 0);
}

}  // namespace
}  // namespace traincast
