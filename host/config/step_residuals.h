// How far predicted step times are from measured ones, as configs/published/residuals.json records it from
// the published runs: what an estimate may be off by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/origin.h"
#include "host/config/find.h"
#include "host/config/reader.h"

namespace traincast {

// Runs of dense or mixture-of-experts models, on software stacks of some years.
struct ResidualClass {
  bool moe = false;
  int from_year = 0, to_year = 9999;  // both included
  int rows = 0, families = 0;
  double spread = 0;  // standard deviation of ln(measured / predicted), of stacks fitted without them
  double bias = 0;    // its median; shown, not corrected
  std::int64_t most_gpus = 0;  // of any row
};

struct StepResiduals {
  std::vector<ResidualClass> classes;  // the first that a run belongs to is taken
  double spread_per_decade =
      0;  // of the error's slope, per tenfold GPUs, within series that differ in GPUs alone
  int series = 0;
  Provenance from;

  // Null where no class takes it.
  const ResidualClass* class_of(bool moe, int year) const;
  // Standard deviation of ln(measured / predicted) of a run on so many GPUs: that of its class and, beyond
  // the largest row of the class, the slope's spread times the decades beyond, as independent parts.
  double spread(const ResidualClass& of, double gpus) const;
};

// "megatron-core-moe-2025" is of 2025; 0 where the name has no year.
int stack_year(std::string_view stack);

// Throws ConfigError.
StepResiduals read_step_residuals(Reader root);
StepResiduals load_step_residuals(const ConfigStore& store);  // configs/published/residuals.json

}  // namespace traincast
