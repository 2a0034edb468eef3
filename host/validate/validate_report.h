// What `traincast validate` prints.
#pragma once

#include <string>
#include <vector>

#include "host/base/table.h"
#include "host/calibrate/fabric.h"
#include "host/calibrate/validate_kernels.h"
#include "host/validate/cross_validate.h"
#include "host/validate/evaluate.h"

namespace traincast {

// Tables: rows (one a published run; left out unless `with_rows`), summary, cross_validation (where given),
// refused.
Report runs_report(const std::vector<Prediction>& predictions, const std::vector<CrossValidation>& crosses,
                   bool with_rows);
// The same as JSON: {"rows": [{"id", "family", "gpu", "gpus", "predicted_s", "measured_s", "log_error",
// "status", "reason",
// ...}], "summary": {"all": {"rows", "median", "p90", "bias", ...}, "core": ..., "family": {NAME: ...},
// "gpu": {...}, "stack": {...}, "scale": {...}}, "cross_validation": {...}}.
std::string runs_json(const std::vector<Prediction>& predictions,
                      const std::vector<CrossValidation>& crosses);

// One row: what the source says, what was assumed, and where the predicted step's time goes.
Report explain_report(const Prediction& prediction);

// Rows {"op", "nodes", "gpus", "bytes", "predicted_s", "measured_s", ...} and errors by op, scale and size.
Report collectives_report(const ValidationResult& result);

Report kernels_report(const std::vector<KernelErrors>& errors, const std::string& gpu);

}  // namespace traincast
