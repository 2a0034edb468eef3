// The activations of a pipeline stage: what its layers keep per micro-batch and the worst moment beyond that.
#pragma once

#include <cstdint>

#include "host/model/memory_layer.h"

namespace traincast {

// All in bytes.
struct StageActivations {
  double kept = 0;  // of one micro-batch
  double peak = 0;  // at the worst moment, beyond what all micro-batches in flight keep
};

// Holds references: model, plan and stack must outlive it.
class StageMemory {
 public:
  StageMemory(const Transformer& model, const Plan& plan, const Stack& stack);

  StageActivations activations(std::int64_t stage) const;
  // Beside the layers' activations when the loss runs back through the head: logits, final norm, its output,
  // the gradient to the head's input, whole and (sequence parallel) reduced.
  double loss() const;
  bool gathers() const { return plan_.tensor_parallel > 1 && plan_.sequence_parallel; }
  const TokenBytes& size() const { return size_; }

 private:
  double kept(const LayerMemory& layer) const;
  double moment(const LayerMemory& layer) const;
  double logits() const;

  const Transformer& model_;
  const Plan& plan_;
  const Stack& stack_;
  TokenBytes size_;
  LayerMemory dense_, sparse_;
};

}  // namespace traincast
