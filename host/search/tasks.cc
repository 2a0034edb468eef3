// What the evaluators of a search share out among themselves, and what they all read.
#include "host/search/evaluator.h"

namespace traincast {

std::vector<SearchTask> tasks_of(const SearchSpace& space) {
  const Transformer& model = space.run->model;
  std::vector<SearchTask> tasks;
  for (std::size_t stack = 0; stack < space.stacks.size(); ++stack) {
    for (const std::int64_t tensor : space.axes.tensor) {
      for (const bool sequence_parallel : space.axes.sequence_parallel) {
        // Without tensor ranks there is nothing to split: one of the two will do.
        if (tensor == 1 && sequence_parallel != space.axes.sequence_parallel.front()) continue;
        for (const std::int64_t context : space.axes.context) {
          const std::int64_t split = context * (sequence_parallel && tensor > 1 ? tensor : 1);
          if (model.sequence % split != 0 || space.gpus % (tensor * context) != 0) continue;
          for (const std::int64_t expert : space.axes.expert) {
            for (const std::int64_t expert_tensor : space.axes.expert_tensor) {
              tasks.push_back({tensor, context, expert, expert_tensor, sequence_parallel, stack});
            }
          }
        }
      }
    }
  }
  return tasks;
}

Layouts::Layouts(const SearchSpace& space) {
  for (const std::int64_t pipeline : space.axes.pipeline) {
    for (const std::int64_t chunks : space.axes.virtual_stages) {
      if (chunks > 1 && (pipeline == 1 || pipeline * chunks > space.run->model.layers + 2)) continue;
      auto layout = std::make_unique<StageLayout>(space.run->model, pipeline, chunks);
      // One chunk a rank may be uneven: the middle ones then hold a layer more. Of several, even ones.
      if (layout->runs().size() > kMaxRuns || (chunks > 1 && !layout->even())) continue;
      layouts_[{pipeline, chunks}] = std::move(layout);
    }
  }
}

const StageLayout* Layouts::find(std::int64_t pipeline, std::int64_t virtual_stages) const {
  const auto found = layouts_.find({pipeline, virtual_stages});
  return found == layouts_.end() ? nullptr : found->second.get();
}

}  // namespace traincast
