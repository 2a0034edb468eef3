#include "host/search/stage_layout.h"

#include <algorithm>

#include "host/model/plan.h"
#include "host/model/shard.h"

namespace traincast {
namespace {

std::size_t kind_of(const Transformer& model, std::int64_t layer) {
  return (model.is_moe_layer(layer) ? 2U : 0U) + (model.is_sliding_layer(layer) ? 1U : 0U);
}

// Two chunks are alike where this text is.
std::string signature(const Transformer& model, const LayerRange& range, bool first, bool last) {
  std::string text{first ? 'f' : '-', last ? 'l' : '-'};
  for (std::int64_t i = range.first; i < range.first + range.count; ++i) {
    text += static_cast<char>('0' + kind_of(model, i));
  }
  return text;
}

ChunkKind chunk_kind(const Transformer& model, const std::string& text) {
  ChunkKind kind{.first = text[0] == 'f', .last = text[1] == 'l'};
  for (std::size_t i = 2; i < text.size(); ++i) ++kind.layers[static_cast<std::size_t>(text[i] - '0')];
  kind.own_layers = static_cast<double>(text.size() - 2);
  if (kind.last) kind.layers[kind_of(model, model.layers - 1)] += static_cast<double>(model.mtp_layers);
  return kind;
}

// What activations see: the order of dense and mixture layers from the end of a rank's last chunk.
void count_backwards(const Transformer& model, const std::vector<std::string>& chunks, bool has_loss,
                     RankRun& run) {
  bool other_seen = false, any = false;
  const auto visit = [&](bool moe, double count) {
    if (count == 0) return;
    if (!any) run.lead_moe = moe;
    any = true;
    other_seen = other_seen || moe != run.lead_moe;
    if (!other_seen) run.lead += count;
    (moe ? run.moe_layers : run.dense_layers) += count;
  };
  if (has_loss) visit(model.moe.has_value(), static_cast<double>(model.mtp_layers));
  for (std::size_t c = chunks.size(); c-- > 0;) {
    for (std::size_t i = chunks[c].size(); i-- > 2;) visit((chunks[c][i] - '0') >= 2, 1);
  }
}

}  // namespace

StageLayout::StageLayout(const Transformer& model, std::int64_t pipeline, std::int64_t virtual_stages)
    : pipeline_(pipeline), virtual_stages_(virtual_stages) {
  const std::int64_t all = pipeline * virtual_stages;
  even_ = model.layers % all == 0 || (model.layers + 2) % all == 0;
  Plan plan;
  plan.pipeline_parallel = pipeline;
  plan.virtual_stages = virtual_stages;
  std::vector<std::string> known;
  std::vector<std::vector<std::string>> of_run;
  for (std::int64_t rank = 0; rank < pipeline; ++rank) {
    std::vector<std::string> chunks;
    for (std::int64_t v = 0; v < virtual_stages; ++v) {
      const std::int64_t chunk = v * pipeline + rank;
      chunks.push_back(signature(model, chunk_layers(model, plan, chunk), chunk == 0, chunk + 1 == all));
    }
    if (!of_run.empty() && chunks == of_run.back()) {
      ++runs_.back().count;
      continue;
    }
    RankRun run{.first = rank, .count = 1};
    for (const std::string& chunk : chunks) {
      const auto found = std::find(known.begin(), known.end(), chunk);
      const auto at = static_cast<std::size_t>(found - known.begin());
      if (found == known.end()) {
        known.push_back(chunk);
        kinds_.push_back(chunk_kind(model, chunk));
      }
      if (&chunk == &chunks.front()) run.first_kind = at;
      run.last_kind = at;
      run.own_layers += kinds_[at].own_layers;
    }
    count_backwards(model, chunks, rank + 1 == pipeline, run);
    runs_.push_back(run);
    of_run.push_back(std::move(chunks));
  }
  chunks_.assign(runs_.size() * kinds_.size(), 0);
  for (std::size_t r = 0; r < runs_.size(); ++r) {
    for (const std::string& chunk : of_run[r]) {
      const auto at = static_cast<std::size_t>(std::find(known.begin(), known.end(), chunk) - known.begin());
      ++chunks_[r * kinds_.size() + at];
    }
  }
}

std::size_t StageLayout::run_of(std::int64_t rank) const {
  std::size_t run = 0;
  while (runs_[run].last() < rank) ++run;
  return run;
}

}  // namespace traincast
