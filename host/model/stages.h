// What every chunk of a plan costs per micro-batch and what comes once a step: one definition for the closed
// form (step.h) and the event simulation (simulate.h).
#pragma once

#include <array>
#include <cstdint>

#include "host/model/layer.h"
#include "host/model/schedule.h"
#include "host/model/simulate_pipeline.h"
#include "host/model/stack.h"
#include "host/model/system.h"

namespace traincast {

// Holds references: model, plan, stack and system must outlive it. Allocates nothing.
class Stages {
 public:
  Stages(const Transformer& model, const Plan& plan, const Stack& stack, const System& system);

  const PipelineShape& shape() const { return shape_; }
  // Chunk of shape().chunks(): its layers, with the embedding on the first, output head and prediction
  // modules on the last, and the exposed part of ZeRO-3's messages.
  PassTimes chunk(std::int64_t chunk) const;
  // What a pipeline rank does for the local-th of its chunks; under DualPipe the mean of the two that it
  // holds.
  PassTimes rank_chunk(std::int64_t rank, std::int64_t local) const;
  const ChunkMessage& message() const { return message_; }

 private:
  const PassTimes& layer(std::int64_t layer) const;
  double sharded_messages(std::int64_t chunk, std::int64_t layers) const;

  const Transformer& model_;
  const Plan& plan_;
  const Stack& stack_;
  const System& system_;
  PipelineShape shape_;
  ChunkMessage message_;
  std::array<PassTimes, 4> layers_;  // dense or MoE, full or sliding attention
  PassTimes embedding_, head_, prediction_;
};

ChunkTimes chunk_times(const PassTimes& pass);

// Once a step, of the rank that holds the most: gradients and weights between data-parallel ranks as far as
// no computation hides them, and the optimiser.
PartTimes once_a_step(const Transformer& model, const Plan& plan, const Stack& stack, const System& system);

// The ranks that share one copy of what ZeRO shards, innermost, and those that hold the same shard.
struct ShardGroups {
  CommGroup shard;
  CommGroup replicas;
};
ShardGroups shard_groups(const CommGroup& all, const Plan& plan);

}  // namespace traincast
