// Files as people keep them: scripts with variables and branches, NeMo's YAML and the command line that
// changes it.
#include <gtest/gtest.h>

#include "host/base/errors.h"
#include "host/import/megatron.h"
#include "host/model/parameters.h"

namespace traincast {
namespace {

ImportedTraining read(std::string_view text, const MegatronOptions& options = {.stack = "s"}) {
  return import_megatron(parse_megatron_arguments(text), "file", options);
}

std::string refusal(std::string_view text) {
  try {
    read(text);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

bool noted(const ImportedTraining& training, std::string_view part) {
  for (const std::string& note : training.notes) {
    if (note.find(part) != std::string::npos) return true;
  }
  return false;
}

// Llama 3 8B on two nodes.
constexpr std::string_view kScript = R"(#!/bin/bash
GPUS_PER_NODE=8
NUM_NODES=${NUM_NODES:-2}
TP_SIZE=2
LAYERS=$((4*8))
DTYPE=${1:-fp8}
DISTRIBUTED_ARGS="--nproc_per_node $GPUS_PER_NODE --nnodes $NUM_NODES --master_addr localhost"
MODEL_ARGS=(
    --num-layers $LAYERS
    --hidden-size 4096 --ffn-hidden-size 14336
    --num-attention-heads 32 --group-query-attention --num-query-groups 8
    --seq-length 8192 --max-position-embeddings 8192
    --position-embedding-type rope --rotary-base 500000
    --swiglu --normalization RMSNorm --disable-bias-linear --untie-embeddings-and-output-weights
    "--vocab-size 128256"
)
if [[ "$DTYPE" == "fp8" ]]; then
    PRECISION=("--fp8-format hybrid" --fp8-amax-history-len 1024)
fi
torchrun $DISTRIBUTED_ARGS pretrain_gpt.py ${MODEL_ARGS[@]} ${PRECISION[@]} \
    --tensor-model-parallel-size ${TP_SIZE} --sequence-parallel --bf16 --lr 1e-4 --clip-grad 1.0 \
    --micro-batch-size 1 --global-batch-size $((16 * 8)) --use-distributed-optimizer --overlap-grad-reduce \
    --optimizer-cpu-offload --brand-new-option 3 --train-iters 100
)";

TEST(MegatronFiles, ReadsAScriptWithVariables) {
  const ImportedTraining training = read(kScript);
  EXPECT_EQ(training.model.layers, 32);
  EXPECT_NEAR(parameters(training.model), 8.03e9, 0.01 * 8.03e9);
  EXPECT_EQ(training.plan.gpus(), 16);
  EXPECT_EQ(training.plan.tensor_parallel, 2);
  EXPECT_EQ(training.plan.global_batch, 128);
  EXPECT_EQ(training.plan.zero_stage, 1);
  EXPECT_EQ(training.plan.precision, Precision::fp8);
}

TEST(MegatronFiles, NamesWhatItLeavesOut) {
  const ImportedTraining training = read(kScript);
  EXPECT_TRUE(noted(training, "Under a condition in the script, and taken: --fp8-format hybrid."));
  EXPECT_TRUE(noted(training, "Left to the stack config, which --stack names: --overlap-grad-reduce."));
  EXPECT_TRUE(noted(training, "memory and time depend on them: --optimizer-cpu-offload."));
  EXPECT_TRUE(noted(training,
                    "Unknown here, and left out though time or memory may depend on them: "
                    "--brand-new-option 3."));
  EXPECT_EQ(training.notes.size(), 4U);  // learning rates and the like change nothing
}

TEST(MegatronFiles, NamesTheFirstHundredOfVeryMany) {
  std::string many(kScript);
  for (int i = 0; i < 1000; ++i) many += " --new-" + std::to_string(i);
  const ImportedTraining training = read(many);
  EXPECT_LT(training.notes.back().size(), 3000U);
  EXPECT_TRUE(noted(training, " and 901 more."));  // with --brand-new-option
}

TEST(MegatronFiles, RefusesWhatTheScriptDoesNotSet) {
  std::string script(kScript);
  script.replace(script.find("TP_SIZE=2"), 9, "");
  EXPECT_EQ(refusal(script),
            "file: --tensor-model-parallel-size: \"${TP_SIZE}\", which the file sets nowhere; accepted: a "
            "whole number "
            "from 0 to 1000000000");
}

TEST(MegatronFiles, RefusesOtherModels) {
  EXPECT_EQ(refusal("torchrun pretrain_bert.py --num-layers 24"),
            "file: runs pretrain_bert.py; accepted: pretrain_gpt.py, or one like it");
  EXPECT_NE(
      refusal("--hybrid-layer-pattern M*M- --num-layers 4").find("--hybrid-layer-pattern: asks for layers"),
      std::string::npos);
  EXPECT_NE(refusal("--encoder-num-layers 12 --decoder-num-layers 12")
                .find("--encoder-num-layers: asks for layers"),
            std::string::npos);
}

constexpr std::string_view kSmall =
    "--num-layers 4 --hidden-size 64 --num-attention-heads 4 --seq-length 128 --vocab-size 1000 --bf16 ";

TEST(MegatronFiles, TheLastOfSeveralCountsAndIsNamed) {
  const ImportedTraining training = read(std::string(kSmall) + "--micro-batch-size 1 --micro-batch-size 2");
  EXPECT_EQ(training.plan.micro_batch, 2);
  EXPECT_TRUE(noted(training, "--micro-batch-size is given as 1 and 2: 2 taken."));
}

TEST(MegatronFiles, ReadsShardingWindowsAndOldNames) {
  const std::string small(kSmall);
  EXPECT_EQ(read(small + "--use-torch-fsdp2").plan.zero_stage, 3);
  EXPECT_EQ(read(small + "--use-megatron-fsdp --data-parallel-sharding-strategy optim_grads").plan.zero_stage,
            2);
  EXPECT_NE(
      refusal(small + "--use-megatron-fsdp").find("accepted: no_shard optim optim_grads optim_grads_params"),
      std::string::npos);
  const ImportedTraining halves =
      read(small + "--use-distributed-optimizer --num-distributed-optimizer-instances 2",
           {.gpus = 8, .stack = "s"});
  EXPECT_EQ(halves.plan.shard_ranks, 4);
  const ImportedTraining windows = read(small + "--window-size 128,0 --window-attn-skip-freq 2");
  EXPECT_TRUE(windows.model.is_sliding_layer(0));
  EXPECT_FALSE(windows.model.is_sliding_layer(1));
  EXPECT_EQ(read(small + "--activations-checkpoint-method uniform").plan.recompute, Recompute::full);
  EXPECT_EQ(read(small + "--fp8-format hybrid --fp8-recipe mxfp8").plan.precision, Precision::mxfp8);
  EXPECT_EQ(read(small + "--fp4-format e2m1").plan.precision, Precision::nvfp4);
}

TEST(MegatronFiles, TakesTheBatchSystemsGpusAndNoFewerThanThePlanNeeds) {
  EXPECT_EQ(read("#SBATCH --nodes=4\n#SBATCH --gpus-per-node=h100:8\n" + std::string(kSmall)).plan.gpus(),
            32);
  const ImportedTraining more =
      read("--nnodes 1 --nproc_per_node 8 --tensor-model-parallel-size 16 " + std::string(kSmall));
  EXPECT_EQ(more.plan.gpus(), 16);
  EXPECT_TRUE(noted(more, "16 taken; --gpus says otherwise."));
  const ImportedTraining launched = read("--nnodes $SLURM_NNODES --nproc_per_node 8 " + std::string(kSmall));
  EXPECT_EQ(launched.plan.gpus(), 1);
  EXPECT_TRUE(noted(launched, "The number of GPUs is not in the arguments: 1 taken; --gpus says otherwise."));
}

TEST(MegatronFiles, SaysThatItTakesBf16ForFp32) {
  EXPECT_TRUE(noted(
      read("--num-layers 4 --hidden-size 64 --num-attention-heads 4 --seq-length 128 --vocab-size 1000"),
      "Neither --bf16 nor --fp16"));
  EXPECT_FALSE(noted(read(kSmall), "Neither --bf16 nor --fp16"));
}

// In every config of NeMo FP8's format is named, and the schedule has a name after the optimiser has.
constexpr std::string_view kYaml = R"(
run:
  name: llama
trainer:
  num_nodes: 2
  devices: 8
  precision: bf16
  max_steps: 100
exp_manager:
  name: other   # not the optimiser's
model:
  num_layers: 32
  hidden_size: 4096
  ffn_hidden_size: ${multiply:4, ${.hidden_size}}
  num_attention_heads: 32
  encoder_seq_length: 2048
  max_position_embeddings: ${.encoder_seq_length}
  tensor_model_parallel_size: 2
  micro_batch_size: 1
  global_batch_size: 64
  activations_checkpoint_granularity: full
  activations_checkpoint_method: block
  activations_checkpoint_num_layers: 8
  fp8: False # enables fp8
  fp8_e4m3: False
  fp8_hybrid: True
  overlap_p2p_comm: false
  optim:
    name: distributed_fused_adam
    lr: 1e-4
    sched:
      name: CosineAnnealing
  data:
    seq_length: 1024
    data_prefix:
    - 1.0
    - a: 1
)";

TEST(MegatronFiles, ReadsNeMosSections) {
  const ImportedTraining training = read(kYaml);
  EXPECT_EQ(training.model.ffn_hidden, 16384);
  EXPECT_EQ(training.model.sequence, 2048);
  EXPECT_EQ(training.plan.precision, Precision::bf16);
  EXPECT_EQ(training.plan.zero_stage, 1);
  EXPECT_EQ(training.plan.recompute, Recompute::full);
  EXPECT_DOUBLE_EQ(training.plan.recompute_share, 0.25);
  EXPECT_EQ(training.notes.size(), 1U) << training.notes.back();  // the vocabulary
}

// NeMo 2 has the batches among the data; a list may stand on lines of its own.
TEST(MegatronFiles, ReadsTheBatchesOfTheDataSectionAndListsInLines) {
  constexpr std::string_view kSections = R"(model:
  num_layers: 32
  hidden_size: 4096
  num_attention_heads: 32
  activation: fast-swiglu
  recompute_modules:
    - core_attn
    - "mlp"
data:
  seq_length: 8192
  micro_batch_size: 4
  global_batch_size: 512
  rampup_batch_size:
  - 256
  - 128
  - 100000
trainer:
  precision: bf16
)";
  const ImportedTraining training = read(kSections, {.gpus = 8, .stack = "s"});
  EXPECT_EQ(training.plan.micro_batch, 4);
  EXPECT_EQ(training.plan.global_batch, 512);
  EXPECT_EQ(training.model.ffn_hidden, 16384);
  EXPECT_TRUE(noted(training, "The batch grows over the first 100000 samples"));
  EXPECT_TRUE(noted(training, "\"rampup\": {\"start\": 256, \"increment\": 128}"));
  EXPECT_TRUE(noted(training, "--recompute-modules [core_attn, mlp]"));
}

// As Megatron-LM's functional tests have it.
TEST(MegatronFiles, ReadsACommandLineWrittenAsYaml) {
  const ImportedTraining training = read(
      "ENV_VARS:\n  NCCL_ALGO: Ring\nMODEL_ARGS:\n  --num-layers: 12\n  --hidden-size: 512\n"
      "  --num-attention-heads: 8\n  --num-query-groups: 2\n  --seq-length: 1024\n  --micro-batch-size: 4\n"
      "  --global-batch-size: 32\n  --tensor-model-parallel-size: 2\n  --bf16: true\n",
      {.gpus = 8, .stack = "s"});
  EXPECT_EQ(training.model.layers, 12);
  EXPECT_EQ(training.model.kv_heads, 8);  // the flag of query groups is missing
  EXPECT_EQ(training.plan.tensor_parallel, 2);
  EXPECT_EQ(training.plan.micro_batch, 4);
  EXPECT_FALSE(noted(training, "Neither --bf16 nor --fp16"));
}

// Megatron-LM's own YAML has sections of other names, and the transformer config's names for its flags.
TEST(MegatronFiles, ReadsMegatronsYaml) {
  constexpr std::string_view kSections = R"(language_model:
  num_layers: 32
  hidden_size: 4096
  ffn_hidden_size: 11008
  num_attention_heads: 32
  num_query_groups: null
  add_bias_linear: False
  gated_linear_unit: False
  activation_func: swiglu
  fp8: null
model_parallel:
  tensor_model_parallel_size: 4
  bf16: True
  use_distributed_optimizer: True
untie_embeddings_and_output_weights: True
position_embedding_type: rope
seq_length: 4096
micro_batch_size: 2
global_batch_size: 128
padded_vocab_size: 32000
)";
  const ImportedTraining training = read(kSections, {.gpus = 32, .stack = "s"});
  EXPECT_NEAR(parameters(training.model), 6.74e9, 0.01 * 6.74e9);  // Llama 2 7B
  EXPECT_FALSE(training.model.bias);
  EXPECT_EQ(training.plan.data_parallel, 8);
  EXPECT_EQ(training.plan.zero_stage, 1);
  EXPECT_TRUE(training.notes.empty());
}

TEST(MegatronFiles, ALaterFileChangesAnEarlierOne) {
  MegatronArguments all = parse_megatron_arguments(kYaml);
  override_megatron_arguments(all, parse_megatron_arguments("python main.py training.trainer.num_nodes=4 \\\n"
                                                            "+training.model.fp8=True training=llama"));
  const ImportedTraining training = import_megatron(all, "file", {.vocab = 32000, .stack = "s"});
  EXPECT_EQ(training.plan.gpus(), 32);
  EXPECT_EQ(training.plan.precision, Precision::fp8);
  EXPECT_EQ(training.model.vocab, 32000);  // a multiple of 128 x 2
}

}  // namespace
}  // namespace traincast
