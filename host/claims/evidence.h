// What "ours" is computed from: stated facts with their ranges, and the configs and estimates that every
// other command uses.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/calibrate/system.h"
#include "host/claims/facts.h"
#include "host/config/find.h"
#include "host/model/forecast.h"

namespace traincast {

// Reads each file once; everything returned lives as long as this. Unknown names are ConfigErrors that list
// near ones.
class Evidence {
 public:
  Evidence(const ConfigStore& store, Facts facts);
  explicit Evidence(const ConfigStore& store);  // configs/claims/facts.json

  const Fact& fact(std::string_view name) const;
  const Gpu& gpu(const std::string& name);
  const Cluster& cluster(const std::string& name);
  // Throws ConfigError where the run has no estimate: no claim can rest on it.
  const Forecast& forecast_of(const std::string& run);
  const RunRange* run_range(std::string_view name) const;  // null where there is none of that name

  const std::vector<Fact>& facts() const { return facts_.facts; }

 private:
  const ConfigStore& store_;
  Calibrator calibrator_;
  Facts facts_;
  std::map<std::string, Cluster, std::less<>> clusters_;
  std::map<std::string, Forecast, std::less<>> forecasts_;
};

}  // namespace traincast
