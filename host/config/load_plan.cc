#include <utility>

#include "host/config/load.h"
#include "host/config/read_parts.h"

namespace traincast {
namespace {

// Far above any machine, and small enough that the product of four fits 64 bits.
constexpr std::int64_t kMaxDegree = 10'000'000;
constexpr double kMaxGpus = 1e9;

}  // namespace

Plan load_plan(const ConfigStore& store, std::string_view name_or_path) {
  const std::filesystem::path file = store.path(ConfigKind::plans, name_or_path);
  return read_plan(store.read(ConfigKind::plans, file), file.stem().string(), store);
}

Plan read_plan(Reader root, std::string name, const ConfigStore& store) {
  Plan plan;
  plan.name = std::move(name);
  plan.from = root.provenance();
  plan.tensor_parallel = root.count("tensor_parallel", 1, kMaxDegree);
  plan.pipeline_parallel = root.count("pipeline_parallel", 1, kMaxDegree);
  plan.virtual_stages = root.count_or("virtual_stages", 1, 1, kMaxDegree);
  plan.context_parallel = root.count_or("context_parallel", 1, 1, kMaxDegree);
  plan.data_parallel = root.count("data_parallel", 1, kMaxDegree);
  plan.expert_parallel = root.count_or("expert_parallel", 1, 1, kMaxDegree);
  plan.expert_tensor_parallel = root.count_or("expert_tensor_parallel", 1, 1, kMaxDegree);
  plan.zero_stage = static_cast<int>(root.count_or("zero_stage", 1, 0, 3));
  plan.shard_ranks = root.count_or("shard_ranks", 0, 0, kMaxDegree);
  plan.micro_batch = root.count("micro_batch", 1, kMaxDegree);
  plan.global_batch = root.count("global_batch");
  plan.precision = root.choice<Precision>("precision", kPrecisionNames);
  plan.recompute = root.choice<Recompute>("recompute", kRecomputeNames);
  plan.recompute_share = root.number_or("recompute_share", 1, 0, 1);
  plan.routing_skew = root.number_or("routing_skew", 1, 1, 100);
  plan.schedule = root.choice<Schedule>("schedule", kScheduleNames);
  plan.sequence_parallel = root.boolean_or("sequence_parallel", true);
  plan.unequal_work = root.boolean_or("unequal_work", false);
  plan.stack = reference(root, "stack", store, ConfigKind::stacks);
  root.finish();
  const double gpus = static_cast<double>(plan.tensor_parallel) *
                      static_cast<double>(plan.pipeline_parallel) *
                      static_cast<double>(plan.context_parallel) * static_cast<double>(plan.data_parallel);
  if (gpus > kMaxGpus) root.fail("", "tensor x pipeline x context x data is more than 1000000000 GPUs");
  return plan;
}

}  // namespace traincast
