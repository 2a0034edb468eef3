// A shipped run with its uncertain inputs, and with values set.
#pragma once

#include <string>
#include <vector>

#include "host/calibrate/forecast.h"
#include "host/config/load.h"
#include "host/config/override.h"
#include "host/risk/uncertainty.h"

namespace traincast {

inline const ConfigStore& shipped_configs() {
  static const ConfigStore kStore{std::string(TRAINCAST_TEST_CONFIGS)};
  return kStore;
}

inline UncertainRun shipped_run(const std::string& name, const std::vector<Override>& set = {},
                                const std::string& uncertainty = "") {
  const EditedRun edited = RunConfigs(shipped_configs(), name).with(set);
  Calibrator calibrator(edited.store);
  const Forecast f = forecast(calibrator, edited.run);
  if (!f.infeasible.empty()) throw std::runtime_error(f.infeasible);
  const std::string named = uncertainty.empty() ? uncertainty_of_run(edited.store, name) : uncertainty;
  return bind_uncertainty(f, load_gpu(edited.store, f.pace), load_uncertainty(edited.store, named),
                          edited.store);
}

}  // namespace traincast
