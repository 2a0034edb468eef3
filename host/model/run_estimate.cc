#include "host/model/run_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "host/base/errors.h"
#include "host/model/phases.h"

namespace traincast {
namespace {

std::string gib(Bytes bytes) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.1f GiB", bytes.value() / kGiB);
  return text.data();
}

}  // namespace

void require_fit(const MemoryEstimate& memory, const Gpu& gpu) {
  const Bytes capacity = gpu.memory.capacity;
  if (memory.total() <= capacity) return;
  std::array<std::pair<const char*, Bytes>, 8> parts = {
      {{"weights", memory.weights},
       {"gradients", memory.gradients},
       {"optimizer states", memory.optimizer},
       {"activations", memory.activations},
       {"loss", memory.loss},
       {"working memory", memory.working},
       {"buffers", memory.buffers},
       {"context, NCCL and reserve", memory.total() - memory.allocated()}}};
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string largest;
  for (std::size_t i = 0; i < 3; ++i) {
    largest += (i > 0 ? ", " : "") + std::string(parts[i].first) + " " + gib(parts[i].second);
  }
  throw InfeasiblePlan("does not fit: pipeline stage " + std::to_string(memory.stage) + " needs " +
                       gib(memory.total()) + " of the " + gib(capacity) + " of " + gpu.name + ", " +
                       gib(memory.total() - capacity) + " too much; most of it is " + largest);
}

RunEstimate estimate_run(const Run& run, const StepEstimate& step, std::span<const FleetGpus> fleets) {
  RunPhase phase = whole_run(run, step, fleets);
  return run_phases(run, {&phase, 1});
}

}  // namespace traincast
