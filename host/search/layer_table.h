// Times of layers, embedding and head for every micro-batch, precision and recomputation of one way to shard
// a layer: each computed once, when a plan first asks.
#pragma once

#include <array>
#include <vector>

#include "host/model/layer.h"
#include "host/search/memory_terms.h"
#include "host/search/space.h"
#include "host/search/stage_layout.h"

namespace traincast {

// One micro-batch, in seconds.
struct WorkTimes {
  double forward = 0, backward = 0, weight_gradient = 0;
  double compute = 0;  // of forward and backward: what is no message

  void add(const WorkTimes& other, double factor) {
    forward += factor * other.forward;
    backward += factor * other.backward;
    weight_gradient += factor * other.weight_gradient;
    compute += factor * other.compute;
  }
};

struct LayerTimes {
  std::array<WorkTimes, kLayerKinds> layer{};
  WorkTimes embedding, head, prediction;

  WorkTimes chunk(const ChunkKind& kind, std::int64_t mtp_layers) const;
};

class LayerTable {
 public:
  // Of a row: micro-batch, precision and recomputation.
  explicit LayerTable(const SearchSpace& space);
  // Forgets all rows.
  void reset(const Stack& stack);

  // By system, in the order of the space.
  const LayerTimes* times(std::size_t row, const Plan& plan);
  const ActivationTerms& activations(std::size_t row, const Plan& plan);

 private:
  struct Row {
    bool has_times = false, has_activations = false;
    ActivationTerms activations;
  };
  const SearchSpace& space_;
  const Stack* stack_ = nullptr;
  std::vector<Row> rows_;
  std::vector<LayerTimes> times_;  // by row, then by system
};

}  // namespace traincast
