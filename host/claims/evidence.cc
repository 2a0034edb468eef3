#include "host/claims/evidence.h"

#include <algorithm>
#include <array>
#include <set>

#include "host/base/errors.h"
#include "host/base/file.h"
#include "host/calibrate/forecast.h"
#include "host/config/load.h"
#include "host/config/near.h"
#include "host/config/reader.h"

namespace traincast {
namespace {

struct Kind {
  std::string_view name;
  Dimension dimension;
};
constexpr auto kKinds = std::to_array<Kind>({{"number", {}},
                                             {"time", Seconds::kDimension},
                                             {"power", Watts::kDimension},
                                             {"flops", Flops::kDimension},
                                             {"flop_rate", FlopRate::kDimension},
                                             {"money", Dollars::kDimension},
                                             {"rent", DollarRate::kDimension},
                                             {"emission_rate", EmissionRate::kDimension}});
constexpr auto kKindNames = [] {
  std::array<std::string_view, kKinds.size()> names{};
  for (std::size_t i = 0; i < kKinds.size(); ++i) names[i] = kKinds[i].name;
  return names;
}();

double amount(Reader& reader, std::string_view key, Dimension dimension) {
  if (dimension == Dimension{}) return reader.number(key, 0);
  return reader.quantity_si(key, dimension, Zero::allowed);
}

Fact read_fact(Reader& reader) {
  Fact fact;
  fact.name = reader.text("name");
  fact.what = reader.text("what");
  fact.dimension = kKinds[static_cast<std::size_t>(reader.choice<int>("kind", kKindNames))].dimension;
  fact.value = amount(reader, "value", fact.dimension);
  fact.low = reader.has("low") ? amount(reader, "low", fact.dimension) : fact.value;
  fact.high = reader.has("high") ? amount(reader, "high", fact.dimension) : fact.value;
  if (fact.low > fact.value || fact.high < fact.value) {
    reader.fail("value", "it lies outside of its own range; accepted: low <= value <= high");
  }
  fact.from = reader.provenance();
  return fact;
}

template <typename Named>
const Named* named(const std::vector<Named>& list, std::string_view name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Named& item) { return item.name == name; });
  return found == list.end() ? nullptr : &*found;
}

}  // namespace

Evidence::Evidence(const ConfigStore& store, std::string_view facts, const std::string& file)
    : store_(store), calibrator_(store) {
  read(facts, file);
}

Evidence::Evidence(const ConfigStore& store) : store_(store), calibrator_(store) {
  const std::filesystem::path file = store.root() / "claims" / "facts.json";
  read(read_file(file), file.string());
}

void Evidence::read(std::string_view text, const std::string& file) {
  Reader root = Reader::from_text(text, file);
  static_cast<void>(root.provenance());
  std::set<std::string> names;
  const auto check_new = [&](const Reader& reader, const std::string& name) {
    if (!names.insert(name).second) reader.fail("name", "\"" + name + "\" stands here twice");
  };
  for (Reader& reader : root.objects("facts")) {
    facts_.push_back(read_fact(reader));
    check_new(reader, facts_.back().name);
  }
  for (Reader& reader : root.objects("run_ranges")) {
    RunRange range{.name = reader.text("name"), .what = reader.text("what")};
    range.low = reference(reader, "low", store_, ConfigKind::runs);
    range.value = reference(reader, "value", store_, ConfigKind::runs);
    range.high = reference(reader, "high", store_, ConfigKind::runs);
    range.from = reader.provenance();
    check_new(reader, range.name);
    ranges_.push_back(std::move(range));
  }
  root.finish();
}

const Fact& Evidence::fact(std::string_view name) const {
  if (const Fact* found = named(facts_, name)) return *found;
  std::vector<std::string> names;
  for (const Fact& fact : facts_) names.push_back(fact.name);
  const std::vector<std::string> near = near_names(name, names);
  throw ConfigError("no fact \"" + std::string(name) + "\" in claims/facts.json" +
                    (near.empty() ? "" : "; did you mean " + join(near, " or ") + "?"));
}

const RunRange* Evidence::run_range(std::string_view name) const {
  return named(ranges_, name);
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
