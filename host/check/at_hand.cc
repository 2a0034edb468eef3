#include "host/check/at_hand.h"

#include <algorithm>
#include <cmath>

#include "host/base/errors.h"
#include "host/base/statistics.h"
#include "host/config/check_plan.h"
#include "host/model/memory.h"

namespace traincast {
namespace {

std::int64_t divided(std::int64_t count, std::int64_t factor, std::int64_t multiple) {
  if (factor == 1 || count == 0) return count;
  const std::int64_t share = std::max<std::int64_t>(1, count / factor);
  return (share + multiple - 1) / multiple * multiple;
}

}  // namespace

Transformer scaled(const Transformer& model, std::int64_t factor) {
  constexpr std::int64_t kWidth = 64;        // of GEMM tiles
  constexpr std::int64_t kVocabulary = 128;  // to which frameworks pad it
  constexpr std::int64_t kSequence = 16;
  Transformer small = model;
  small.mtp_layers = 0;
  if (factor == 1) return small;
  const std::int64_t square = factor * factor;
  small.hidden = divided(model.hidden, factor, kWidth);
  small.ffn_hidden = divided(model.ffn_hidden, factor, kWidth);
  small.vocab = divided(model.vocab, square, kVocabulary);
  small.sequence = divided(model.sequence, square, kSequence);
  small.sliding_window = divided(model.sliding_window, square, kSequence);
  small.heads = divided(model.heads, factor, 1);
  small.kv_heads = divided(model.kv_heads, factor, 1);
  while (small.heads % small.kv_heads != 0) --small.kv_heads;
  if (small.moe) {
    MixtureOfExperts& moe = *small.moe;
    moe.experts = std::max(moe.top_k, divided(moe.experts, factor, 1));
    moe.ffn_hidden = divided(moe.ffn_hidden, factor, kWidth);
    moe.shared_ffn_hidden = divided(moe.shared_ffn_hidden, factor, kWidth);
  }
  if (small.mla) {
    small.mla->q_rank = divided(small.mla->q_rank, factor, kWidth);
    small.mla->kv_rank = divided(small.mla->kv_rank, factor, kWidth);
  }
  small.stated_parameters = small.stated_active_parameters = 0;  // those of the full model
  small.name += " / " + std::to_string(factor);
  return small;
}

Transformer first_layers(const Transformer& model, std::int64_t layers) {
  Transformer cut = model;
  cut.layers = layers;
  cut.mtp_layers = 0;
  if (cut.moe) cut.moe->first_dense_layers = std::min(cut.moe->first_dense_layers, layers / 2);
  return cut;
}

std::int64_t layers_of_all_kinds(const Transformer& model) {
  std::int64_t needed = 1;
  if (model.moe && (model.moe->first_dense_layers > 0 || model.moe->every > 1)) needed = 2;
  if (model.sliding_window > 0 && model.global_every > 0) {
    needed =
        std::max(needed, model.global_every * (model.moe ? std::max<std::int64_t>(1, model.moe->every) : 1));
  }
  return std::min(needed, model.layers);
}

Plan plan_at_hand(const PlanRequest& request, const Transformer& model, const RanksAtHand& ranks) {
  const std::int64_t tensor = request.tensor_parallel;
  if (ranks.ranks % tensor != 0) {
    throw UsageError("--tensor-parallel " + std::to_string(tensor) + " does not divide the " +
                     std::to_string(ranks.ranks) + (ranks.ranks == 1 ? " rank" : " ranks") + " of this job");
  }
  Plan plan;
  plan.name = "check";
  plan.tensor_parallel = tensor;
  plan.data_parallel = ranks.ranks / tensor;
  plan.zero_stage = request.zero_stage;
  plan.micro_batch = request.micro_batch;
  plan.global_batch = request.micro_batch * request.micro_batches * plan.data_parallel;
  plan.precision = request.precision;
  plan.sequence_parallel = tensor > 1;
  // Experts are shared by the same ranks as everything else, so that one group reduces all gradients.
  if (model.moe) plan.expert_tensor_parallel = tensor;
  plan.stack = "check";
  plan.from = {Origin::measured, "the ranks at hand"};
  if (const auto problem = plan_problem(plan, model, ranks.ranks)) {
    throw UsageError("model " + model.name + " cannot be laid out on --tensor-parallel " +
                     std::to_string(tensor) + ": " + problem->what);
  }
  return plan;
}

Cluster cluster_at_hand(const RanksAtHand& ranks, const Gpu& gpu) {
  Cluster cluster;
  cluster.name = "at hand";
  cluster.fleets = {{gpu.name, ranks.ranks}};
  cluster.gpus_per_node = cluster.nvlink_domain = ranks.ranks_per_node;
  cluster.network.nic_per_gpu = gpu.links.default_nic;
  cluster.network.efficiency = 0.95;
  cluster.network.from = {Origin::assumed,
                          "between nodes 0.95 of the line rate of " + gpu.name + "'s usual NIC"};
  return cluster;
}

double spread_between_ranks(const Profile& profile) {
  std::vector<double> spreads;
  for (const OpRow& row : profile.ops) {
    const std::vector<double>& ranks = row.timing.rank_medians_s;
    if (!row.timing.skipped.empty() || ranks.size() < 2) continue;
    spreads.push_back(standard_deviation(ranks) / mean(ranks));
  }
  return spreads.empty() ? 0 : median(spreads);
}

Gpu gpu_from_profile(const Profile& profile, Bytes memory) {
  Gpu gpu;
  gpu.name = profile.gpu;
  gpu.product = profile.device.name;
  FlopRate rate;
  Bandwidth traffic, bus;
  for (const OpRow& row : profile.ops) {
    if (!row.timing.skipped.empty()) continue;
    const Work done = work(row.op);
    rate = std::max(rate, done.flops / row.timing.median);
    traffic = std::max(traffic, done.bytes / row.timing.median);
  }
  for (const CollectiveRow& row : profile.collectives) {
    if (row.timing.skipped.empty() && row.ranks > 1) {
      bus = std::max(bus, busbw(row.collective, row.ranks, row.message, row.timing.median));
    }
  }
  gpu.compute.peak.fill(rate);
  gpu.memory.capacity = memory;
  gpu.memory.bandwidth = traffic;
  // Only where a message is larger or smaller than every measured one, and then scaled to meet the last
  // point.
  gpu.links.nvlink = gpu.links.host = gpu.links.default_nic = bus.value() > 0 ? bus : traffic;
  gpu.compute.from = gpu.memory.from = gpu.links.from =
      gpu.sustained.from = {profile.from.origin, "the best rates in profile " + profile.name};
  return gpu;
}

std::int64_t layers_that_fit(const Transformer& model, const Plan& plan, const Stack& stack, Bytes capacity,
                             std::int64_t wanted) {
  const auto needed = [&](std::int64_t layers) {
    return estimate_memory(first_layers(model, layers), plan, stack).total();
  };
  if (wanted > 0 && needed(wanted) <= capacity) return wanted;
  std::int64_t most = model.layers;
  while (most > 0 && needed(most) > capacity) --most;
  if (wanted == 0 && most > 0) return most;
  const std::int64_t asked = wanted > 0 ? wanted : 1;
  throw InfeasiblePlan(std::to_string(asked) + (asked == 1 ? " layer" : " layers") + " of " + model.name +
                       " with embedding and head need " + to_string(needed(asked)) + " a rank, which has " +
                       to_string(capacity) +
                       (most > 0 ? "; --layers " + std::to_string(most) + " would fit"
                                 : "; try more --tensor-parallel ranks, --zero 3 or a larger --scale"));
}

}  // namespace traincast
