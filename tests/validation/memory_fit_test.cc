// Do the plans that people published fit the memory of the GPUs they ran on? A run that happened did fit:
// where the model says no, either it is too large or something is unstated. Recomputation that a source
// leaves unstated is chosen by a rule: the least that fits.
#include <gtest/gtest.h>

#include <cstdio>
#include <optional>
#include <string_view>

#include "host/model/memory.h"
#include "tests/validation/csv.h"

namespace traincast {
namespace {

// Usable memory in GiB, as the driver reports it (nvidia-smi, memory.total).
struct Capacity {
  std::string_view gpu;
  double gib;
};
constexpr Capacity kCapacities[] = {{"V100", 31.7},   {"A100-40GB", 39.4}, {"A100-80GB", 79.2},
                                    {"H100", 79.6},   {"H800", 79.6},      {"H100-96GB-500W", 93.6},
                                    {"GH200", 95.6},  {"H200", 140.4},     {"B200", 179.0},
                                    {"GB200", 185.0}, {"B300", 268.0},     {"GB300", 277.0}};
// Of the rows of grade A; the largest share that may be refused.
constexpr double kRefused = 0.02;

double capacity(const std::string& gpu) {
  for (const Capacity& c : kCapacities) {
    if (c.gpu == gpu) return c.gib;
  }
  return 0;
}

bool starts(const std::string& text, std::string_view prefix) {
  return text.rfind(prefix, 0) == 0;
}

Transformer model_of(const test::CsvRow& row) {
  Transformer model;
  model.name = row.text("model");
  model.layers = row.count("layers");
  model.hidden = row.count("hidden");
  model.ffn_hidden = row.count("ffn_hidden");
  model.heads = row.count("heads");
  model.kv_heads = row.count("kv_heads", model.heads);
  model.head_dim = row.count("head_dim", model.heads > 0 ? model.hidden / model.heads : 0);
  model.vocab = row.count("vocab");
  model.sequence = row.count("seq");
  model.gated_ffn = row.text("gated_mlp") == "1";
  model.bias = !model.gated_ffn;
  if (row.has("experts")) {
    const std::int64_t shared = row.count("shared_experts");
    model.moe = MixtureOfExperts{.experts = row.count("experts"),
                                 .top_k = row.count("topk"),
                                 .ffn_hidden = model.ffn_hidden,
                                 .shared_experts = shared,
                                 .shared_ffn_hidden = shared * model.ffn_hidden};
  }
  if (starts(model.name, "DeepSeek-V")) {  // public configuration; the columns have no room for it
    model.mla =
        LatentAttention{.q_rank = 1536, .kv_rank = 512, .nope_dim = 128, .rope_dim = 64, .value_dim = 128};
    model.moe->first_dense_layers = 3;
    model.ffn_hidden = 18432;
    if (model.name.find("MTP") != std::string::npos) model.mtp_layers = 1;
  }
  return model;
}

Plan plan_of(const test::CsvRow& row, std::int64_t layers) {
  Plan plan;
  plan.tensor_parallel = row.count("tp", 1);
  plan.pipeline_parallel = row.count("pp", 1);
  plan.virtual_stages = row.count("vpp", 1);
  plan.context_parallel = row.count("cp", 1);
  plan.expert_parallel = row.count("ep", 1);
  plan.data_parallel = row.count("dp", 1);
  plan.micro_batch = row.count("mbs", 1);
  plan.global_batch = row.count("gbs_seqs");
  const std::string& stack = row.text("stack");
  plan.zero_stage = static_cast<int>(row.count("zero_stage", starts(stack, "nemo") ? 1 : 0));
  // TorchTitan shards over context-parallel ranks too and states only the data-parallel ones.
  plan.shard_ranks = row.count("shard_ranks") * (starts(stack, "torchtitan") ? plan.context_parallel : 1);
  // NeMo of early 2025 leaves Megatron-core's default: experts split over tensor-parallel ranks as well.
  const std::int64_t replicas = plan.data_parallel * plan.context_parallel;
  if (starts(stack, "nemo-2025") && replicas % plan.expert_parallel == 0 && row.has("experts")) {
    plan.expert_tensor_parallel = plan.tensor_parallel;
  }
  plan.sequence_parallel = row.text("sequence_parallel") != "0";
  if (plan.pipeline_parallel > 1 && plan.virtual_stages > 1 &&
      layers >= plan.pipeline_parallel * plan.virtual_stages) {
    plan.schedule = Schedule::interleaved;
  } else {
    plan.virtual_stages = 1;
  }
  for (int i = 0; i < 5; ++i) {
    if (row.text("precision_class") == kPrecisionNames[i]) plan.precision = static_cast<Precision>(i);
  }
  return plan;
}

// What each family keeps in memory, by its era and framework.
Stack stack_of(const std::string& name) {
  Stack stack;
  stack.name = name;
  const bool fsdp = starts(name, "mosaic") || starts(name, "torchtitan") || starts(name, "maxtext");
  const bool old_megatron = starts(name, "megatron-lm-202") || starts(name, "megatron-deepspeed");
  if (fsdp) stack.separate_master = false;
  if (fsdp || old_megatron || starts(name, "deepspeed") || starts(name, "internevo"))
    stack.dummy_gradients = false;
  if (fsdp || old_megatron || starts(name, "deepspeed")) stack.loss_bytes = 6;
  if (starts(name, "mosaic")) stack.loss_bytes = 4;  // fused, but not in place (llm-foundry's default)
  if (old_megatron && name != "megatron-lm-2023") {
    stack.attention = AttentionKernel::unfused;
    stack.dropout = true;
  }
  if (starts(name, "nemo") || starts(name, "internevo")) stack.gradient_bytes = 2;  // BF16 gradient buffers
  if (starts(name, "nemo")) stack.context_exchange = ContextExchange::ring;
  // Recomputed modules "norm, act" of the one, per-operator checkpointing of the other.
  stack.selective_elementwise = starts(name, "megatron-core-moe") || starts(name, "torchtitan");
  return stack;
}

// Adapters train few of the weights; hybrid models have layers that are no transformer's.
bool not_a_whole_transformer(const test::CsvRow& row) {
  return row.text("zero").find("LoRA") != std::string::npos ||
         row.text("notes").find("LoRA") != std::string::npos || starts(row.text("model"), "Nemotron-3") ||
         starts(row.text("model"), "Nemotron-H") || starts(row.text("model"), "Qwen3-Next");
}

// The least recomputation with which the row fits, trying only what its source allows; none if it does not.
struct Fit {
  std::optional<Recompute> recompute;
  MemoryEstimate memory;
};

Fit fit(const test::CsvRow& row) {
  const Transformer model = model_of(row);
  Plan plan = plan_of(row, model.layers);
  const Stack stack = stack_of(row.text("stack"));
  const double limit = capacity(row.text("gpu"));
  const std::string& stated = row.text("recompute_mode");
  Fit out;
  for (const Recompute recompute : {Recompute::none, Recompute::selective, Recompute::full}) {
    if (stated != "unstated" && stated != name(recompute)) continue;
    plan.recompute = recompute;
    out.memory = estimate_memory(model, plan, stack);
    if (out.memory.total().value() <= limit * kGiB) {
      out.recompute = recompute;
      return out;
    }
  }
  return out;
}

TEST(MemoryFit, PublishedPlans) {
  const auto path = test::shared_file("published-runs.csv");
  if (path.empty())
    GTEST_SKIP() << "published-runs.csv is not here: set TRAINCAST_SHARED to its folder's parent";
  int rows = 0, refused = 0, chosen[3] = {};
  const CsvTable table = CsvTable::from_file(path);
  for (const test::CsvRow& row : test::rows_of(table)) {
    if (row.text("grade") != "A" || row.text("primary") != "1") continue;
    if (not_a_whole_transformer(row) || capacity(row.text("gpu")) == 0 || !row.has("seq") ||
        !row.has("hidden"))
      continue;
    ++rows;
    const Fit found = fit(row);
    if (found.recompute) {
      ++chosen[static_cast<int>(*found.recompute)];
      continue;
    }
    ++refused;
    const auto gib = [](Bytes bytes) { return bytes.value() / kGiB; };
    const MemoryEstimate& m = found.memory;
    std::printf(
        "%-16s %-22s %-15s tp%s pp%s cp%s ep%s dp%s mbs%s seq %s zero %s %s: %.1f of %.1f GiB (states %.1f, "
        "activations %.1f, loss %.1f, working %.1f, buffers %.1f)\n",
        row.text("id").c_str(), row.text("model").c_str(), row.text("gpu").c_str(), row.text("tp").c_str(),
        row.text("pp").c_str(), row.text("cp").c_str(), row.text("ep").c_str(), row.text("dp").c_str(),
        row.text("mbs").c_str(), row.text("seq").c_str(), row.text("zero_stage").c_str(),
        row.text("recompute_mode").c_str(), gib(m.total()), capacity(row.text("gpu")),
        gib(m.weights + m.gradients + m.optimizer), gib(m.activations), gib(m.loss), gib(m.working),
        gib(m.buffers));
  }
  std::printf("%d rows: %d fit without recomputation, %d with selective, %d with full; %d are refused\n",
              rows, chosen[0], chosen[1], chosen[2], refused);
  ASSERT_GT(rows, 300);
  EXPECT_LE(refused, kRefused * rows);
}

// FP8 training keeps one-byte inputs; with 16-bit ones these plans would need recomputation that their runs
// had not.
TEST(MemoryFit, Fp8PlansWithoutRecomputation) {
  const auto path = test::shared_file("published-runs.csv");
  if (path.empty())
    GTEST_SKIP() << "published-runs.csv is not here: set TRAINCAST_SHARED to its folder's parent";
  int found = 0;
  const CsvTable table = CsvTable::from_file(path);
  for (const test::CsvRow& row : test::rows_of(table)) {
    const std::string& id = row.text("id");
    if (id != "NEMO2407-004" && id != "MLPERF-014" && id != "MLPERF-017" && id != "MLPERF-018") continue;
    ++found;
    const Transformer model = model_of(row);
    const MemoryEstimate memory =
        estimate_memory(model, plan_of(row, model.layers), stack_of(row.text("stack")));
    std::printf("%s: %.1f GiB\n", id.c_str(), memory.total().value() / kGiB);
    EXPECT_LE(memory.total().value(), capacity("H100") * kGiB) << id;
  }
  EXPECT_EQ(found, 4);
}

}  // namespace
}  // namespace traincast
