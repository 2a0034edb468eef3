#include "host/import/megatron_effects.h"

#include "host/import/test_lines.h"

namespace traincast {
namespace {

// Of srun, sbatch and nsys, which start the training.
constexpr std::string_view kLaunchers = R"(
container-* mpi sample trace capture-range* cpuctxsw cuda-memory-usage cuda-graph-trace ntasks* nodes
gpus-per-node gres export output error job-name partition account time
)";

// A name, or its beginning or end beside '*'. Sources: megatron/training/arguments.py, and the training
// configs of NeMo-Framework-Launcher.
constexpr std::string_view kStack = R"(
overlap-* no-overlap-* tp-comm-* ub-* *-fusion attention-backend use-flash-att* transformer-impl
transformer-engine moe-grouped-gemm moe-token-dispatcher-type moe-flex-* moe-enable-deepep moe-deepep-*
moe-hybridep-* moe-shared-expert-overlap cuda-graph* enable-cuda-graph external-cuda-graph
optimizer-cuda-graph use-nccl-ub fsdp-* megatron-fsdp-* ddp-* DDP-impl defer-embedding-* wgrad-deferral-*
delay-wgrad-* align-* no-align-* grad-reduce-in-bf16 accumulate-allreduce-* main-grads-dtype
main-params-dtype exp-avg-* use-precision-aware-optimizer fp8-param-gather fp8-param fp4-param-gather
fp8-wgrad keep-fp8-* reuse-grad-buf-* optim-overlap-* optim-grad-sync-dtype optim-bucket-*
optim-contiguous-* megatron-amp-O2 batch-p2p-* batch-comm-* sync-batch-comm grad-div-ar-fusion
grad-allreduce-* gradient-as-* high-priority-* nccl-communicator-* use-sharp no-persist-layer-norm
persist-layer-norm deterministic-mode cp-comm-type no-gradient-* gradient-accumulation-* accumulate-grad-*
barrier-with-* fp32-residual-connection fp16-lm-cross-entropy attention-softmax-in-fp32 apply-rope-fusion
no-rope-fusion mcore-gpt use-torch-optimizer-* no-pin-* disable-symmetric-* create-all-gather-group
suggested-communication-* te-precision-*
)";

constexpr std::string_view kMemory = R"(
optimizer-cpu-offload optimizer-offload-* cpu-offload* fine-grained-* offload-* recompute-modules
moe-layer-recompute distribute-saved-activations activations-checkpoint-layers-per-pipeline
num-micro-batches-with-partial-activation-checkpoints distribute-checkpointed-activations
empty-unused-memory-level moe-expert-capacity-factor moe-pad-expert-* moe-token-drop-policy
moe-token-dropping optim-cpu-offload*
)";

constexpr std::string_view kPipeline = R"(
decoder-first-pipeline-num-layers decoder-last-pipeline-num-layers pipeline-model-parallel-layout
account-for-embedding-* account-for-loss-* standalone-embedding-stage pipeline-model-parallel-split-rank
step-batch-size-schedule decrease-batch-size-* hierarchical-context-parallel-*
microbatch-group-size-*
)";

constexpr std::string_view kLayers = R"(
add-qkv-bias qkv-bias qk-layernorm qk-norm softmax-type attention-output-gate moe-latent-* lora-*
first-last-layers-* num-layers-at-* moe-router-force-* moe-input-jitter-eps rotary-interleaved use-kitchen*
add-bias-attn headscale
)";

constexpr std::string_view kNone = R"(
the-script sbatch-* lr lr-* min-lr decoupled-* weight-decay* adam-* sgd-* lion-* muon-* optimizer optim-*
clip-grad init-method-* use-scaled-init-method start-weight-decay end-weight-decay no-weight-decay-*
apply-wd-* seed data-* *-data-path split save save-* load load-* no-save-* no-load-* ckpt-* dist-ckpt-*
use-dist-ckpt async-save auto-detect-ckpt-format use-checkpoint-* override-* finetune pretrained-checkpoint
exit-* log-* no-log-* timing-log-* tensorboard-* wandb-* one-logger-* no-one-logger enable-one-logger
logging-level eval-* train-iters train-samples train-tokens tokenizer-* tiktoken-* vocab-file merge-file
vocab-extra-ids legacy-tokenizer trust-remote-code distributed-* master-* node-rank rdzv-* max-restarts role
tee attention-dropout hidden-dropout ffn-dropout *norm-epsilon norm-epsilon normalization apply-layernorm-1p
layernorm-zero-centered-gamma rotary-* use-rope-scaling rope-* mscale* yarn-* beta-* no-rope-freq
max-position-embeddings no-position-embedding num-workers dataloader-* num-dataset-* mock-data
no-create-attention-mask-in-dataloader create-attention-mask-in-dataloader no-mmap-bin-files mmap-bin-files
reset-* eod-mask-loss profile* nvtx-ranges use-pytorch-profiler record-memory-* manual-gc* gc-*
use-mcore-models use-legacy-models moe-aux-loss-coeff moe-z-loss-coeff moe-router-* moe-per-layer-logging
mtp-loss-* loss-scale* initial-loss-scale min-loss-scale hysteresis native-amp-* fp8-amax-* fp8-margin
fp8-interval no-check-for-* check-for-* check-weight-* calculate-per-token-loss test-mode no-initialization
perform-initialization use-cpu-initialization init-model-with-meta-device enable-experimental enable-msc
disable-msc attention-type pre-process post-process squared-relu openai-gelu onnx-safe quick-geglu
no-query-key-layer-scaling apply-query-key-layer-scaling normalize-attention-scores transformer-block-type
scale-positional-embedding rotary-percentage resume-* apex-* do-layer-norm-weight-decay grad-clip* app-tag-*
adlr-* rerun-* result-rejected-* error-injection-* ft-* enable-ft-* straggler-* disable-straggler-*
make-vocab-size-divisible-by inference-* name target restore-from-path config-* skip-train
iterations-to-skip high-freq-* micro-batch-size-eval global-batch-size-eval local-rank local-ranks-filter
num-gpus defaults precision num-dataset-builder-threads bert-* mask-prob short-seq-prob
sample-rate clone-scatter-*
)";

bool fits(std::string_view key, std::string_view pattern) {
  if (pattern.ends_with('*')) return key.starts_with(pattern.substr(0, pattern.size() - 1));
  if (pattern.starts_with('*')) return key.ends_with(pattern.substr(1));
  return key == pattern;
}

bool any_fits(std::string_view key, std::string_view patterns) {
  bool found = false;
  for_each_line(patterns, [&](int, std::string_view line) {
    for (const std::string_view pattern : split_words(line)) found = found || fits(key, pattern);
  });
  return found;
}

}  // namespace

MegatronEffect megatron_effect(std::string_view key) {
  if (any_fits(key, kLaunchers)) return MegatronEffect::none;
  if (any_fits(key, kMemory)) return MegatronEffect::memory;
  if (any_fits(key, kPipeline)) return MegatronEffect::pipeline;
  if (any_fits(key, kLayers)) return MegatronEffect::layers;
  if (any_fits(key, kStack)) return MegatronEffect::stack;
  return any_fits(key, kNone) ? MegatronEffect::none : MegatronEffect::unknown;
}

std::string_view describe(MegatronEffect effect) {
  switch (effect) {
    case MegatronEffect::stack:
      return "Left to the stack config, which --stack names";
    case MegatronEffect::memory:
      return "Left out, though memory and time depend on them";
    case MegatronEffect::pipeline:
      return "Left out: here stages are as equal as can be, and the batch has its last size";
    case MegatronEffect::layers:
      return "Left out: small work or few parameters of a layer";
    case MegatronEffect::none:
    case MegatronEffect::unknown:
      break;
  }
  return "Left out";
}

}  // namespace traincast
