#include "host/measure/passes.h"

#include <algorithm>
#include <map>

#include "host/base/errors.h"
#include "host/measure/device_state.h"
#include "host/measure/resume.h"
#include "host/measure/slow_devices.h"
#include "host/measure/storage.h"
#include "host/model/kernel_curves.h"

namespace traincast {
namespace {

// Operand sets are rotated and a run's other ranks share a host's memory: no point may take it all.
constexpr double kAcceleratorShare = 0.25;
constexpr double kHostShare = 0.25;

SweepDevice sweep_device(const DeviceInfo& info, const Session& session) {
  const bool accelerator = info.backend != "cpu";
  const double share = accelerator ? kAcceleratorShare : kHostShare / session.local_size();
  return {.accelerator = accelerator, .memory = info.memory * share};
}

std::string rate_of(const Op& op, const Timing& timing) {
  if (!timing.skipped.empty()) return "skipped";
  const Work done = work(op);
  return std::holds_alternative<MemoryBound>(op) ? to_string(done.bytes / timing.median)
                                                 : to_string(done.flops / timing.median);
}

std::string rate_of(const CollectiveRow& row) {
  return row.timing.skipped.empty() ? to_string(algbw(row.message, row.timing.median)) : "skipped";
}

std::string rate_of(const HostOpRow& row) {
  if (!row.timing.skipped.empty()) return "skipped";
  if (std::holds_alternative<KernelLaunch>(row.op)) return to_string(row.timing.median);
  return to_string(work(row.op).bytes / row.timing.median);
}

}  // namespace

Passes::Passes(Backend& backend, Communicator& communicator, Session& session, const MeasureOptions& options,
               const Progress& print, Profile& profile)
    : backend_(backend),
      communicator_(communicator),
      session_(session),
      options_(options),
      print_(print),
      profile_(profile),
      device_(sweep_device(backend.info(), session)),
      meter_(backend, session,
             {.effort = options.effort,
              .now = options.now,
              .seed = options.seed,
              .watch = options.watch,
              .algorithms = options.algorithms}) {
  remember();
}

void Passes::remember() {
  for (const OpRow& row : profile_.ops) {
    if (!row.timing.skipped.empty()) {
      op_reasons_.emplace(row.sustained, kernel_kind(row.op), row.timing.skipped);
    } else if (!row.sustained && row.during.empty()) {
      meter_.learn(row.op, row.timing.median);
    }
  }
  for (const CollectiveRow& row : profile_.collectives) {
    if (!row.timing.skipped.empty()) static_cast<void>(news(row));
  }
}

bool Passes::news(bool sustained, std::size_t kind, const std::string& reason) {
  return op_reasons_.emplace(sustained, kind, reason).second;
}

bool Passes::news(const CollectiveRow& row) {
  return message_reasons_.emplace(row.tier, row.ranks, row.during, row.collective, row.timing.skipped).second;
}

bool Passes::wanted(Section section) const {
  return std::find(options_.sections.begin(), options_.sections.end(), section) != options_.sections.end();
}

std::vector<Op> Passes::ops_of(Section section) const {
  if (!wanted(section)) return {};
  switch (section) {
    case Section::gemm:
      return gemm_sweep(device_, options_.effort);
    case Section::attention:
      return attention_sweep(device_, options_.effort);
    case Section::memory:
      return memory_sweep(device_, options_.effort);
    case Section::runs:
      return options_.run_ops;
    case Section::host:
    case Section::collectives:
    case Section::interference:
      break;
  }
  return {};
}

Pace Passes::pace(const std::string& pass, Seconds budget, std::size_t points) {
  const PassProgress earlier = progress_of(profile_, pass);
  const bool begun = earlier.of > 0;
  if (begun && earlier.of != static_cast<std::int64_t>(points)) {
    throw ConfigError("cannot go on with " + pass + ": it had " + std::to_string(earlier.of) +
                      " points, and now has " + std::to_string(points));
  }
  return {meter_, pass, budget, points, earlier, print_};
}

void Passes::keep(const Pace& pace, bool pass_ends) {
  set_progress(profile_, pace.progress());
  if (pass_ends) {
    profile_.slow_devices = find_slow_devices(profile_);
    profile_.telemetry = telemetry_line(profile_, backend_.telemetry().why_unavailable());
  }
  options_.keep(profile_, pass_ends);
}

void Passes::ops(Section section, const std::vector<Op>& ops, bool sustained) {
  if (ops.empty()) return;
  const std::string pass = std::string(name(section)) + (sustained ? " sustained" : "");
  const Seconds budget = section_budget(section, options_.effort) * (sustained ? 0.5 : 1.0);
  Pace clock = pace(pass, budget, ops.size());
  for (const Op& op : ops) {
    const std::size_t kind = kernel_kind(op);
    if (clock.done_before(kind)) continue;
    OpRow row{.op = op, .timing = {}, .sustained = sustained};
    if (clock.may_begin(kind)) {
      row = meter_.time(op, sustained);
    } else {
      row.timing.skipped = clock.why_not();
    }
    const bool runs = row.timing.skipped.empty();
    clock.point(to_string(op), rate_of(op, row.timing), runs);
    if (runs || news(sustained, kind, row.timing.skipped)) profile_.ops.push_back(std::move(row));
    keep(clock, false);
  }
  clock.finish();
  keep(clock, true);
}

// A launch is not slowed by heat, and of what takes hardly longer than one neither is much.
std::vector<Op> Passes::worth_sustaining(std::vector<Op> ops) const {
  constexpr Seconds kShortest{50e-6};
  if (options_.mode == Mode::sustained) return ops;
  std::erase_if(ops, [&](const Op& op) {
    return std::none_of(profile_.ops.begin(), profile_.ops.end(), [&](const OpRow& row) {
      return !row.sustained && row.during.empty() && row.timing.skipped.empty() &&
             row.timing.median >= kShortest && row.op == op;
    });
  });
  return ops;
}

void Passes::sustained_ops() {
  std::map<Section, std::vector<Op>> sections;
  bool left = false;
  for (const Section section : {Section::gemm, Section::attention, Section::runs}) {
    const std::vector<Op> ops = worth_sustaining(ops_of(section));
    const PassProgress before = progress_of(profile_, std::string(name(section)) + " sustained");
    left = left || (!ops.empty() && (before.of == 0 || before.points < before.of));
    sections[section] = ops;
  }
  if (!left) return;
  const Soak soak = meter_.warm(soaking_gemm(device_));
  print_("soak: " + std::string(soak.settled ? "settled" : "not settled") + " after " +
         to_string(soak.spent));
  for (const auto& [section, of_section] : sections) ops(section, of_section, true);
}

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

void Passes::interference() {
  if (!wanted(Section::interference)) return;
  // One rank sends nothing to anybody.
  if (session_.size() == 1) return;
  const Tier tier = whole_tier(communicator_, session_);
  const std::vector<Message> messages = interference_sweep(device_, options_.effort);
  const Op op = interfering_gemm(device_, options_.effort);
  Pace clock = pace("interference", section_budget(Section::interference, options_.effort), messages.size());
  for (const Message& message : messages) {
    const auto kind = static_cast<std::size_t>(message.collective);
    if (clock.done_before(kind)) continue;
    if (!clock.may_begin(kind)) {
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
  StorageRow row =
      measure_storage(session_, options_.storage, storage_file(options_.effort), kTries, options_.now);
  const bool runs = row.timing.skipped.empty();
  clock.point(options_.storage, runs ? to_string(aggregate_rate(row)) : "skipped", runs);
  profile_.storage.push_back(std::move(row));
  clock.finish();
  keep(clock, true);
}

void Passes::all() {
  if (options_.mode != Mode::sustained) {
    for (const Section section : {Section::gemm, Section::attention}) ops(section, ops_of(section), false);
  }
  ops(Section::memory, ops_of(Section::memory), false);
  host_ops();
  if (options_.mode != Mode::sustained) ops(Section::runs, ops_of(Section::runs), false);
  if (options_.mode != Mode::burst) sustained_ops();
  collectives();
  interference();
  storage();
}

}  // namespace traincast
