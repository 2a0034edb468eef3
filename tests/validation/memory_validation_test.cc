// Does the memory model match what runs really allocated? SimuMax measured peak allocated memory of
// Megatron-core with Transformer Engine 2.11 on 8 B200 (github.com/MooreThreads/SimuMax, docs/b200): BF16,
// FP32 gradient accumulation, distributed optimiser, sequence parallelism, no recomputation, fused
// cross-entropy, all-to-all context parallelism, all-to-all token dispatch with experts padded to a capacity
// of 1, one dense layer before the expert layers, no prediction module.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "host/model/memory.h"
#include "tests/validation/csv.h"

namespace traincast {
namespace {

// Mean and worst |predicted / measured - 1| that the model must keep over the measured runs.
constexpr double kMeanError = 0.002;
constexpr double kWorstError = 0.005;

Transformer llama(std::int64_t hidden, std::int64_t ffn, std::int64_t heads, std::int64_t kv_heads) {
  Transformer model;
  model.hidden = hidden;
  model.ffn_hidden = ffn;
  model.heads = heads;
  model.kv_heads = kv_heads;
  model.head_dim = 128;
  model.vocab = 128256;
  return model;
}

Transformer deepseek(std::int64_t hidden, std::int64_t ffn, std::int64_t vocab, const MixtureOfExperts& moe) {
  Transformer model;
  model.hidden = hidden;
  model.ffn_hidden = ffn;
  model.heads = model.kv_heads = model.head_dim = 128;
  model.vocab = vocab;
  model.moe = moe;
  model.mla =
      LatentAttention{.q_rank = 1536, .kv_rank = 512, .nope_dim = 128, .rope_dim = 64, .value_dim = 128};
  return model;
}

// The configurations that the project ran; its Llama 3 405B has 16 key-value heads, the public one 8.
Transformer model_of(const std::string& name) {
  if (name == "llama3_70b") return llama(8192, 28672, 64, 8);
  if (name == "llama3_405b") return llama(16384, 53248, 128, 16);
  if (name == "deepseekv2") {
    return deepseek(5120, 12288, 102400,
                    {.experts = 160,
                     .top_k = 6,
                     .ffn_hidden = 1536,
                     .shared_experts = 2,
                     .shared_ffn_hidden = 3072,
                     .first_dense_layers = 1});
  }
  return deepseek(7168, 18432, 129280,
                  {.experts = 256,
                   .top_k = 8,
                   .ffn_hidden = 2048,
                   .shared_experts = 1,
                   .shared_ffn_hidden = 2048,
                   .first_dense_layers = 1});
}

TEST(MemoryValidation, PeakAllocatedOnB200) {
  const auto path = test::shared_file("simumax-b200-runs.csv");
  if (path.empty())
    GTEST_SKIP() << "simumax-b200-runs.csv is not here: set TRAINCAST_SHARED to its folder's parent";
  const CsvTable table = CsvTable::from_file(path);
  const std::vector<test::CsvRow> rows = test::rows_of(table);
  ASSERT_GE(rows.size(), 20U);
  double sum = 0, worst = 0;
  std::printf("%-52s %5s %9s %9s %7s\n", "case", "stage", "measured", "predicted", "error");
  for (const test::CsvRow& row : rows) {
    Transformer model = model_of(row.text("model"));
    model.layers = row.count("layers");
    model.sequence = row.count("seq");
    Plan plan;
    plan.tensor_parallel = row.count("tp");
    plan.pipeline_parallel = row.count("pp");
    plan.data_parallel = row.count("dp");
    plan.expert_parallel = row.count("ep");
    plan.context_parallel = row.count("cp");
    plan.micro_batch = row.count("mbs");
    plan.global_batch = plan.micro_batch * plan.data_parallel * row.count("micro_batches");
    Stack stack;
    stack.context_exchange = ContextExchange::all_to_all;  // as that project's launch scripts ask for
    const MemoryEstimate memory = estimate_memory(model, plan, stack);
    const double predicted = memory.allocated().value() / kGiB;
    const double measured = row.number("peak_memory_gib");
    const double error = predicted / measured - 1;
    sum += std::abs(error);
    worst = std::max(worst, std::abs(error));
    std::printf("%-52s %5d %9.2f %9.2f %+6.2f%%\n", row.text("case").c_str(), static_cast<int>(memory.stage),
                measured, predicted, 100 * error);
  }
  const double mean = sum / static_cast<double>(rows.size());
  std::printf("%zu runs: mean |error| %.2f%%, worst %.2f%%\n", rows.size(), 100 * mean, 100 * worst);
  EXPECT_LE(mean, kMeanError);
  EXPECT_LE(worst, kWorstError);
}

// Both ends of the pipelines, in MiB, from the same runs: peak of rank 0 and of rank 4 (docs/b200/
// b200_release_v1.2_summary.json, peak_memory_by_rank_mb). Checks the stage that is not the worst, too.
TEST(MemoryValidation, BothPipelineStages) {
  struct Case {
    const char* model;
    std::int64_t layers, expert_parallel;
    double first_mib, last_mib;
  };
  for (const Case& c :
       {Case{"llama3_70b", 12, 1, 68149.2, 64479.5}, Case{"llama3_405b", 4, 1, 88688.8, 89173.1},
        Case{"deepseekv2", 4, 4, 32342.7, 45774.6}, Case{"deepseekv3", 4, 4, 72948.3, 116736.5}}) {
    Transformer model = model_of(c.model);
    model.layers = c.layers;
    model.sequence = 4096;
    Plan plan;
    plan.pipeline_parallel = 2;
    plan.data_parallel = 4;
    plan.expert_parallel = c.expert_parallel;
    plan.global_batch = 16;
    const auto mib = [&](std::int64_t stage) {
      return estimate_stage_memory(model, plan, Stack{}, stage).allocated().value() / (1024.0 * 1024.0);
    };
    std::printf("%-12s first %9.1f %9.1f  last %9.1f %9.1f MiB\n", c.model, c.first_mib, mib(0), c.last_mib,
                mib(1));
    EXPECT_NEAR(mib(0) / c.first_mib, 1, kWorstError) << c.model;
    EXPECT_NEAR(mib(1) / c.last_mib, 1, kWorstError) << c.model;
  }
}

}  // namespace
}  // namespace traincast
