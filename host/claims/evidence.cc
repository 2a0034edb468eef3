#include "host/claims/evidence.h"

#include <algorithm>
#include <utility>

#include "host/base/errors.h"
#include "host/calibrate/forecast.h"
#include "host/config/load.h"
#include "host/config/near.h"

namespace traincast {
namespace {

template <typename Named>
const Named* named(const std::vector<Named>& list, std::string_view name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Named& item) { return item.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

Evidence::Evidence(const ConfigStore& store, Facts facts)
    : store_(store), calibrator_(store), facts_(std::move(facts)) {}

Evidence::Evidence(const ConfigStore& store) : Evidence(store, load_facts(store)) {}

const Fact& Evidence::fact(std::string_view name) const {
  if (const Fact* found = named(facts_.facts, name)) return *found;
  std::vector<std::string> names;
  for (const Fact& fact : facts_.facts) names.push_back(fact.name);
  const std::vector<std::string> near = near_names(name, names);
  throw ConfigError("no fact \"" + std::string(name) + "\" in claims/facts.json" +
                    (near.empty() ? "" : "; did you mean " + join(near, " or ") + "?"));
}

const RunRange* Evidence::run_range(std::string_view name) const {
  return named(facts_.run_ranges, name);
}

const Gpu& Evidence::gpu(const std::string& name) {
  static_cast<void>(store_.path(ConfigKind::gpus, name));
  return calibrator_.gpu(name);
}

const Cluster& Evidence::cluster(const std::string& name) {
  const auto found = clusters_.find(name);
  if (found != clusters_.end()) return found->second;
  return clusters_.emplace(name, load_cluster(store_, name)).first->second;
}

const Forecast& Evidence::forecast_of(const std::string& run) {
  const auto found = forecasts_.find(run);
  if (found != forecasts_.end()) return found->second;
  Forecast made = forecast(calibrator_, load_run(store_, run));
  if (!made.infeasible.empty()) {
    throw ConfigError("no claim can rest on the run " + run + ": it " + made.infeasible);
  }
  return forecasts_.emplace(run, std::move(made)).first->second;
}

}  // namespace traincast
