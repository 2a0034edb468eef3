#include "host/claims/facts.h"

#include <array>
#include <set>
#include <utility>

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

}  // namespace

Facts read_facts(Reader root, const ConfigStore& store) {
  static_cast<void>(root.provenance());
  Facts read;
  std::set<std::string> names;
  const auto check_new = [&](const Reader& reader, const std::string& name) {
    if (!names.insert(name).second) reader.fail("name", "\"" + name + "\" stands here twice");
  };
  for (Reader& reader : root.objects("facts")) {
    read.facts.push_back(read_fact(reader));
    check_new(reader, read.facts.back().name);
  }
  for (Reader& reader : root.objects("run_ranges")) {
    RunRange range{.name = reader.text("name"), .what = reader.text("what")};
    range.low = reference(reader, "low", store, ConfigKind::runs);
    range.value = reference(reader, "value", store, ConfigKind::runs);
    range.high = reference(reader, "high", store, ConfigKind::runs);
    range.from = reader.provenance();
    check_new(reader, range.name);
    read.run_ranges.push_back(std::move(range));
  }
  root.finish();
  return read;
}

Facts load_facts(const ConfigStore& store) {
  return read_facts(Reader::from_file(store.root() / "claims" / "facts.json"), store);
}

}  // namespace traincast
