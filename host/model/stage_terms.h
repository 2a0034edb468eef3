// Terms of a step that many plans share, for those who compute each once (host/search): estimate_step
// (step.h) is made of the same functions.
#pragma once

#include <cstdint>
#include <span>

#include "host/model/layer.h"
#include "host/model/plan.h"
#include "host/model/shard.h"
#include "host/model/simulate_pipeline.h"
#include "host/model/stack.h"
#include "host/model/system.h"
#include "host/model/transformer.h"

namespace traincast {

// Between neighbours of the pipeline. Depends on the plan's micro-batch, on its tensor, context and data
// ranks, and on whether there are several chunks a rank.
ChunkMessage pipeline_message(const Transformer& model, const Plan& plan, const Stack& stack,
                              const System& system);

// Parameters of the rank that holds the most dense ones (embedding and head among them) and of that which
// holds the most expert ones; and of a table that the first and the last stage both hold.
struct MostHeld {
  double dense = 0, experts = 0;
  double shared_table = 0;
};
MostHeld most_held(const Transformer& model, const Plan& plan);
// The same where only these pipeline ranks can hold the most.
MostHeld most_held(const Transformer& model, const Plan& plan, std::span<const std::int64_t> ranks);

// once_a_step (stages.h) of a plan whose ranks hold so much, share no table and take one micro-batch. What
// the sum of a shared table's gradients adds, whatever ZeRO's stage; and what each further micro-batch adds
// where its gradients are scattered at once (ZeRO-2). Seconds, as far as nothing hides them.
PartTimes once_a_step(const MostHeld& held, const Plan& plan, const Stack& stack, const System& system);
double shared_table_sum(const MostHeld& held, const Plan& plan, const Stack& stack, const System& system);
double scattered_again(const MostHeld& held, const Plan& plan, const Stack& stack, const System& system);

// ZeRO-3, of one of the `layers` of a rank that holds so much: its weights gathered before each pass, its
// gradients scattered, alone and at the fabric's full rate; experts among those that share them. Seconds; 0
// where nobody shares.
double gathered_layer_seconds(const StageParameters& held, double layers, const Plan& plan,
                              const Stack& stack, const System& system);
// What a chunk's ZeRO-3 messages add to its passes, as far as they do not hide under their work. Whole
// backward passes: the messages hide under both passes. A schedule that splits them: one gather under the
// forward pass, one under the input gradient, the scatter under the weight gradient.
struct GatherWaits {
  double forward = 0, backward = 0;  // s; backward: with the weight gradient's
  double weight_gradient = 0;
};
GatherWaits exposed_gathers(const ChunkTimes& work, double messages, bool splits_backward,
                            const Stack& stack);

}  // namespace traincast
