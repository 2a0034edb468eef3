// The same rows predicted by stacks that did not see them: the time factor of each stack refitted on the
// other rows.
#pragma once

#include <string>
#include <vector>

#include "host/validate/evaluate.h"

namespace traincast {

enum class Split {
  in_sample,       // factors fitted on all rows
  cluster_out,     // one (family, model, GPU, precision) at a time
  family_out,      // one family at a time; a stack left without rows keeps the prior, a factor of 1
  small_to_large,  // fitted on the rows of the smaller half of each cluster's GPU counts, judged on the
                   // others
  no_fit,          // every factor 1
};
std::string_view name(Split split);

struct CrossValidation {
  Split split = Split::in_sample;
  std::vector<ScoredRow> rows;  // log_error as under that split; only rows that it judges
};

// Factors are least squares of the log error over a stack's rows with a normal prior of 0.05 around 1, rows
// of one cluster counting as one observation of deviation 0.05. The factor multiplies computation, not the
// whole step: a row's error shifts by its computation's share of the step.
std::vector<CrossValidation> cross_validate(const std::vector<PublishedRun>& runs, const Library& library);

}  // namespace traincast
