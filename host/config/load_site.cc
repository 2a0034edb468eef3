#include "host/config/load_site.h"

#include <algorithm>

namespace traincast {
namespace {

// Every fleet of a date is one of the cluster's, and no larger.
void check_fleet(const Reader& reader, const Fleet& fleet, const Cluster& cluster) {
  const auto known = std::find_if(cluster.fleets.begin(), cluster.fleets.end(),
                                  [&](const Fleet& other) { return other.gpu == fleet.gpu; });
  if (known == cluster.fleets.end()) {
    reader.fail("gpu", "\"" + fleet.gpu + "\" is in none of the cluster's fleets");
  }
  if (fleet.gpus > known->gpus) {
    reader.fail("gpus", std::to_string(fleet.gpus) + " GPUs, but the cluster's fleet of " + fleet.gpu +
                            " has " + std::to_string(known->gpus) + "; accepted: no more than that");
  }
}

InstalledFleets read_installed(Reader& reader, const Cluster& cluster, const ConfigStore& store) {
  InstalledFleets installed{.from = read_date(reader, "from"), .fleets = {}, .source = reader.provenance()};
  for (Reader& entry : reader.objects("fleets")) {
    Fleet fleet{reference(entry, "gpu", store, ConfigKind::gpus), entry.count("gpus", 1, 100'000'000)};
    check_fleet(entry, fleet, cluster);
    for (const Fleet& other : installed.fleets) {
      if (other.gpu == fleet.gpu) entry.fail("gpu", "\"" + fleet.gpu + "\" is listed twice");
    }
    installed.fleets.push_back(std::move(fleet));
  }
  if (installed.fleets.empty()) reader.fail("fleets", "the list is empty; accepted: one fleet or more");
  return installed;
}

PowerSource read_source(Reader& reader) {
  PowerSource source;
  source.name = reader.text("name");
  source.from = read_date(reader, "from");
  if (reader.has("until")) {
    source.until = read_date(reader, "until");
    if (*source.until <= source.from) {
      reader.fail("until", to_string(*source.until) + " is not after \"from\" " + to_string(source.from));
    }
  }
  source.power = reader.quantity<Watts>("power");
  source.co2 = reader.quantity<EmissionRate>("co2", Zero::allowed);
  if (reader.has("nox")) source.nox = reader.quantity<EmissionRate>("nox", Zero::allowed);
  if (reader.has("price")) source.price = reader.quantity<EnergyPrice>("price", Zero::allowed);
  source.source = reader.provenance();
  return source;
}

}  // namespace

Date read_date(Reader& reader, std::string_view key) {
  const std::string text = reader.text(key);
  const std::optional<Date> date = parse_date(text);
  if (!date) {
    reader.fail(key, "\"" + text + "\" is no day of the calendar; accepted: YYYY-MM-DD, such as 2024-09-02");
  }
  return *date;
}

Timeline read_timeline(Reader reader, const Cluster& cluster, const ConfigStore& store) {
  Timeline timeline;
  timeline.from = reader.provenance();
  if (reader.has("installed")) {
    for (Reader& entry : reader.objects("installed")) {
      timeline.installed.push_back(read_installed(entry, cluster, store));
      const std::size_t count = timeline.installed.size();
      if (count > 1 && timeline.installed[count - 1].from <= timeline.installed[count - 2].from) {
        entry.fail("from", to_string(timeline.installed[count - 1].from) + " is not after " +
                               to_string(timeline.installed[count - 2].from) +
                               " of the entry before; accepted: dates in order");
      }
    }
  }
  if (reader.has("sources")) {
    for (Reader& entry : reader.objects("sources")) timeline.sources.push_back(read_source(entry));
  }
  if (timeline.installed.empty() && timeline.sources.empty()) {
    reader.fail("", "nothing changes; accepted: \"installed\", \"sources\" or both, not empty");
  }
  return timeline;
}

SlowNodes read_slow_nodes(Reader reader) {
  return {.share = reader.number("share", 0, 0.5),
          .slow_by = reader.number("slow_by", 0, 10),
          .from = reader.provenance()};
}

}  // namespace traincast
