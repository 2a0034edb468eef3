// Predicts published runs: each row on its own GPU, network and named software stack, with no knob of its
// own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/model/gpu.h"
#include "host/model/stack.h"
#include "host/model/step.h"
#include "host/model/transformer.h"
#include "host/validate/published_runs.h"
#include "host/validate/score.h"

namespace traincast {

// Everything a row may refer to, loaded once.
struct Library {
  std::vector<Gpu> gpus;
  std::vector<Stack> stacks;
  std::vector<Transformer> models;
};

struct Prediction {
  ScoredRow row;
  StepEstimate step;  // meaningful where row.status is "ok"
  Plan plan;          // with every default resolved
};

// Never throws for what a row says: a row that cannot be expressed has a status and a reason.
Prediction predict(PublishedRun run, const Library& library);
// `done` is called after each row with how many there are so far.
std::vector<Prediction> predict_all(const std::vector<PublishedRun>& runs, const Library& library,
                                    const std::function<void(std::size_t)>& done = {});

}  // namespace traincast
