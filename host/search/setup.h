// From a run's configs to the space of its plans on some number of GPUs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/calibrate/system.h"
#include "host/search/gates.h"
#include "host/search/space.h"

namespace traincast {

struct SetupOptions {
  std::int64_t gpus = 0;           // 0: as many as the run has
  Tokens max_batch;                // 0: the run's batch alone
  std::int64_t global_batch = 0;   // sequences; 0: the run's
  std::vector<std::string> fixed;  // "tp=8"
};

// The run on so many GPUs: the cluster's fleets in order, the last one made larger where they do not suffice.
// Its plan still is the run's own.
Run scaled_run(const Run& run, std::int64_t gpus);

// Owns what a SearchSpace points to.
class SearchSetup {
 public:
  // Throws UsageError or ConfigError of one line: a setting that nothing can be laid out with, a precision
  // that a GPU lacks, fewer GPUs than the model can be laid out on.
  SearchSetup(Calibrator& calibrator, const Run& run, const SetupOptions& options);
  SearchSetup(const SearchSetup&) = delete;
  SearchSetup& operator=(const SearchSetup&) = delete;

  const SearchSpace& space() const { return space_; }
  const Run& run() const { return run_; }
  bool extends_cluster() const { return extends_; }
  const std::vector<CalibratedSystem>& systems() const { return systems_; }
  // Completes gates with what the run says; those that --fix overrides do not hold.
  Gates complete(Gates gates) const;

 private:
  Run run_;
  bool extends_ = false;
  std::vector<std::string> fixed_;
  std::vector<CalibratedSystem> systems_;
  SearchSpace space_;
};

}  // namespace traincast
