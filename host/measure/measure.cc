#include "host/measure/measure.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <set>

#include "host/measure/meter.h"
#include "host/measure/progress.h"
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

std::vector<Op> section_ops(Section section, const SweepDevice& device, const MeasureOptions& options) {
  switch (section) {
    case Section::gemm:
      return gemm_sweep(device, options.effort);
    case Section::attention:
      return attention_sweep(device, options.effort);
    case Section::memory:
      return memory_sweep(device, options.effort);
    case Section::runs:
      return options.run_ops;
    case Section::collectives:
      break;
  }
  return {};
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

// One section's clock: its points may begin while there is budget, and the first of each kind always.
class Pace {
 public:
  Pace(const Meter& meter, Section section, const MeasureOptions& options, std::size_t points,
       const Progress& print)
      : meter_(meter),
        start_(meter.now()),
        budget_(section_budget(section, options.effort)),
        progress_(name(section), points, budget_, start_, print) {}

  // Collective.
  bool may_begin(std::size_t kind) {
    now_ = meter_.now();
    if (seen_.insert(kind).second || now_ - start_ < budget_) return true;
    ++beyond_;
    return false;
  }
  std::string why_not() const {
    return "this and what follows in its order was left out: the " + to_string(budget_) +
           " that the section may take were over";
  }
  void point(std::string_view what, const std::string& rate) { progress_.point(now_, what, rate); }
  void finish(std::size_t measured) { progress_.finish(meter_.now(), measured, beyond_); }

 private:
  const Meter& meter_;
  Seconds start_, now_, budget_;
  SectionProgress progress_;
  std::set<std::size_t> seen_;
  std::size_t beyond_ = 0;
};

void measure_ops(Meter& meter, Section section, const std::vector<Op>& ops, const MeasureOptions& options,
                 const Progress& print, std::vector<OpRow>& rows) {
  Pace pace(meter, section, options, ops.size(), print);
  std::map<std::size_t, std::set<std::string>> reasons;  // by kind
  std::size_t measured = 0;
  for (const Op& op : ops) {
    const std::size_t kind = kernel_kind(op);
    Timing timing;
    if (pace.may_begin(kind)) {
      timing = meter.time(op);
    } else {
      timing.skipped = pace.why_not();
    }
    pace.point(to_string(op), rate_of(op, timing));
    const bool runs = timing.skipped.empty();
    measured += runs ? 1 : 0;
    if (runs || reasons[kind].insert(timing.skipped).second) rows.push_back({op, std::move(timing), false});
  }
  pace.finish(measured);
}

void measure_messages(Meter& meter, const std::vector<Message>& messages, const MeasureOptions& options,
                      const Progress& print, std::vector<CollectiveRow>& rows) {
  Pace pace(meter, Section::collectives, options, messages.size(), print);
  std::map<Collective, std::set<std::string>> reasons;
  std::size_t measured = 0;
  for (const Message& message : messages) {
    CollectiveRow row;
    if (pace.may_begin(static_cast<std::size_t>(message.collective))) {
      row = meter.time(message);
    } else {
      row = meter.row_of(message);
      row.timing.skipped = pace.why_not();
    }
    pace.point(std::string(name(row.collective)) + " " + to_string(row.message), rate_of(row));
    const bool runs = row.timing.skipped.empty();
    measured += runs ? 1 : 0;
    if (runs || reasons[row.collective].insert(row.timing.skipped).second) rows.push_back(std::move(row));
  }
  pace.finish(measured);
}

Profile describe(const DeviceInfo& info, const Communicator& communicator, Session& session,
                 const MeasureOptions& options) {
  Profile profile;
  profile.name = options.name;
  profile.gpu = options.gpu;
  profile.tool_version = options.tool_version;
  profile.when = options.when();
  profile.device = {.backend = info.backend,
                    .name = info.name,
                    .driver = info.driver,
                    .memory = info.memory,
                    .last_level_cache = info.last_level_cache,
                    .multiprocessors = info.multiprocessors};
  profile.libraries = info.libraries;
  for (const auto& library : communicator.libraries()) profile.libraries.push_back(library);
  profile.hosts = session.all_gather(session.host());
  profile.communicator = communicator.name();
  profile.ranks = session.size();
  profile.nodes = session.nodes();
  const std::string ranks = session.size() == 1 ? " rank" : " ranks";
  profile.from = {Origin::measured, "traincast measure, " + std::to_string(session.size()) + ranks + " of " +
                                        info.name + " on " + session.host() + ", " + profile.when};
  return profile;
}

}  // namespace

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

Measurement measure(Backend& backend, Communicator& communicator, Session& session,
                    const MeasureOptions& options, const Progress& progress) {
  const DeviceInfo info = backend.info();
  const SweepDevice device = sweep_device(info, session);
  Measurement result{.profile = describe(info, communicator, session, options), .failures = {}};
  Meter meter(backend, communicator, session, sampling_policy(options.effort),
              longest_execution(options.effort), options.now, options.seed);
  for (const Section section : options.sections) {
    if (section == Section::collectives) {
      measure_messages(meter, collective_sweep(device, options.effort), options, progress,
                       result.profile.collectives);
    } else {
      const std::vector<Op> ops = section_ops(section, device, options);
      if (ops.empty()) continue;
      measure_ops(meter, section, ops, options, progress, result.profile.ops);
    }
    options.section_done(result.profile);
  }
  result.failures = meter.failures();
  return result;
}

}  // namespace traincast
