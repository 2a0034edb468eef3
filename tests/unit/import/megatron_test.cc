#include "host/import/megatron.h"

#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "host/model/parameters.h"

namespace traincast {
namespace {

// GPT-3 175B as the examples of Megatron-LM train it.
constexpr std::string_view kScript = R"(#!/bin/bash
# --num-layers 1 in a comment does not count
ARGS=(
    --num-layers 96 \
    --hidden-size 12288
    --num-attention-heads 96
    --seq-length 2048 --max-position-embeddings 2048
    --tensor-model-parallel-size 8
    --pipeline-model-parallel-size=16
    --num-layers-per-virtual-pipeline-stage 2
    --micro-batch-size 1 --global-batch-size 1536
    --bf16 --sequence-parallel --use-distributed-optimizer
    --recompute-granularity "selective"
    --vocab-size 50257
)
torchrun pretrain_gpt.py ${ARGS[@]}
)";

TEST(Megatron, ReadsACommandLine) {
  const ImportedTraining read = import_megatron(parse_megatron_arguments(kScript), "gpt3.sh",
                                                {.gpus = 1024, .stack = "megatron-core-2024"});
  EXPECT_EQ(read.model.layers, 96);
  EXPECT_EQ(read.model.vocab, 51200);  // padded to 128 x 8
  EXPECT_TRUE(read.model.learned_positions);
  EXPECT_TRUE(read.model.bias);
  EXPECT_FALSE(read.model.gated_ffn);
  EXPECT_TRUE(read.model.tied_embeddings);
  EXPECT_NEAR(parameters(read.model), 175e9, 0.01 * 175e9);
  EXPECT_EQ(read.plan.tensor_parallel, 8);
  EXPECT_EQ(read.plan.pipeline_parallel, 16);
  EXPECT_EQ(read.plan.virtual_stages, 3);
  EXPECT_EQ(read.plan.schedule, Schedule::interleaved);
  EXPECT_EQ(read.plan.data_parallel, 8);
  EXPECT_EQ(read.plan.global_batch, 1536);
  EXPECT_EQ(read.plan.zero_stage, 1);
  EXPECT_EQ(read.plan.recompute, Recompute::selective);
  EXPECT_TRUE(read.notes.empty());
}

// 1,953,125 samples of 2,048 tokens are 4,000 Mtoken: the batch ramp of GPT-3 in Megatron-LM's examples.
TEST(Megatron, SaysABatchThatGrowsAsThePartOfARun) {
  const auto notes = [](const std::string& more) {
    return import_megatron(parse_megatron_arguments(std::string(kScript) + more), "gpt3.sh",
                           {.gpus = 1024, .stack = "megatron-core-2024"})
        .notes;
  };
  const std::vector<std::string> said = notes(" --rampup-batch-size 32 32 1953125 --fp16");
  ASSERT_EQ(said.size(), 1U);
  EXPECT_NE(
      said[0].find("{\"title\": \"growing batch\", \"tokens\": \"4000 Mtoken\", \"global_batch\": 1536, "
                   "\"rampup\": {\"start\": 32, \"increment\": 32}}"),
      std::string::npos)
      << said[0];
  EXPECT_EQ(notes(" --rampup_batch_size \"[32, 32, 1953125]\""), said);
  for (const char* wrong : {"32 32", "32 100 1953125", "1536 32 5", "32 32 0", "32 32 1953125 7", "a b c"}) {
    try {
      notes(std::string(" --rampup-batch-size ") + wrong);
      ADD_FAILURE() << wrong;
    } catch (const ConfigError& error) {
      EXPECT_EQ(
          std::string(error.what()),
          "gpt3.sh: --rampup-batch-size: \"" + std::string(wrong) +
              "\"; accepted: START INCREMENT SAMPLES, whole numbers from 1, that lead from START to the "
              "global batch of 1536 by whole increments");
    }
  }
}

TEST(Megatron, ReadsNeMoYaml) {
  constexpr std::string_view kYaml = R"(
trainer:
  num_nodes: 2
  devices: 8
model:
  num_layers: 32   # Llama 3 8B
  hidden_size: 4096
  ffn_hidden_size: 14336
  num_attention_heads: 32
  num_query_groups: 8
  encoder_seq_length: 8192
  activation: 'fast-swiglu'
  bias: false
  position_embedding_type: rope
  share_embeddings_and_output_weights: False
  tensor_model_parallel_size: 2
  virtual_pipeline_model_parallel_size: null
  micro_batch_size: 1
  global_batch_size: 128
  padded_vocab_size: 128256
  fp8: True
)";
  const ImportedTraining read =
      import_megatron(parse_megatron_arguments(kYaml), "llama.yaml", {.stack = "nemo-2024"});
  EXPECT_NEAR(parameters(read.model), 8.03e9, 0.01 * 8.03e9);
  EXPECT_TRUE(read.model.gated_ffn);
  EXPECT_FALSE(read.model.tied_embeddings);
  EXPECT_EQ(read.plan.gpus(), 16);
  EXPECT_EQ(read.plan.precision, Precision::fp8);
}

TEST(Megatron, ReadsExperts) {
  constexpr std::string_view kArguments =
      "--num-layers 61 --hidden-size 7168 --ffn-hidden-size 18432 --num-attention-heads 128 --seq-length "
      "4096 --swiglu "
      "--disable-bias-linear --untie-embeddings-and-output-weights --position-embedding-type rope "
      "--vocab-size 129280 "
      "--multi-latent-attention --q-lora-rank 1536 --kv-lora-rank 512 --qk-head-dim 128 "
      "--qk-pos-emb-head-dim 64 "
      "--v-head-dim 128 --num-experts 256 --moe-router-topk 8 --moe-ffn-hidden-size 2048 "
      "--moe-shared-expert-intermediate-size 2048 --moe-layer-freq '([0]*3+[1]*58)' "
      "--pipeline-model-parallel-size 16 --expert-model-parallel-size 64 --micro-batch-size 1 "
      "--global-batch-size 15360 --moe-router-num-groups 8 --moe-router-group-topk 4";
  const ImportedTraining read = import_megatron(parse_megatron_arguments(kArguments), "args",
                                                {.gpus = 2048, .stack = "megatron-core-moe-2025"});
  EXPECT_NEAR(parameters(read.model), 671e9, 0.01 * 671e9);
  EXPECT_EQ(read.model.moe->first_dense_layers, 3);
  EXPECT_EQ(read.plan.expert_parallel, 64);
  EXPECT_EQ(read.model.moe->router_groups, 8);
  EXPECT_EQ(read.model.moe->router_group_top_k, 4);
}

std::string refusal(std::string_view text, std::int64_t gpus = 8) {
  try {
    import_megatron(parse_megatron_arguments(text), "args", {.gpus = gpus, .stack = "x"});
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Megatron, RefusesInOneLine) {
  EXPECT_NE(refusal("hello").find("args: holds neither --num-layers nor num_layers"), std::string::npos);
  EXPECT_NE(
      refusal("--num-layers x --hidden-size 8").find("args: --num-layers: \"x\"; accepted: a whole number"),
      std::string::npos);
  EXPECT_NE(
      refusal("--num-layers 2 --hidden-size 8 --num-attention-heads 3 --seq-length 8").find("--kv-channels"),
      std::string::npos);
  const std::string small = "--num-layers 2 --hidden-size 8 --num-attention-heads 2 --seq-length 8 ";
  EXPECT_NE(refusal(small + "--tensor-model-parallel-size 3").find("which does not divide 8"),
            std::string::npos);
  EXPECT_NE(refusal(small + "--tensor-model-parallel-size 0").find("accepted: a whole number from 1"),
            std::string::npos);
  EXPECT_NE(
      refusal(small + "--num-experts 4 --moe-layer-freq [0,1]").find("accepted: a whole number, [1]*LAYERS"),
      std::string::npos);
}

constexpr std::string_view kSmall =
    "--num-layers 8 --hidden-size 64 --num-attention-heads 4 --seq-length 128 --micro-batch-size 1 ";

ImportedTraining small(const std::string& more, std::int64_t gpus = 8) {
  return import_megatron(parse_megatron_arguments(std::string(kSmall) + more), "args",
                         {.gpus = gpus, .stack = "x"});
}

TEST(Megatron, RecomputesWhatTheArgumentsSay) {
  EXPECT_EQ(small("").plan.recompute, Recompute::none);
  EXPECT_EQ(small("--recompute-activations").plan.recompute, Recompute::selective);
  EXPECT_EQ(small("--activations-checkpoint-granularity full").plan.recompute, Recompute::full);
  // Three of the four layers of a rank, block by block; "uniform" recomputes all of them.
  const std::string full =
      "--recompute-granularity full --pipeline-model-parallel-size 2 --recompute-num-layers 3 ";
  EXPECT_DOUBLE_EQ(small(full + "--recompute-method block").plan.recompute_share, 0.75);
  EXPECT_DOUBLE_EQ(small(full + "--recompute-method uniform").plan.recompute_share, 1);
}

TEST(Megatron, LearnsPrecisionAndReplicasFromWhatIsThere) {
  EXPECT_EQ(small("--fp16").plan.precision, Precision::fp16);
  EXPECT_EQ(small("--fp8-format hybrid --fp8-recipe mxfp8").plan.precision, Precision::mxfp8);
  EXPECT_EQ(small("--nnodes 2 --nproc-per-node 8", 0).plan.gpus(), 16);
  EXPECT_EQ(small("").plan.global_batch, 8) << "one micro-batch a replica where none is stated";
  EXPECT_EQ(
      small("--num-virtual-stages-per-pipeline-rank 2 --pipeline-model-parallel-size 2").plan.virtual_stages,
      2);
  EXPECT_EQ(small("--group-query-attention --num-query-groups 2").model.kv_heads, 2);
  EXPECT_EQ(small("--num-query-groups None").model.kv_heads, 4) << "as good as absent";
  EXPECT_EQ(small("--swiglu").model.ffn_hidden, 128) << "2/3 of 4 x 64 in multiples of 64";
  EXPECT_EQ(small("--quick-geglu").model.ffn_hidden, 256) << "for SwiGLU alone";
  EXPECT_EQ(small("--fp8-hybrid").plan.precision, Precision::fp8) << "as in 2023";
}

TEST(Megatron, GroupsOfQueriesNeedTheirFlag) {
  const ImportedTraining alone = small("--num-query-groups 2");
  EXPECT_EQ(alone.model.kv_heads, 4);
  ASSERT_FALSE(alone.notes.empty());
  EXPECT_EQ(alone.notes.front(),
            "--num-query-groups 2 without --group-query-attention changes nothing in Megatron-LM: 4 "
            "key-value heads taken.");
}

// 8 layers, the embedding and the loss on 5 ranks: two of them each, in stages of one.
TEST(Megatron, TheEmbeddingAndTheLossCanTakeAPlaceInThePipeline) {
  const std::string both =
      "--account-for-embedding-in-pipeline-split --account-for-loss-in-pipeline-split "
      "--num-layers-per-virtual-pipeline-stage 1 --pipeline-model-parallel-size 5 ";
  EXPECT_EQ(small(both, 10).plan.virtual_stages, 2);
  EXPECT_EQ(small(both + "--recompute-granularity full --recompute-method block --recompute-num-layers 1", 10)
                .plan.recompute_share,
            1);
}

TEST(Megatron, ExpertsStandInTheLayersNamed) {
  EXPECT_EQ(small("--num-experts 4 --moe-layer-freq 2").model.moe->every, 2);
  EXPECT_EQ(small("--num-experts 4 --moe-layer-freq [1]*8").model.moe->first_dense_layers, 0);
  EXPECT_NE(
      refusal(std::string(kSmall) + "--num-experts 4 --moe-layer-freq [0]*3+[1]*4").find("--moe-layer-freq"),
      std::string::npos)
      << "seven of eight layers";
}

TEST(Megatron, RefusesWhatCannotBeLaidOut) {
  const std::string arguments(kSmall);
  EXPECT_NE(refusal(arguments + "--num-experts 4 --moe-router-topk 5").find("accepted: 1 to the 4 experts"),
            std::string::npos);
  EXPECT_NE(refusal(arguments + "--group-query-attention --num-query-groups 3")
                .find("3 does not divide the 4 attention heads"),
            std::string::npos);
  EXPECT_NE(refusal(arguments + "--pipeline-model-parallel-size 2 --num-layers-per-virtual-pipeline-stage 3")
                .find("3 does not divide the 4 layers of a pipeline rank"),
            std::string::npos);
  EXPECT_NE(refusal(arguments + "--num-virtual-stages-per-pipeline-rank 9").find("no more than the 8 layers"),
            std::string::npos);
  EXPECT_NE(refusal("--num-layers 100001 --hidden-size 64").find("from 1 to 100000"), std::string::npos);
  EXPECT_NE(refusal("--num-layers 2").find("--hidden-size: missing"), std::string::npos);
  EXPECT_NE(refusal("--num-layers 2 --hidden-size 0").find("--hidden-size: 0; accepted"), std::string::npos);
}

}  // namespace
}  // namespace traincast
