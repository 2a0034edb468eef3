#include "host/model/memory.h"

#include <gtest/gtest.h>

#include <array>

#include "host/model/memory_layer.h"
#include "host/model/shard.h"

namespace traincast {
namespace {

Transformer gpt(std::int64_t layers, std::int64_t hidden, std::int64_t heads) {
  Transformer model;
  model.layers = layers;
  model.hidden = hidden;
  model.ffn_hidden = 4 * hidden;
  model.heads = model.kv_heads = heads;
  model.head_dim = hidden / heads;
  model.vocab = 51200;
  model.sequence = 2048;
  model.gated_ffn = false;
  model.bias = model.learned_positions = model.tied_embeddings = true;
  return model;
}

Transformer llama(std::int64_t layers, std::int64_t hidden, std::int64_t ffn, std::int64_t heads,
                  std::int64_t kv_heads) {
  Transformer model;
  model.layers = layers;
  model.hidden = hidden;
  model.ffn_hidden = ffn;
  model.heads = heads;
  model.kv_heads = kv_heads;
  model.head_dim = 128;
  model.vocab = 128256;
  model.sequence = 8192;
  return model;
}

Transformer deepseek_v3() {
  Transformer model = llama(61, 7168, 18432, 128, 128);
  model.vocab = 129280;
  model.mla =
      LatentAttention{.q_rank = 1536, .kv_rank = 512, .nope_dim = 128, .rope_dim = 64, .value_dim = 128};
  model.moe = MixtureOfExperts{.experts = 256,
                               .top_k = 8,
                               .ffn_hidden = 2048,
                               .shared_experts = 1,
                               .shared_ffn_hidden = 2048,
                               .first_dense_layers = 3};
  return model;
}

// As Korthikanti's model was trained: plain attention with dropout.
Stack plain() {
  Stack stack;
  stack.attention = AttentionKernel::unfused;
  stack.dropout = true;
  return stack;
}

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

// 126 layers on 128 chunks: the first and the last have none (Llama 3 405B). Any split covers every layer
// once.
TEST(Shard, LayersOfChunks) {
  Transformer model = llama(126, 16384, 53248, 128, 8);
  Plan plan;
  plan.pipeline_parallel = 16;
  plan.virtual_stages = 8;
  EXPECT_EQ(chunk_layers(model, plan, 0).count, 0);
  EXPECT_EQ(chunk_layers(model, plan, 1).first, 0);
  EXPECT_EQ(chunk_layers(model, plan, 126).first, 125);
  EXPECT_EQ(chunk_layers(model, plan, 127).count, 0);
  for (const std::int64_t layers : {61, 80, 94, 126}) {
    model.layers = layers;
    std::int64_t next = 0;
    for (std::int64_t chunk = 0; chunk < 128; ++chunk) {
      const LayerRange range = chunk_layers(model, plan, chunk);
      EXPECT_EQ(range.first, next);
      next += range.count;
    }
    EXPECT_EQ(next, layers);
  }
}

// DeepSeek-V3's recipes: 61 layers on 16 chunks are 15 of 4 and one of 1, on 8 chunks 7 of 8 and one of 5.
TEST(Shard, TheLastChunkTakesWhatIsLeft) {
  Transformer model = llama(61, 7168, 18432, 128, 128);
  Plan plan;
  for (const auto& [chunks, most, last] : {std::array<std::int64_t, 3>{16, 4, 1}, {8, 8, 5}, {4, 16, 13}}) {
    plan.pipeline_parallel = chunks;
    for (std::int64_t chunk = 0; chunk + 1 < chunks; ++chunk) {
      EXPECT_EQ(chunk_layers(model, plan, chunk).count, most);
    }
    EXPECT_EQ(chunk_layers(model, plan, chunks - 1).count, last);
    EXPECT_EQ(chunk_layers(model, plan, chunks - 1).first, 61 - last);
  }
}

double parameters(const Transformer& model, const Plan& plan) {
  double sum = 0;
  for (std::int64_t s = 0; s < plan.pipeline_parallel; ++s) sum += stage_parameters(model, plan, s).total();
  return sum;
}

TEST(Shard, ParametersAddUp) {
  // Narayanan 2021, equation 2: 12 L h^2 (1 + 13/(12h) + (V + s)/(12 L h)), and the final norm.
  const double layers = 96, h = 12288;
  EXPECT_DOUBLE_EQ(parameters(gpt(96, 12288, 96), Plan{}),
                   layers * (12 * h * h + 13 * h) + (51200 + 2048) * h + 2 * h);
  EXPECT_DOUBLE_EQ(parameters(llama(32, 4096, 14336, 32, 8), Plan{}), 8030261248.0);  // Llama 3 8B
  EXPECT_NEAR(parameters(deepseek_v3(), Plan{}), 671.03e9, 0.01e9);
  Plan plan;
  plan.pipeline_parallel = 16;
  EXPECT_DOUBLE_EQ(parameters(deepseek_v3(), plan), parameters(deepseek_v3(), Plan{}));
  // Eight ranks hold the model once, the 161 norms eight times, and 768 rows of padding in each table.
  plan.pipeline_parallel = 1;
  plan.tensor_parallel = 8;
  EXPECT_DOUBLE_EQ(8 * parameters(llama(80, 8192, 28672, 64, 8), plan),
                   parameters(llama(80, 8192, 28672, 64, 8), Plan{}) + (7 * 161 + 2 * 768) * 8192.0);
  // A tied table stands on both ends of a pipeline.
  Plan two;
  two.pipeline_parallel = 2;
  EXPECT_DOUBLE_EQ(parameters(gpt(24, 1024, 16), two),
                   parameters(gpt(24, 1024, 16), Plan{}) + 51200 * 1024.0);
}

// 16 h^2 in matrices; two norms 4 h, biases of qkv 3 h, of the attention's output h, of gate and up 2 x 4 h,
// of down h.
TEST(Shard, BiasesOfAGatedLayer) {
  Transformer model = gpt(1, 1024, 16);
  model.gated_ffn = true;
  EXPECT_DOUBLE_EQ(layer_parameters(model, Plan{}, false).total(), 16 * 1024 * 1024 + 17 * 1024);
}

// A layer, a projection of twice the hidden width, and three norms (DeepSeek-V3, section 2.2).
TEST(Shard, PredictionModules) {
  Transformer model = deepseek_v3();
  const double trunk = parameters(model, Plan{});
  model.mtp_layers = 1;
  const double module = layer_parameters(model, Plan{}, true).total() + 2 * 7168.0 * 7168 + 3 * 7168;
  EXPECT_NEAR(parameters(model, Plan{}) - trunk, module, 1);
}

TEST(Memory, StatesByZeroStage) {
  const Transformer model = llama(8, 4096, 14336, 32, 8);
  Plan plan;
  plan.data_parallel = 16;
  const double n = parameters(model, plan);
  const auto states = [&](int stage, std::int64_t shard_ranks = 0, const Stack& stack = Stack{}) {
    plan.zero_stage = stage;
    plan.shard_ranks = shard_ranks;
    const MemoryEstimate memory = estimate_memory(model, plan, stack);
    return (memory.weights + memory.gradients + memory.optimizer).value();
  };
  EXPECT_DOUBLE_EQ(states(0), 18 * n);
  EXPECT_DOUBLE_EQ(states(1), (6 + 12.0 / 16) * n);  // Megatron-core's distributed optimiser
  EXPECT_DOUBLE_EQ(states(2), (2 + 16.0 / 16) * n);
  EXPECT_DOUBLE_EQ(states(3), 18.0 / 16 * n);
  EXPECT_DOUBLE_EQ(states(3, 8), 18.0 / 8 * n);  // hybrid
  Stack fsdp;
  fsdp.separate_master = false;
  EXPECT_DOUBLE_EQ(states(3, 0, fsdp), 16.0 / 16 * n);
}

// Bytes: a 16-bit gradient for each weight shape, or the largest; 32 MiB of workspace for Transformer Engine
// and one for the output head, four more for grouped GEMMs.
TEST(Memory, Buffers) {
  const Transformer model = llama(8, 4096, 14336, 32, 8);
  const double mib = 1048576, table = 128256 * 4096.0;
  const double matrices = 4096 * 6144.0 + 4096 * 4096.0 + 3 * 4096 * 14336.0, layer = matrices + 2 * 4096;
  Plan plan;
  Stack stack;
  const auto buffers = [&] { return estimate_memory(model, plan, stack).buffers.value(); };
  EXPECT_DOUBLE_EQ(buffers(), 2 * (matrices + table) + 64 * mib);
  stack.dummy_gradients = false;
  EXPECT_DOUBLE_EQ(buffers(), 2 * table + 64 * mib);
  plan.data_parallel = 8;
  plan.zero_stage = 2;  // embedding and head outweigh a layer
  const double ends = 2 * table;
  EXPECT_DOUBLE_EQ(buffers(), 2 * ends + 64 * mib);
  plan.zero_stage = 3;  // two layers' weights, and the ends
  EXPECT_DOUBLE_EQ(buffers(), 2 * ends + 2 * (2 * layer + ends) + 64 * mib);
  plan = {};
  plan.precision = Precision::fp8;
  stack.fp8_weights = false;  // copies of a byte and their transposes
  EXPECT_DOUBLE_EQ(buffers(), 2 * table + 2 * (8 * layer + 4096) + 64 * mib);
  plan = {};
  plan.pipeline_parallel = 61;
  plan.zero_stage = 3;
  Stack experts;
  experts.dummy_gradients = false;
  const Transformer moe = deepseek_v3();
  const double held = stage_parameters(moe, plan, 10).total();
  EXPECT_DOUBLE_EQ(estimate_stage_memory(moe, plan, experts, 10).buffers.value(),
                   6 * held + 6 * 32 * mib + 8192 * 7168.0 * 2);
}

// ZeRO-2 shares all gradients where none waits for a pipeline's next micro-batch; of four interleaved chunks
// whose micro-batches follow one another one is whole.
TEST(Memory, GradientsUnderZero2) {
  const Transformer model = llama(16, 4096, 14336, 32, 8);
  Plan plan;
  plan.data_parallel = 8;
  plan.zero_stage = 2;
  const auto shares = [&] {
    const double held = stage_parameters(model, plan, 0).total();
    return estimate_stage_memory(model, plan, Stack{}, 0).gradients.value() / (4 * held);
  };
  EXPECT_DOUBLE_EQ(shares(), 1.0 / 8);
  plan.pipeline_parallel = 4;
  EXPECT_DOUBLE_EQ(shares(), 1);
  plan.virtual_stages = 4;
  plan.global_batch = 40;  // five micro-batches: the first chunk is met again after the others
  EXPECT_DOUBLE_EQ(shares(), 1);
  plan.global_batch = 32;
  EXPECT_DOUBLE_EQ(shares(), 1.0 / 4 + 3.0 / 4 / 8);
  plan.zero_stage = 1;
  EXPECT_DOUBLE_EQ(shares(), 1);
  plan.zero_stage = 3;
  EXPECT_DOUBLE_EQ(shares(), 1.0 / 8);
}

TEST(Memory, BesideTheModel) {
  Plan plan;
  plan.tensor_parallel = 8;
  plan.pipeline_parallel = 4;
  plan.data_parallel = 8;
  const MemoryEstimate memory = estimate_memory(llama(80, 8192, 28672, 64, 8), plan, Stack{});
  EXPECT_DOUBLE_EQ(memory.context.value(), 768 * 1048576.0);
  EXPECT_DOUBLE_EQ(memory.communication.value(), 3 * 367e6);  // communicators
}

TEST(Memory, ExpertStatesShardOverTheirOwnRanks) {
  const Transformer model = deepseek_v3();
  Plan plan;
  plan.data_parallel = 128;
  plan.expert_parallel = 64;
  EXPECT_EQ(dense_shard_ranks(plan), 128);
  EXPECT_EQ(expert_shard_ranks(plan), 2);
  const StageParameters held = stage_parameters(model, plan, 0);
  EXPECT_DOUBLE_EQ(held.experts, 58.0 * 256 / 64 * 3 * 7168 * 2048);
  const MemoryEstimate memory = estimate_memory(model, plan, Stack{});
  EXPECT_DOUBLE_EQ(memory.optimizer.value(), 12 * ((held.total() - held.experts) / 128 + held.experts / 2));
}

TEST(Memory, MicroBatchesInFlight) {
  Plan plan;
  plan.pipeline_parallel = 8;
  EXPECT_EQ(micro_batches_in_flight(plan, 0), 8);
  EXPECT_EQ(micro_batches_in_flight(plan, 7), 1);
  plan.schedule = Schedule::zb_h1;
  EXPECT_EQ(micro_batches_in_flight(plan, 7), 8);
  plan.schedule = Schedule::dual_pipe;
  EXPECT_EQ(micro_batches_in_flight(plan, 3), 9);
  plan.schedule = Schedule::interleaved;
  plan.virtual_stages = 4;
  EXPECT_DOUBLE_EQ(micro_batches_in_flight(plan, 0), 8 * (1 + 7.0 / (8 * 4)));
  EXPECT_DOUBLE_EQ(micro_batches_in_flight(plan, 7), 25.0 / 4);
  // A step of three micro-batches never has more.
  plan.data_parallel = 2;
  plan.global_batch = 6;
  EXPECT_EQ(micro_batches_in_flight(plan, 0), 3);
}

TEST(Memory, EarlierStagesKeepMoreAndRecomputationKeepsLess) {
  const Transformer model = llama(80, 8192, 28672, 64, 8);
  Plan plan;
  plan.tensor_parallel = 8;
  plan.pipeline_parallel = 4;
  plan.data_parallel = 8;
  EXPECT_EQ(estimate_memory(model, plan, Stack{}).stage, 0);
  const MemoryEstimate first = estimate_stage_memory(model, plan, Stack{}, 0);
  const MemoryEstimate last = estimate_stage_memory(model, plan, Stack{}, 3);
  EXPECT_DOUBLE_EQ(first.activations.value(), 4 * last.activations.value());
  EXPECT_EQ(first.loss.value(), 0);
  // Logits of an eighth of 129,024 rows, three shares of a hidden state, and one whole.
  EXPECT_DOUBLE_EQ(last.loss.value(), 8192.0 * 129024 / 8 * 2 + (3.0 / 8 + 1) * 8192 * 8192 * 2);
  plan.recompute = Recompute::full;
  // Twenty layers' inputs of four micro-batches, an eighth of each.
  EXPECT_DOUBLE_EQ(estimate_memory(model, plan, Stack{}).activations.value(), 20 * 4 * 8192.0 * 8192 * 2 / 8);
}

// DualPipe holds two stages on a rank (DeepSeek-V3, table 2: parameters twice, activations of p + 1).
TEST(Memory, DualPipe) {
  const Transformer model = llama(64, 8192, 28672, 64, 8);
  Plan plan;
  plan.pipeline_parallel = 8;
  const MemoryEstimate plain_pipe = estimate_stage_memory(model, plan, Stack{}, 2);
  plan.schedule = Schedule::dual_pipe;
  const MemoryEstimate dual = estimate_stage_memory(model, plan, Stack{}, 2);
  EXPECT_DOUBLE_EQ(dual.weights.value(), 2 * plain_pipe.weights.value());
  EXPECT_DOUBLE_EQ(dual.activations.value() * 6, plain_pipe.activations.value() * 9);
}

// Llama 3.1 405B on 80 GB as it was trained (arXiv 2407.21783, table 4): no recomputation. It did fit.
TEST(Memory, Llama405BFits) {
  Plan plan;
  plan.tensor_parallel = 8;
  plan.pipeline_parallel = 16;
  plan.data_parallel = 128;
  plan.virtual_stages = 8;
  plan.global_batch = 2048;
  plan.zero_stage = 2;
  const MemoryEstimate memory = estimate_memory(llama(126, 16384, 53248, 128, 8), plan, Stack{});
  EXPECT_LT(memory.total().value(), 80.0 * 1024 * 1024 * 1024);
  EXPECT_GT(memory.total().value(), 40e9);
}

}  // namespace
}  // namespace traincast
