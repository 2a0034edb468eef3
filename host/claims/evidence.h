// What "ours" is computed from: stated facts with their ranges, and the configs and estimates that every
// other command uses.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/calibrate/system.h"
#include "host/config/find.h"
#include "host/model/forecast.h"

namespace traincast {

// One input that no config of a GPU, cluster or run holds (configs/claims/facts.json).
struct Fact {
  std::string name;
  std::string what;  // in words, with what its range spans
  Dimension dimension;
  double low = 0, value = 0, high = 0;  // SI; low <= value <= high
  Provenance from;
};

// Runs that differ in what is not known of one (configs/claims/facts.json); none of them twice.
struct RunRange {
  std::string name;
  std::string what;
  std::string low, value, high;  // runs
  Provenance from;
};

// Reads each file once; everything returned lives as long as this. Unknown names are ConfigErrors that list
// near ones.
class Evidence {
 public:
  // `facts` is the text of a facts.json; `file` stands in messages.
  Evidence(const ConfigStore& store, std::string_view facts, const std::string& file);
  explicit Evidence(const ConfigStore& store);  // configs/claims/facts.json

  const Fact& fact(std::string_view name) const;
  const Gpu& gpu(const std::string& name);
  const Cluster& cluster(const std::string& name);
  // Throws ConfigError where the run has no estimate: no claim can rest on it.
  const Forecast& forecast_of(const std::string& run);
  const RunRange* run_range(std::string_view name) const;  // null where there is none of that name

  const std::vector<Fact>& facts() const { return facts_; }

 private:
  void read(std::string_view text, const std::string& file);

  const ConfigStore& store_;
  Calibrator calibrator_;
  std::vector<Fact> facts_;
  std::vector<RunRange> ranges_;
  std::map<std::string, Cluster, std::less<>> clusters_;
  std::map<std::string, Forecast, std::less<>> forecasts_;
};

}  // namespace traincast
