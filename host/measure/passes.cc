#include "host/measure/passes.h"

#include <algorithm>
#include <map>

#include "host/base/errors.h"
#include "host/measure/device_state.h"
#include "host/measure/resume.h"
#include "host/measure/slow_devices.h"
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
             {.effort = options.effort, .now = options.now, .seed = options.seed, .watch = options.watch}) {
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
  const Seconds budget = section_budget(section, options_.effort) * (sustained ? 0.4 : 1.0);
  Pace clock = pace(pass, budget, ops.size());
  for (const Op& op : ops) {
    const std::size_t kind = kernel_kind(op);
    if (clock.done_before(kind)) continue;
    OpRow row{.op = op, .timing = {}, .sustained = sustained};
    if (clock.may_begin(kind)) {
      row = meter_.time(op, sustained, section == Section::runs && !sustained ? options_.algorithms : 1);
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
