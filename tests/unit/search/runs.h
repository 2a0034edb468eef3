// A shipped run with the space of its plans, for tests.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/config/load.h"
#include "host/search/search.h"
#include "host/search/setup.h"

namespace traincast::test {

class PreparedRun {
 public:
  PreparedRun(const std::string& run, std::int64_t gpus, std::vector<std::string> fixed,
              Tokens max_batch = {}, const std::function<void(Run&)>& change = {})
      : store_(TRAINCAST_TEST_CONFIGS),
        calibrator_(store_),
        setup_(calibrator_, changed(load_run(store_, run), change),
               {.gpus = gpus, .max_batch = max_batch, .fixed = fixed}),
        gates_(setup_.complete(load_gates(store_, "default"))) {}
  const SearchSpace& space() const { return setup_.space(); }
  const SearchSetup& setup() const { return setup_; }
  const Gates& gates() const { return gates_; }
  Calibrator& calibrator() { return calibrator_; }

 private:
  static Run changed(Run run, const std::function<void(Run&)>& change) {
    if (change) change(run);
    return run;
  }
  ConfigStore store_;
  Calibrator calibrator_;
  SearchSetup setup_;
  Gates gates_;
};

}  // namespace traincast::test
