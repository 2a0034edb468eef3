// The tables about uncertainty that `traincast estimate` and `traincast deadline` print.
#pragma once

#include <vector>

#include "host/base/table.h"
#include "host/risk/uncertainty.h"

namespace traincast {

// `uncertainty`: one row a figure {"figure", "unit", "estimate", "p10", "p50", "p90"}, in that unit; null
// where that share of the draws does not finish. `sensitivity`: one row an input, the most important for the
// days first {"input", "title", "unit", "p10", "p50", "p90", "days_at_p10", "days_at_p90",
// "first_order_days", "total_days", the same for "energy" and "rent", "distribution", "origin", "source"}.
// Figures keep their keys from release to release.
std::vector<Table> uncertainty_tables(const Uncertainty& uncertainty);

// "4096 draws, seed 1", for the scalars of a report: `draws`, `seed`, `finishing_share`.
std::vector<Scalar> uncertainty_scalars(const Uncertainty& uncertainty);

}  // namespace traincast
