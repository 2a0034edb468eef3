// What a row of each layout becomes: columns read, defaults listed, reasons where it cannot be expressed.
#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "host/model/flops.h"
#include "host/validate/published_runs.h"
#include "tests/unit/validate/rows.h"

namespace traincast {
namespace {

using namespace test;

Fields full_row() {
  return {{"id", "X-001"},
          {"family", "X"},
          {"cluster", "X|m|H100|16bit"},
          {"model", "m"},
          {"gpu", "H100"},
          {"gpus", "64"},
          {"gpus_per_node", "8"},
          {"net_per_gpu_gbps", "400"},
          {"layers", "32"},
          {"hidden", "4096"},
          {"ffn_hidden", "14336"},
          {"heads", "32"},
          {"kv_heads", "8"},
          {"head_dim", "128"},
          {"gated_mlp", "1"},
          {"vocab", "128256"},
          {"seq", "8192"},
          {"tp", "2"},
          {"pp", "4"},
          {"vpp", "2"},
          {"cp", "1"},
          {"mbs", "1"},
          {"gbs_seqs", "128"},
          {"zero_stage", "1"},
          {"precision_class", "fp8"},
          {"recompute_mode", "selective"},
          {"sequence_parallel", "1"},
          {"stack", "nemo-2024"},
          {"grade", "A"},
          {"primary", "1"},
          {"core", "1"},
          {"tokens_per_s_per_gpu", "8192"}};
}

TEST(PublishedRows, AFullRowIsTakenAsItSays) {
  const PublishedRun run = read(full_row());
  EXPECT_EQ(run.reason, "");
  EXPECT_TRUE(run.assumptions.empty()) << run.assumptions.front();
  EXPECT_TRUE(run.scored && run.core && run.recompute_stated && run.virtual_stages_stated);
  EXPECT_EQ(run.plan.stack, "nemo-2024");
  EXPECT_EQ(run.plan.data_parallel, 8);
  EXPECT_EQ(run.plan.gpus(), run.gpus);
  EXPECT_EQ(run.plan.schedule, Schedule::interleaved);
  EXPECT_EQ(run.plan.precision, Precision::fp8);
  EXPECT_EQ(run.plan.recompute, Recompute::selective);
  EXPECT_DOUBLE_EQ(run.nic_per_gpu->value(), 50e9);
  EXPECT_EQ(run.model.kv_heads, 8);
  EXPECT_FALSE(run.model.moe.has_value());
  // 128 sequences of 8192 tokens on 64 GPUs at 8192 tokens/s each: 2 s.
  EXPECT_DOUBLE_EQ(run.measured->value(), 2);
}

TEST(PublishedRows, WhatIsNotStatedIsListed) {
  const PublishedRun run =
      read(without(full_row(), {"vocab", "seq", "mbs", "gbs_seqs", "zero_stage", "precision_class", "vpp",
                                "cp", "recompute_mode", "gpus_per_node", "net_per_gpu_gbps"}));
  EXPECT_EQ(run.reason, "");
  for (const char* text : {"vocab not stated: 51200", "seq not stated: 2048", "mbs not stated: 1",
                           "gbs_seqs not stated: 256", "zero_stage not stated: 1", "precision taken as bf16",
                           "cp not stated: 1", "gpus_per_node not stated: 8"}) {
    EXPECT_TRUE(assumed(run, text)) << text;
  }
  EXPECT_FALSE(run.recompute_stated);
  EXPECT_FALSE(run.virtual_stages_stated);
  EXPECT_FALSE(run.nic_per_gpu.has_value());
}

TEST(PublishedRows, ABatchThatDoesNotDivideIsRoundedUpAndSaysSo) {
  const PublishedRun run = read(with(full_row(), {{"gbs_seqs", "100"}}));
  EXPECT_EQ(run.plan.global_batch, 104);
  EXPECT_TRUE(assumed(run, "global batch rounded from 100 to 104"));
}

TEST(PublishedRows, GradeAndPrimaryDecideWhatIsScored) {
  EXPECT_TRUE(read(with(full_row(), {{"grade", "B"}})).scored);
  EXPECT_FALSE(read(with(full_row(), {{"grade", "C"}})).scored);
  EXPECT_FALSE(read(with(full_row(), {{"primary", "0"}})).scored);
  EXPECT_FALSE(read(with(full_row(), {{"core", "0"}})).core);
}

TEST(PublishedRows, WhatCannotBeExpressedHasAReason) {
  const std::pair<Fields, std::string> cases[] = {
      {without(full_row(), {"layers"}), "architecture not published"},
      {with(full_row(), {{"heads", ""}}), "architecture not published"},
      {with(full_row(), {{"gpus", ""}}), "number of GPUs not published"},
      {with(full_row(), {{"tp", "3"}}), "TP x PP x CP = 12 does not divide 64 GPUs"},
      {without(full_row(), {"tokens_per_s_per_gpu"}), "no step time, throughput or FLOP rate printed"},
  };
  for (const auto& [fields, reason] : cases) {
    const PublishedRun run = read(fields);
    EXPECT_NE(run.reason.find(reason), std::string::npos) << "\"" << run.reason << "\" lacks " << reason;
  }
}

TEST(PublishedRows, MalformedNumbersAreRefusedWithTheirPlace) {
  for (const char* column :
       {"layers", "gpus", "tp", "gbs_seqs", "tokens_per_s_per_gpu", "net_per_gpu_gbps"}) {
    try {
      read(with(full_row(), {{column, "many"}}));
      ADD_FAILURE() << column;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("rows.csv:2: column " + std::string(column)),
                std::string::npos)
          << error.what();
    }
  }
}

TEST(PublishedRows, TheMeasuredTimeComesFromTheBestColumn) {
  const Fields none = without(full_row(), {"tokens_per_s_per_gpu"});
  const PublishedRun timed = read(with(none, {{"iter_time_s", "3.5"}, {"tflops_per_gpu", "1"}}));
  EXPECT_DOUBLE_EQ(timed.measured->value(), 3.5);
  EXPECT_EQ(timed.measured_from, "iter_time_s");
  const double tokens = 128 * 8192 / 64.0;
  const PublishedRun norm = read(with(none, {{"norm_tflops_per_gpu", "400"}}));
  EXPECT_NEAR(norm.measured->value(),
              tokens * flops_per_token(norm.model, AttentionCount::causal_half).value() / 400e12, 1e-9);
  const PublishedRun printed = read(with(none, {{"tflops_per_gpu", "400"}}));
  const double model_flops = flops_per_token(printed.model, AttentionCount::full_square).value();
  EXPECT_NEAR(printed.measured->value(), tokens * model_flops / 400e12, 1e-9);
  EXPECT_TRUE(assumed(printed, "printed FLOP rate counts the full attention square, no recomputation"));
  const PublishedRun hardware = read(with(none, {{"tflops_per_gpu", "400"}, {"flops_convention", "HW"}}));
  EXPECT_NEAR(hardware.measured->value(), tokens * model_flops * 4 / 3 / 400e12, 1e-9);
}

TEST(PublishedRows, ExpertsAndNotes) {
  const Fields moe = with(full_row(), {{"experts", "64"},
                                       {"topk", "6"},
                                       {"shared_experts", "2"},
                                       {"ep", "8"},
                                       {"ffn_hidden", "1408"},
                                       {"tp", "1"},
                                       {"pp", "1"}});
  const PublishedRun run = read(with(moe, {{"notes", "expert-TP (ETP)=4; natural routing"}}));
  ASSERT_TRUE(run.model.moe.has_value());
  EXPECT_EQ(run.model.moe->experts, 64);
  EXPECT_EQ(run.model.moe->top_k, 6);
  EXPECT_EQ(run.model.moe->shared_ffn_hidden, 2 * 1408);
  EXPECT_EQ(run.plan.expert_parallel, 8);
  EXPECT_EQ(run.plan.expert_tensor_parallel, 4);
  EXPECT_DOUBLE_EQ(run.plan.routing_skew, 2);
  const PublishedRun plain = read(moe);
  EXPECT_EQ(plain.plan.expert_tensor_parallel, 1);
  EXPECT_DOUBLE_EQ(plain.plan.routing_skew, 1);
  EXPECT_EQ(read(with(moe, {{"notes", "ETP=2"}})).plan.expert_tensor_parallel, 2);
  EXPECT_TRUE(read(with(moe, {{"notes", "ETP=1"}})).expert_tensor_stated);
  EXPECT_FALSE(read(moe).expert_tensor_stated);
  EXPECT_TRUE(read(with(full_row(), {{"notes", "task=LoRA"}})).plan.adapters_only);
  EXPECT_EQ(read(with(full_row(), {{"model", "m+MTP"}})).model.mtp_layers, 1);
}

TEST(PublishedRows, PrecisionsAreReadByTheirWords) {
  const std::pair<const char*, Precision> cases[] = {{"FP8 delayed scaling", Precision::fp8},
                                                     {"E4M3", Precision::fp8},
                                                     {"MX-FP8", Precision::mxfp8},
                                                     {"NVFP4", Precision::nvfp4},
                                                     {"bfloat16", Precision::bf16},
                                                     {"float16", Precision::fp16},
                                                     {"", Precision::bf16},
                                                     {"INT3", Precision::bf16}};
  for (const auto& [text, precision] : cases) {
    const PublishedRun run = read(with(full_row(), {{"precision", text}, {"precision_class", "?"}}));
    EXPECT_EQ(run.plan.precision, precision) << text;
    EXPECT_TRUE(assumed(run, "precision taken as")) << text;
  }
  const PublishedRun rows = read(with(full_row(), {{"precision", "FP8 rowwise"}}));
  EXPECT_EQ(rows.plan.precision, Precision::bf16);
  EXPECT_TRUE(assumed(rows, "FP8 scaled by rows"));
}

TEST(PublishedRows, DegreesLeftOutFollowFromTheDataParallelOne) {
  // 64 GPUs, 2 replicas: 32 ranks a replica, 8 of them in a node.
  const PublishedRun both = read(with(full_row(), {{"tp", ""}, {"pp", ""}, {"dp", "2"}}));
  EXPECT_EQ(both.plan.tensor_parallel, 8);
  EXPECT_EQ(both.plan.pipeline_parallel, 4);
  EXPECT_EQ(both.plan.data_parallel, 2);
  const PublishedRun one = read(with(full_row(), {{"tp", ""}, {"dp", "4"}}));
  EXPECT_EQ(one.plan.tensor_parallel, 4);
  EXPECT_EQ(one.plan.pipeline_parallel, 4);
  EXPECT_FALSE(read(with(full_row(), {{"tp", ""}, {"pp", ""}})).mapping_stated);
  EXPECT_EQ(read(with(full_row(), {{"tp", ""}, {"pp", ""}, {"dp", "5"}})).plan.data_parallel, 64);
}

TEST(PublishedRows, DetailsWithoutAColumnComeFromTheShippedModelOfTheSameShape) {
  Transformer known;
  known.name = "known";
  known.hidden = 4096, known.heads = 32, known.kv_heads = 8, known.ffn_hidden = 14336;
  known.head_dim = 128, known.layers = 99, known.sequence = 1, known.vocab = 1;
  known.sliding_window = 4096;
  const PublishedRun run = read(full_row(), {known});
  EXPECT_EQ(run.model.sliding_window, 4096);
  EXPECT_EQ(run.model.layers, 32) << "the row's own columns stay";
  EXPECT_EQ(run.model.sequence, 8192);
  EXPECT_EQ(run.model.vocab, 128256);
  EXPECT_TRUE(assumed(run, "architecture details from the shipped model known"));
  known.hidden = 5120;
  EXPECT_EQ(read(full_row(), {known}).model.sliding_window, 0);
}

}  // namespace
}  // namespace traincast
