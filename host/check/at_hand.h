// A model small enough for the ranks at hand, its plan on them, and the machine as a cluster of one kind of
// device. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "host/config/profile.h"
#include "host/model/gpu.h"
#include "host/model/run.h"

namespace traincast {

// Widths, heads and experts divided by `factor`, vocabulary and sequence by its square; head dimensions stay,
// so that attention kernels do. Widths stay multiples of 64, the vocabulary of 128. Prediction modules are
// left out.
Transformer scaled(const Transformer& model, std::int64_t factor);
// The first `layers` layers; of a mixture with leading dense layers at most half are.
Transformer first_layers(const Transformer& model, std::int64_t layers);
// The fewest layers that hold every kind of layer that the model has.
std::int64_t layers_of_all_kinds(const Transformer& model);

struct RanksAtHand {
  int ranks = 1;
  int ranks_per_node = 1;
  Bytes memory;  // of one rank
};

struct PlanRequest {
  std::int64_t tensor_parallel = 1;
  int zero_stage = 1;
  Precision precision = Precision::bf16;
  std::int64_t micro_batch = 1;
  std::int64_t micro_batches = 1;
};
// Data parallel beyond the tensor-parallel ranks. Throws UsageError of one line for what the ranks or the
// model cannot be divided by.
Plan plan_at_hand(const PlanRequest& request, const Transformer& model, const RanksAtHand& ranks);

Cluster cluster_at_hand(const RanksAtHand& ranks, const Gpu& gpu);

// A device that no config describes, from a profile of it: its rates are the best that the profile saw.
Gpu gpu_from_profile(const Profile& profile, Bytes memory);
// Relative standard deviation between ranks, median over ops; 0 for one rank.
double spread_between_ranks(const Profile& profile);

// As many layers as the memory model says fit, at most the model's; `wanted` of them where not 0. Throws
// InfeasiblePlan, which says how much is missing and how many layers would fit.
std::int64_t layers_that_fit(const Transformer& model, const Plan& plan, const Stack& stack, Bytes capacity,
                             std::int64_t wanted);

}  // namespace traincast
