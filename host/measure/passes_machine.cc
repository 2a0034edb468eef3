// The passes that are not about operations: launches and copies, messages, messages beside a GEMM, files.
#include <vector>

#include "host/measure/passes.h"
#include "host/measure/storage.h"

namespace traincast {
namespace {

std::string rate_of(const CollectiveRow& row) {
  return row.timing.skipped.empty() ? to_string(algbw(row.message, row.timing.median)) : "skipped";
}

std::string rate_of(const HostOpRow& row) {
  if (!row.timing.skipped.empty()) return "skipped";
  if (std::holds_alternative<KernelLaunch>(row.op)) return to_string(row.timing.median);
  return to_string(work(row.op).bytes / row.timing.median);
}

}  // namespace

void Passes::host_ops() {
  if (!wanted(Section::host)) return;
  const std::vector<HostOp> all = host_sweep(device_, options_.effort);
  Pace clock = pace("host", section_budget(Section::host, options_.effort), all.size());
  for (const HostOp& op : all) {
    if (clock.done_before(op.index())) continue;
    HostOpRow row{.op = op, .timing = {}};
    if (clock.may_begin(op.index())) {
      row = meter_.time(op);
    } else {
      row.timing.skipped = clock.why_not();
    }
    clock.point(to_string(op), rate_of(row), row.timing.skipped.empty());
    profile_.host_ops.push_back(std::move(row));
    keep(clock, false);
  }
  clock.finish();
  keep(clock, true);
}

void Passes::collectives() {
  if (!wanted(Section::collectives)) return;
  const std::vector<Tier> tiers = make_tiers(communicator_, session_);
  struct Point {
    Message message;
    std::size_t tier;
  };
  std::vector<Point> points;
  const std::vector<Message> messages = collective_sweep(device_, options_.effort);
  for (const Message& message : messages) {
    for (std::size_t tier = 0; tier < tiers.size(); ++tier) points.push_back({message, tier});
  }
  Pace clock = pace("collectives", section_budget(Section::collectives, options_.effort), points.size());
  for (const auto& [message, at] : points) {
    const Tier& tier = tiers[at];
    const std::size_t kind = at * kCollectives * kDataTypes +
                             static_cast<std::size_t>(message.collective) * kDataTypes +
                             static_cast<std::size_t>(message.dtype);
    if (clock.done_before(kind)) continue;
    CollectiveRow row = Meter::row_of(message, tier);
    if (message_memory(message) > device_.memory) {
      static_cast<void>(clock.may_begin(kind));
      row.timing.skipped = to_string(message.size) + " and larger: needs " +
                           to_string(message_memory(message)) + " of the " + to_string(device_.memory) +
                           " that one message may take here";
    } else if (clock.may_begin(kind)) {
      row = meter_.time(message, tier);
    } else {
      row.timing.skipped = clock.why_not();
    }
    const bool runs = row.timing.skipped.empty();
    clock.point(std::string(name(row.collective)) + " " + to_string(row.message) + ", " + describe(tier),
                rate_of(row), runs);
    if (runs || news(row)) profile_.collectives.push_back(std::move(row));
    keep(clock, false);
  }
  clock.finish();
  keep(clock, true);
}

// Why messages beside an operation cannot be timed; the same on all ranks. Ranks that share cores wait for
// the scheduler at every step of a message while others compute: minutes for one message of 64 ranks on two
// cores, of which none tells about the fabric.
std::string Passes::too_crowded() {
  const DeviceInfo info = backend_.info();
  const double ranks = session_.local_size();
  const bool crowded = info.backend == "cpu" && info.multiprocessors > 0 && ranks > info.multiprocessors;
  const double most = session_.max(crowded ? ranks : 0);
  if (most == 0) return "";
  return std::to_string(static_cast<int>(most)) + " ranks of a host are more than its cores";
}

void Passes::interference() {
  if (!wanted(Section::interference)) return;
  // One rank sends nothing to anybody.
  if (session_.size() == 1) return;
  const Tier tier = whole_tier(communicator_, session_);
  const std::vector<Message> messages = interference_sweep(device_, options_.effort);
  const Op op = interfering_gemm(device_, options_.effort);
  const std::string crowded = too_crowded();
  Pace clock = pace("interference", section_budget(Section::interference, options_.effort), messages.size());
  for (const Message& message : messages) {
    const auto kind = static_cast<std::size_t>(message.collective);
    if (clock.done_before(kind)) continue;
    if (!crowded.empty()) {
      CollectiveRow row = Meter::row_of(message, tier);
      row.during = to_string(op);
      row.timing.skipped = crowded;
      static_cast<void>(clock.may_begin(kind));
      clock.point(std::string(name(message.collective)) + " beside " + row.during, "skipped", false);
      if (news(row)) profile_.collectives.push_back(std::move(row));
    } else if (!clock.may_begin(kind)) {
      clock.point(name(message.collective), "left out", false);
    } else {
      Interference both = meter_.beside(message, tier, op);
      const bool runs = both.message.timing.skipped.empty();
      clock.point(both.op.during, runs ? "beside " + to_string(op) : "skipped", runs);
      if (runs || news(both.message)) {
        profile_.collectives.push_back(std::move(both.message));
        if (runs) profile_.ops.push_back(std::move(both.op));
      }
    }
    keep(clock, false);
  }
  clock.finish();
  keep(clock, true);
}

void Passes::storage() {
  constexpr int kTries = 3;
  if (options_.storage.empty()) return;
  Pace clock = pace("storage", Seconds(1e9), 1);
  if (clock.done_before(0)) return;
  static_cast<void>(clock.may_begin(0));
  Watch nobody;
  Watch& watch = options_.watch == nullptr ? nobody : *options_.watch;
  watch.at("writing to " + options_.storage);
  StorageRow row =
      measure_storage(session_, options_.storage, storage_file(options_.effort), kTries, options_.now, watch);
  const bool runs = row.timing.skipped.empty();
  clock.point(options_.storage, runs ? to_string(aggregate_rate(row)) : "skipped", runs);
  profile_.storage.push_back(std::move(row));
  clock.finish();
  keep(clock, true);
}

}  // namespace traincast
