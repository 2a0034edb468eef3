#include "host/check/shape_profile.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "host/base/errors.h"
#include "host/base/statistics.h"
#include "host/measure/sampler.h"

namespace traincast {
namespace {

constexpr double kMemoryShare = 0.05;  // of a rank's memory that a message beyond the step's own may take

// Operands are outside the caches at each execution: by flushing on a CPU; accelerator backends rotate
// through more operands than their caches hold.
SamplingPolicy policy_for(bool accelerator) {
  SamplingPolicy policy{.min_samples = 7,
                        .max_samples = 30,
                        .min_time = Seconds(0.02),
                        .max_time = Seconds(0.6),
                        .target_noise = 0.01,
                        .warm_ups = 1,
                        .warm_up_time = Seconds(0),
                        .min_sample_time = Seconds(0),
                        .flush_cache = true};
  if (accelerator) {  // long enough for the clocks that training settles to
    policy.warm_up_time = Seconds(0.05);
    policy.min_sample_time = Seconds(5e-3);
    policy.flush_cache = false;
  }
  return policy;
}

class ShapeMeter {
 public:
  ShapeMeter(RankMachine& machine)
      : machine_(machine), policy_(policy_for(machine.backend.info().backend != "cpu")) {}

  Timing time(Prepared& prepared) {
    const Samples samples =
        take([&](int repeats) { return machine_.backend.time(prepared, repeats); }, policy_.flush_cache);
    const std::vector<double> medians = machine_.session.all_gather(samples.median.value());
    Timing timing;
    timing.median = Seconds(median(medians));
    timing.samples_s = samples.seconds;
    if (medians.size() > 1) timing.rank_medians_s = medians;
    return timing;
  }

  CollectiveRow time(const PreparedStep& step, Prepared& prepared, const StepMessage& message) {
    Communicator& communicator = *step.communicator(message.group);
    if (const std::string wrong = agreed(machine_.session, communicator.verify(prepared)); !wrong.empty()) {
      throw CommError("wrong result: " + wrong);
    }
    const Samples samples =
        take([&](int repeats) { return exchange(communicator, prepared, repeats); }, false);
    CollectiveRow row{.collective = message.collective,
                      .message = communicator.message(prepared),
                      .dtype = message.dtype,
                      .ranks = step.ranks(message.group),
                      .nodes = step.nodes(message.group),
                      .verified = true};
    // The slowest group's: all of them work at once here and wait for one another in a step.
    row.timing.median = Seconds(machine_.session.max(samples.median.value()));
    row.timing.samples_s = samples.seconds;
    return row;
  }

 private:
  // As a step does it, one message at a time: started and waited for. The slowest rank's time.
  Seconds exchange(Communicator& communicator, Prepared& prepared, int repeats) {
    machine_.session.barrier();
    const Seconds begin = machine_.now();
    for (int i = 0; i < repeats; ++i) {
      communicator.start(prepared);
      communicator.wait(prepared);
    }
    return Seconds(machine_.session.max((machine_.now() - begin).value()));
  }

  Samples take(const std::function<Seconds(int)>& time, bool flush) {
    Sampled sampled;
    sampled.time = time;
    sampled.agree = [this](double value) { return machine_.session.max(value); };
    sampled.now = machine_.now;
    if (flush) sampled.before_sample = [this] { machine_.backend.flush_cache(); };
    return sample(policy_, sampled);
  }

  RankMachine& machine_;
  SamplingPolicy policy_;
};

Profile describe(RankMachine& machine, const ShapeProfileOptions& options) {
  const DeviceInfo info = machine.backend.info();
  Profile profile;
  profile.name = "shapes of this step";
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
  for (const auto& library : machine.world.libraries()) profile.libraries.push_back(library);
  profile.hosts = machine.session.all_gather(machine.session.host());
  profile.communicator = machine.world.name();
  profile.ranks = machine.session.size();
  profile.nodes = machine.session.nodes();
  profile.from = {Origin::measured, "traincast check, each shape of the step alone on " +
                                        std::to_string(profile.ranks) + " x " + info.name + ", " +
                                        profile.when};
  return profile;
}

// 8 to 128 MB of traffic on a CPU, 128 MB to 2 GB on an accelerator: up to what a copy of the model's
// reference size takes.
std::vector<Op> copies(bool accelerator) {
  std::vector<Op> ops;
  for (const std::int64_t rows : {1024, 4096, 16384}) {
    ops.push_back(accelerator ? MemoryBound{MemoryKind::copy, 4 * rows, 8192, DataType::bf16}
                              : MemoryBound{MemoryKind::copy, rows, 1024, DataType::fp32});
  }
  return ops;
}

void measure_copies(RankMachine& machine, ShapeMeter& meter, Profile& profile) {
  for (const Op& op : copies(machine.backend.info().backend != "cpu")) {
    if (!agreed(machine.session, machine.backend.why_unsupported(op)).empty()) continue;
    const auto prepared = machine.backend.prepare(op, machine.seed);
    profile.ops.push_back({.op = op, .timing = meter.time(*prepared), .sustained = true});
  }
}

// Accelerators clock down under load: brings this one to the clock of a long training.
void heat(RankMachine& machine, const PreparedStep& step, const StepProgram& program) {
  constexpr Seconds kHeating{2};
  constexpr int kQueued = 16;
  if (machine.backend.info().backend == "cpu") return;
  Prepared* largest = nullptr;
  Flops most;
  for (const auto& [op, count] : counted_ops(program)) {
    if (step.op(op.op) == nullptr || work(op.op).flops <= most) continue;
    most = work(op.op).flops;
    largest = step.op(op.op);
  }
  const Seconds begin = machine.now();
  while (largest != nullptr && machine.now() - begin < kHeating) {
    for (int i = 0; i < kQueued; ++i) machine.backend.enqueue(*largest);
    machine.backend.synchronize();
  }
}

struct Kind {
  Collective collective;
  RankGroup group;
  auto operator<=>(const Kind&) const = default;
};

void measure_messages(RankMachine& machine, ShapeMeter& meter, PreparedStep& step, Profile& profile) {
  std::map<Kind, std::pair<StepMessage, StepMessage>> ends;  // smallest and largest of a kind
  for (PreparedStep::MessageSlot& slot : step.messages()) {
    if (!slot.why.empty()) continue;
    const StepMessage& message = slot.message;
    profile.collectives.push_back(meter.time(step, *slot.copies[0], message));
    auto& [smallest, largest] =
        ends.try_emplace({message.collective, message.group}, message, message).first->second;
    if (message.size < smallest.size) smallest = message;
    if (message.size > largest.size) largest = message;
  }
  const Bytes limit =
      machine.backend.info().memory * kMemoryShare /
      static_cast<double>(machine.backend.info().backend == "cpu" ? machine.session.local_size() : 1);
  for (auto& [kind, range] : ends) {
    range.first.size = range.first.size / 4.0;
    range.second.size = range.second.size * 4.0;
    for (const StepMessage& message : {range.first, range.second}) {
      if (message.size > limit) continue;
      Communicator& communicator = *step.communicator(kind.group);
      const auto prepared = communicator.prepare_in_place(message.collective, message.size, message.dtype);
      profile.collectives.push_back(meter.time(step, *prepared, message));
    }
  }
}

}  // namespace

Profile measure_shapes(RankMachine& machine, PreparedStep& step, const StepProgram& program,
                       const ShapeProfileOptions& options) {
  Profile profile = describe(machine, options);
  heat(machine, step, program);
  ShapeMeter meter(machine);
  std::vector<Op> done;
  for (const auto& [op, count] : counted_ops(program)) {
    Prepared* prepared = step.op(op.op);
    if (prepared == nullptr || std::find(done.begin(), done.end(), op.op) != done.end()) continue;
    done.push_back(op.op);
    profile.ops.push_back({.op = op.op, .timing = meter.time(*prepared), .sustained = true});
  }
  measure_copies(machine, meter, profile);
  measure_messages(machine, meter, step, profile);
  return profile;
}

double exposed_share(RankMachine& machine, PreparedStep& step, const StepProgram& program) {
  constexpr int kTries = 7;
  constexpr double kMostGemms = 64;
  PreparedStep::MessageSlot* slot = nullptr;
  for (PreparedStep::MessageSlot& each : step.messages()) {
    if (each.message.group != RankGroup::data || !each.why.empty()) continue;
    if (each.message.collective == Collective::all_gather) continue;
    if (slot == nullptr || each.message.size > slot->message.size) slot = &each;
  }
  Prepared* gemm = nullptr;
  double work_done = 0;
  for (const auto& [op, count] : counted_ops(program)) {
    const double flops = work(op.op).flops.value();
    if (op.op_class != OpClass::gemm_weight_gradient || step.op(op.op) == nullptr || flops < work_done)
      continue;
    gemm = step.op(op.op);
    work_done = flops;
  }
  if (slot == nullptr || gemm == nullptr) return 1;
  Prepared& message = *slot->copies[0];
  const auto clocked = [&](const std::function<void()>& work) {
    machine.session.barrier();
    const Seconds start = machine.now();
    work();
    machine.backend.synchronize();
    return machine.session.max((machine.now() - start).value());
  };
  const double once = machine.session.max(machine.backend.time(*gemm, 1).value());
  const double message_alone = slot->communicator->time(message, 1).value();
  const int gemms =
      static_cast<int>(std::clamp(std::ceil(machine.session.max(message_alone) / once), 1.0, kMostGemms));
  const auto compute = [&] {
    for (int i = 0; i < gemms; ++i) machine.backend.enqueue(*gemm);
    machine.backend.synchronize();
  };
  std::vector<double> shares;
  for (int i = 0; i < kTries; ++i) {
    const double alone = clocked(compute);
    const double sent = clocked([&] {
      slot->communicator->start(message);
      slot->communicator->wait(message);
    });
    const double both = clocked([&] {
      slot->communicator->start(message);
      compute();
      slot->communicator->wait(message);
    });
    shares.push_back((both - alone) / sent);
  }
  return std::max(0.0, median(shares));
}

}  // namespace traincast
