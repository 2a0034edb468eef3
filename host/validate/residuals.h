// What the errors on published runs say about the error of the next estimate.
#pragma once

#include <string>
#include <vector>

#include "host/config/step_residuals.h"
#include "host/validate/cross_validate.h"

namespace traincast {

// From the rows predicted by stacks fitted without their whole family: a run to come is of a family that
// nobody has seen. Classes: dense and mixture-of-experts, each by the years of its software where those have
// rows of three families at least, and of all years. A class's spread is the 90th percentile of |error|,
// families weighed equally, over that of a normal distribution: the tail that intervals quote, rather than
// the bulk.
// The spread of slopes is that of all scored rows, in series that differ in GPUs fourfold and more.
StepResiduals step_residuals(const std::vector<CrossValidation>& crosses);

// As configs/published/residuals.json holds it; `source` says which rows.
std::string residuals_json(const StepResiduals& residuals, const std::string& source);

}  // namespace traincast
