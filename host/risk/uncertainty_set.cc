#include "host/risk/uncertainty_set.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "host/base/errors.h"
#include "host/config/near.h"

namespace traincast {
namespace {

struct InputRow {
  UncertainInput input;
  std::string_view key, title;
  Dimension dimension;
  double (*read)(Reader& reader, std::string_view key);
};

template <typename Q>
double read_quantity(Reader& reader, std::string_view key) {
  return reader.quantity<Q>(key).value();
}
double read_ratio(Reader& reader, std::string_view key) {
  return reader.number(key, 1e-9, 1e9);
}
template <typename Q>
constexpr InputRow row(UncertainInput input, std::string_view key, std::string_view title) {
  return {input, key, title, Q::kDimension, &read_quantity<Q>};
}
constexpr InputRow ratio(UncertainInput input, std::string_view key, std::string_view title) {
  return {input, key, title, {}, &read_ratio};
}

using enum UncertainInput;
constexpr std::array<InputRow, kUncertainInputs> kRows = {
    {row<Flops>(flops, "flops", "FLOP of the training"),
     ratio(step_time, "step_time", "step time, measured over predicted"),
     row<Seconds>(mtbf_per_gpu, "mtbf_per_gpu", "time between failures of a GPU"),
     row<Seconds>(restart, "restart", "restart"),
     row<Seconds>(checkpoint_stall, "checkpoint_stall", "stall of a checkpoint"),
     ratio(straggler_spread, "straggler_spread", "spread of speed between GPUs"),
     row<Watts>(server_power, "server_power", "server power of a GPU"), ratio(pue, "pue", "PUE"),
     row<EnergyPrice>(electricity_price, "electricity_price", "price of electricity"),
     row<DollarRate>(rent, "rent", "rent of a GPU"), row<Dollars>(capital, "capital", "capital of a GPU"),
     row<EmissionRate>(co2, "co2", "CO2 of the electricity"),
     ratio(failures, "failures", "when failures strike (chance)")}};

const InputRow& row_of(UncertainInput input) {
  return kRows[static_cast<std::size_t>(input)];
}

void need_order(const Reader& reader, std::string_view key, double low, double high) {
  if (!(low < high)) reader.fail(key, "it is not above the value before it; accepted: values that rise");
}

UncertainValue read_value(Reader reader, const InputRow& input) {
  UncertainValue value;
  value.input = input.input;
  value.relative = reader.boolean_or("relative", false);
  value.from = reader.provenance();
  if (reader.text("distribution") == "residual") {
    if (input.input != step_time) reader.fail("distribution", "only step_time has recorded residuals");
    value.residual = true;
    return value;
  }
  const auto read = [&](std::string_view name) {
    return value.relative ? read_ratio(reader, name) : input.read(reader, name);
  };
  switch (reader.choice<DistributionKind>("distribution", kDistributionNames)) {
    case DistributionKind::fixed:
      value.distribution = Distribution::fixed(read("value"));
      break;
    case DistributionKind::lognormal: {
      const double p10 = read("p10");
      const double p90 = read("p90");
      need_order(reader, "p90", p10, p90);
      const double p50 = reader.has("p50") ? read("p50") : std::sqrt(p10) * std::sqrt(p90);
      if (reader.has("p50") && !(p10 < p50 && p50 < p90)) {
        reader.fail("p50", "it is not between p10 and p90");
      }
      value.distribution = Distribution::lognormal(p10, p50, p90);
      break;
    }
    case DistributionKind::normal: {
      const double mean = read("mean");
      const double deviation = read("deviation");
      // No input may be negative; what is cut off keeps the numbers inside it apart from zero.
      const double low = reader.has("low") ? read("low") : 1e-3 * mean;
      const double high = reader.has("high") ? read("high") : std::numeric_limits<double>::infinity();
      need_order(reader, "mean", low, mean);
      if (reader.has("high")) need_order(reader, "high", mean, high);
      value.distribution = Distribution::normal(mean, deviation, low, high);
      break;
    }
    case DistributionKind::uniform: {
      const double low = read("low");
      const double high = read("high");
      need_order(reader, "high", low, high);
      value.distribution = Distribution::uniform(low, high);
      break;
    }
    case DistributionKind::triangular: {
      const double low = read("low");
      const double mode = read("mode");
      const double high = read("high");
      if (!(low <= mode && mode <= high && low < high)) {
        reader.fail("mode", "it is not between low and high");
      }
      value.distribution = Distribution::triangular(low, mode, high);
      break;
    }
    case DistributionKind::discrete: {
      std::vector<double> values;
      std::vector<double> weights;
      for (Reader& choice : reader.objects("choices")) {
        values.push_back(value.relative ? read_ratio(choice, "value") : input.read(choice, "value"));
        weights.push_back(choice.number("weight", 1e-9, 1e9));
      }
      if (values.empty()) reader.fail("choices", "the list is empty; accepted: one choice or more");
      if (!std::is_sorted(values.begin(), values.end())) {
        reader.fail("choices", "the values do not rise; accepted: from the smallest to the largest");
      }
      value.distribution = Distribution::discrete(std::move(values), std::move(weights));
      break;
    }
  }
  return value;
}

UncertaintySet load(const ConfigStore& store, std::string_view name_or_path,
                    std::vector<std::filesystem::path>& open) {
  const std::filesystem::path file = store.path(ConfigKind::uncertainty, name_or_path);
  Reader root = store.read(ConfigKind::uncertainty, file);
  root.provenance();
  UncertaintySet set;
  set.name = file.stem().string();
  open.push_back(file);
  std::array<const UncertainValue*, kUncertainInputs> chosen{};
  UncertaintySet parent;
  if (root.has("parent")) {
    parent = load(store, parent_reference(root, store, ConfigKind::uncertainty, open), open);
    for (const UncertainValue& value : parent.values) {
      chosen[static_cast<std::size_t>(value.input)] = &value;
    }
  }
  Reader inputs = root.object("inputs");
  std::vector<UncertainValue> own;
  own.reserve(kUncertainInputs);
  for (const InputRow& input : kRows) {
    if (input.input == failures) continue;
    if (auto entry = inputs.object_if(input.key)) {
      own.push_back(read_value(*entry, input));
      chosen[static_cast<std::size_t>(input.input)] = &own.back();
    }
  }
  root.finish();
  for (const UncertainValue* value : chosen) {
    if (value != nullptr) set.values.push_back(*value);
  }
  return set;
}

}  // namespace

std::string_view key(UncertainInput input) {
  return row_of(input).key;
}

std::string_view title(UncertainInput input) {
  return row_of(input).title;
}

Dimension dimension(UncertainInput input) {
  return row_of(input).dimension;
}

UncertaintySet load_uncertainty(const ConfigStore& store, std::string_view name_or_path) {
  std::vector<std::filesystem::path> open;
  return load(store, name_or_path, open);
}

std::string uncertainty_of_run(const ConfigStore& store, std::string_view run) {
  Reader root = store.read(ConfigKind::runs, store.path(ConfigKind::runs, run));
  if (!root.has("uncertainty")) return "default";
  return reference(root, "uncertainty", store, ConfigKind::uncertainty);
}

}  // namespace traincast
