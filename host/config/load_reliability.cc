#include "host/config/load_reliability.h"

#include <numeric>
#include <string>
#include <vector>

#include "host/config/near.h"

namespace traincast {
namespace {

// Interruptions of each cause, counted on so many GPUs over so long.
void read_causes(Reader& reader, Reliability& out) {
  Reader observed = reader.object("observed");
  const auto gpus = static_cast<double>(observed.count("gpus"));
  const Seconds time = observed.quantity<Seconds>("time");
  out.causes.clear();
  double scaling = 0;
  for (Reader& entry : reader.objects("causes")) {
    FailureCause cause{.name = entry.text("name")};
    const auto count = static_cast<double>(entry.count("count", 0));
    if (entry.boolean_or("per_job", false)) {
      cause.per_job = Frequency(count / time.value());
    } else {
      cause.share = count;
      scaling += count;
    }
    cause.rollback = entry.quantity_or<Seconds>("rollback", Seconds(0), Zero::allowed);
    cause.planned = entry.boolean_or("planned", false);
    cause.takes_node = entry.boolean_or("takes_node", false);
    if (cause.planned && cause.rollback.value() > 0) {
      entry.fail("rollback", "a planned stop spoils nothing; accepted: none beside \"planned\"");
    }
    out.causes.push_back(std::move(cause));
  }
  if (out.causes.empty()) reader.fail("causes", "the list is empty; accepted: one cause or more");
  out.mtbf_per_gpu = scaling > 0 ? time * (gpus / scaling) : Seconds(0);
  for (FailureCause& cause : out.causes) cause.share = scaling > 0 ? cause.share / scaling : 0;
}

void read_restart(Reader& reader, Reliability& out, bool given) {
  if (auto phases = reader.object_if("restart_phases")) {
    out.by_phases = true;
    out.detect = phases->quantity<Seconds>("detect", Zero::allowed);
    out.reschedule = phases->quantity<Seconds>("reschedule", Zero::allowed);
    out.reschedule_per_gpu = phases->quantity_or<Seconds>("reschedule_per_gpu", Seconds(0), Zero::allowed);
    static_cast<void>(phases->provenance());
    if (reader.has("restart")) {
      reader.fail("restart", "\"restart\" and \"restart_phases\" both say how long it takes; accepted: one");
    }
    return;
  }
  if (given && !reader.has("restart")) return;  // the set's
  out.restart = reader.quantity<Seconds>("restart", Zero::allowed);
  out.by_phases = false;
}

// Of no consequence where the restart is one time.
void read_communicators(Reader& reader, const ConfigStore& store, Reliability& out) {
  if (reader.has("communicators")) {
    out.communicators =
        load_communicators(store, reference(reader, "communicators", store, ConfigKind::communicators));
  } else if (out.by_phases && out.communicators.library.empty()) {
    reader.fail("communicators", "missing beside \"restart_phases\"; accepted: " +
                                     join(store.names(ConfigKind::communicators), " ") +
                                     ", or a file of that form");
  }
}

void read_rates(Reader& reader, Reliability& out, bool given) {
  const bool causes = reader.has("causes");
  if (causes) read_causes(reader, out);
  if (!reader.has("mtbf_per_gpu")) {
    if (!causes && !given) static_cast<void>(reader.quantity<Seconds>("mtbf_per_gpu"));
    return;
  }
  // "0 h" would be an interruption at every moment.
  out.mtbf_per_gpu = reader.quantity<Seconds>("mtbf_per_gpu");
}

}  // namespace

Reliability read_reliability(Reader reader, const ConfigStore& store) {
  Reliability out;
  const bool set = reader.has("set");
  Provenance base;
  if (set) {
    out = load_reliability(store, reference(reader, "set", store, ConfigKind::reliability));
    base = out.from;
  }
  read_rates(reader, out, set);
  read_restart(reader, out, set);
  read_communicators(reader, store, out);
  out.spare_nodes = reader.count_or("spare_nodes", out.spare_nodes, 0, 10'000'000);
  out.repair = reader.quantity_or<Seconds>("repair", out.repair);
  if (out.spare_nodes >= 0 && !(out.repair.value() > 0)) {
    reader.fail("repair",
                "missing beside \"spare_nodes\"; accepted: how long a node is away, such as \"24 h\"");
  }
  if (auto replica = reader.object_if("replica_recovery")) {
    out.by_replica = true;
    out.regroup = replica->quantity<Seconds>("regroup", Zero::allowed);
  }
  out.from = reader.provenance();
  if (out.by_phases) out.from.origin = weakest(out.from.origin, out.communicators.from.origin);
  if (set) {
    out.from.origin = weakest(out.from.origin, base.origin);
    out.from.source += "; set: " + base.source;
  }
  return out;
}

Communicators load_communicators(const ConfigStore& store, std::string_view name_or_path) {
  const std::filesystem::path file = store.path(ConfigKind::communicators, name_or_path);
  Reader root = store.read(ConfigKind::communicators, file);
  Communicators out{
      .library = file.stem().string(),
      .fixed = root.quantity_or<Seconds>("fixed", Seconds(0), Zero::allowed),
      .per_rank = root.quantity<Seconds>("per_rank", Zero::allowed),
      .per_rank_squared = root.quantity_or<Seconds>("per_rank_squared", Seconds(0), Zero::allowed),
      .from = root.provenance()};
  root.finish();
  return out;
}

Reliability load_reliability(const ConfigStore& store, std::string_view name_or_path) {
  Reader root = store.read(ConfigKind::reliability, store.path(ConfigKind::reliability, name_or_path));
  if (root.has("set")) root.fail("set", "a set does not build on another; accepted: none here");
  Reliability out = read_reliability(root, store);
  root.finish();
  return out;
}

}  // namespace traincast
