#include "host/config/load_reliability.h"
#include "host/config/reader.h"
#include "host/risk/published_reliability.h"

namespace traincast {
namespace {

// What all rows share: rows name their checkpoint's size and nothing else of it.
struct Shared {
  Cluster::Storage storage;
};

void read_published(Reader& row, KnownReliability& out) {
  constexpr double kLeast = 1e-9;  // errors are quotients
  const double most = out.figure == KnownFigure::goodput ? 1 : kMaxNumber;
  Reader published = row.object("published");
  out.at_least = published.has("at_least");
  out.at_most = !out.at_least && published.has("at_most");
  if (out.at_least || out.at_most) {
    out.low = out.high = published.number(out.at_least ? "at_least" : "at_most", kLeast, most);
  } else {
    out.low = published.number("low", kLeast, most);
    out.high = published.number("high", kLeast, most);
    if (out.low > out.high) published.fail("low", "the low figure is above the high one");
  }
  out.from = published.provenance();
}

void read_inputs(Reader& row, const Shared& shared, const ConfigStore& store, KnownReliability& out) {
  out.gpus = static_cast<double>(row.count("gpus"));
  out.set = reference(row, "set", store, ConfigKind::reliability);
  out.cluster.fleets = {{"", static_cast<std::int64_t>(out.gpus)}};
  out.cluster.storage = shared.storage;
  out.cluster.reliability = load_reliability(store, out.set);
  out.checkpoint = Bytes(row.number("parameters", 1e6, 1e15) * shared.storage.bytes_per_parameter);
  out.useful = row.quantity_or<Seconds>("time", Seconds(90 * kSecondsPerDay));
  out.inputs = out.set;
  if (!row.has("restart")) return;
  out.cluster.reliability.restart = row.quantity<Seconds>("restart");
  out.cluster.reliability.by_phases = false;
  out.inputs += ", restart " + to_string(out.cluster.reliability.restart);
}

}  // namespace

std::vector<KnownReliability> read_known_reliability(Reader root, const ConfigStore& store) {
  static_cast<void>(root.provenance());
  Shared shared;
  Reader storage = root.object("storage");
  shared.storage = {.write = storage.quantity<Bandwidth>("write"),
                    .stall = storage.quantity<Seconds>("stall", Zero::allowed),
                    .asynchronous = storage.boolean("asynchronous"),
                    .bytes_per_parameter = storage.number("bytes_per_parameter", 0.5, 64),
                    .from = storage.provenance()};
  std::vector<KnownReliability> rows;
  for (Reader& row : root.objects("rows")) {
    KnownReliability next;
    next.name = row.text("name");
    next.figure = row.choice<KnownFigure>("figure", kKnownFigureNames);
    next.basis = row.text_or("basis", "");
    read_published(row, next);
    if (next.figure == KnownFigure::start_seconds) {
      next.gpus = static_cast<double>(row.count("gpus"));
      next.inputs = reference(row, "communicators", store, ConfigKind::communicators);
      next.communicators = load_communicators(store, next.inputs);
    } else if (row.has("run")) {
      next.run = reference(row, "run", store, ConfigKind::runs);
      next.inputs = "run " + next.run;
      if (next.figure != KnownFigure::days) row.fail("figure", "of a run; accepted: days");
    } else {
      read_inputs(row, shared, store, next);
    }
    rows.push_back(std::move(next));
  }
  root.finish();
  return rows;
}

}  // namespace traincast
