// Can a plan be laid out on a model and so many GPUs at all? (Whether it fits into memory is another
// question.)
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/model/plan.h"
#include "host/model/transformer.h"

namespace traincast {

struct PlanProblem {
  std::string key;   // of the plan file: the number to change
  std::string what;  // one line with both numbers
};

// The first rule that the plan breaks. Pure and without I/O, so a search may ask it for every candidate.
std::optional<PlanProblem> plan_problem(const Plan& plan, const Transformer& model, std::int64_t gpus);

}  // namespace traincast
