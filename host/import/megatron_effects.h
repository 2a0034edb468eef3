// What Megatron-LM's and NeMo's arguments do to a step, of those that become no part of a model or plan.
#pragma once

#include <string_view>

namespace traincast {

enum class MegatronEffect {
  none,      // data, logs, checkpoints, learning rates: a step takes the same
  stack,     // overlap, fusions, kernels, formats of gradients: a stack config says what they do
  memory,    // offload, finer recomputation
  pipeline,  // unequal stages, batches that grow
  layers,    // what a layer computes besides
  unknown
};

// Of an argument's name without "--".
MegatronEffect megatron_effect(std::string_view key);

// The beginning of a note on arguments with this effect.
std::string_view describe(MegatronEffect effect);

}  // namespace traincast
