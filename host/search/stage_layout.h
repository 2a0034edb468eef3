// How the layers of a model lie on the ranks of a pipeline, as runs of ranks that hold the same: what the
// search computes once per run of ranks instead of once per rank.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "host/model/transformer.h"

namespace traincast {

// As in stages.cc: 1 for sliding attention, 2 for a mixture of experts.
inline constexpr std::size_t kLayerKinds = 4;

struct ChunkKind {
  std::array<double, kLayerKinds>
      layers{};                      // passes through layers of each kind, prediction modules included
  double own_layers = 0;             // layers that it holds, prediction modules not included
  bool first = false, last = false;  // of the model's chunks: embeds, computes the loss
};

// Consecutive ranks whose chunks are alike, one by one.
struct RankRun {
  std::int64_t first = 0, count = 0;
  std::size_t first_kind = 0, last_kind = 0;  // of the rank's chunks
  double own_layers = 0;
  // Layers in the order in which a backward pass meets them: `lead` of one kind, then others.
  bool lead_moe = false;
  double lead = 0;                          // layers before the first of the other kind
  double dense_layers = 0, moe_layers = 0;  // prediction modules included
  std::int64_t last() const { return first + count - 1; }
};

class StageLayout {
 public:
  StageLayout(const Transformer& model, std::int64_t pipeline, std::int64_t virtual_stages);

  std::int64_t pipeline() const { return pipeline_; }
  std::int64_t virtual_stages() const { return virtual_stages_; }
  const std::vector<ChunkKind>& kinds() const { return kinds_; }
  const std::vector<RankRun>& runs() const { return runs_; }
  // Chunks of that kind on each rank of that run.
  double chunks(std::size_t run, std::size_t kind) const { return chunks_[run * kinds_.size() + kind]; }
  std::size_t run_of(std::int64_t rank) const;
  // Whether every chunk holds as many layers, counting embedding and head as a layer each or not at all.
  bool even() const { return even_; }

 private:
  std::int64_t pipeline_, virtual_stages_;
  std::vector<ChunkKind> kinds_;
  std::vector<RankRun> runs_;
  std::vector<double> chunks_;
  bool even_ = false;
};

}  // namespace traincast
