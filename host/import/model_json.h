// A Transformer or a Plan as the text of a config file.
#pragma once

#include <string>
#include <vector>

#include "host/model/plan.h"
#include "host/model/transformer.h"

namespace traincast {

// Keys with their defaults are left out. load_transformer() reads it back to the same model, but for its
// name.
std::string model_json(const Transformer& model, const std::vector<std::string>& notes);
// load_plan() reads it back.
std::string plan_json(const Plan& plan, const std::vector<std::string>& notes);

}  // namespace traincast
