#include "host/model/history.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "host/model/history_walk.h"

namespace traincast {
namespace {

constexpr double kLeastEffective = 1e-6;

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(std::string("history: ") + what);
}
bool time_like(double value) {
  return std::isfinite(value) && value >= 0;
}

void check(const HistoryInputs& in) {
  require(!in.work.empty() && !in.phases.empty(), "no work or no phase");
  for (const Tokens work : in.work)
    require(std::isfinite(work.value()) && work.value() > 0, "work of 0 tokens");
  require(in.phases.front().start.value() == 0, "the first phase does not start at 0");
  for (std::size_t i = 0; i < in.phases.size(); ++i) {
    const HistoryPhase& phase = in.phases[i];
    require(time_like(phase.start.value()) && time_like(phase.change.value()) && time_like(phase.gpus) &&
                time_like(phase.power.value()) && time_like(phase.idle_power.value()),
            "a phase with a figure below 0");
    require(i == 0 || phase.start > in.phases[i - 1].start, "phases out of order");
    require(phase.speed.size() == in.work.size(), "a phase without a speed for each part of the work");
    for (const TokenRate speed : phase.speed) require(time_like(speed.value()), "a speed below 0");
    require(std::isfinite(phase.checkpoint_interval.value()) && phase.checkpoint_interval.value() > 0,
            "a checkpoint interval of 0");
  }
  for (const HistoryCause& cause : in.causes) {
    require(time_like(cause.rate_per_gpu.value()) && time_like(cause.rate_per_job.value()) &&
                time_like(cause.restart.value()) && time_like(cause.restart_per_gpu.value()) &&
                time_like(cause.restart_per_gpu_squared.value()) && time_like(cause.rollback.value()),
            "a cause with a figure below 0");
  }
  require(time_like(in.checkpoint_stall.value()) && time_like(in.checkpoint_durable.value()) &&
              time_like(in.repair.value()) && time_like(in.replicas.regroup.value()) &&
              time_like(in.replicas.count) && in.replicas.count < 1e6,
          "a time or count below 0");
  require(in.spare_nodes < 100'000'000, "more than 100 million spare nodes");
  require(time_like(in.horizon.value()) && in.horizon.value() > 0, "a horizon of 0");
}

bool replicated(const HistoryInputs& in) {
  return in.replicas.count >= 2;
}

WalkPhase walk_phase(const HistoryInputs& in, std::size_t index,
                     const std::vector<InterruptionClass>& classes) {
  const HistoryPhase& phase = in.phases[index];
  WalkPhase out{.start = phase.start.value(),
                .end = index + 1 < in.phases.size() ? in.phases[index + 1].start.value() : kNever,
                .change = phase.change.value(),
                .interval = phase.checkpoint_interval.value()};
  out.end = std::min(out.end, in.horizon.value());
  const auto walk_class = [](const InterruptionClass& one) {
    return WalkClass{.restart = one.restart.value(),
                     .rollback = one.rollback.value(),
                     .crash = !one.planned && one.rollback.value() == 0,
                     .planned = one.planned,
                     .takes_node = one.takes_node};
  };
  double rate = 0;  // of those that are not common
  for (const InterruptionClass& one : classes) {
    const WalkClass next = walk_class(one);
    if (out.common_gap == kNever && next.crash) {
      out.common = next;
      out.common_gap = 1 / one.rate.value();
      continue;
    }
    rate += one.rate.value();
    out.rare.push_back(next);
    out.rare.back().below = rate;
  }
  for (WalkClass& one : out.rare) one.below /= rate;
  if (rate > 0) out.rare_gap = 1 / rate;
  const Checkpointing checkpointing{phase.checkpoint_interval, in.checkpoint_stall, in.checkpoint_durable};
  const double effective = replicated(in) ? replica_fraction(classes, checkpointing, in.replicas)
                                          : effective_fraction(classes, checkpointing);
  out.hopeless = effective < kLeastEffective;
  return out;
}

// One history; the parts of the calendar and of the work in turn.
class Walk {
 public:
  Walk(const HistoryInputs& in, const std::vector<std::vector<InterruptionClass>>& classes,
       std::uint64_t seed, std::uint64_t index)
      : in_(in),
        classes_(classes),
        state_{.random = RandomStream(seed, index), .spares = SpareNodes(in.spare_nodes, in.repair.value())},
        checkpoints_{in.checkpoint_stall.value(), in.checkpoint_durable.value()} {}

  RunHistory run() {
    enter(0);
    out_.finished = true;
    for (std::size_t part = 0; part < in_.work.size() && out_.finished; ++part) walk_part(part);
    out_.wall = Seconds(state_.now);
    return out_;
  }

 private:
  void enter(std::size_t phase) {
    phase_ = phase;
    ready_ = walk_phase(in_, phase, classes_[phase]);
    // A change of the fleet interrupts whatever goes on, restarts included.
    if (phase == 0 || ready_.change == 0) return;
    const double pause = std::min(ready_.change, std::max(0.0, ready_.end - state_.now));
    stand_still(pause);
    state_.restart = state_.wait = 0;
  }

  void account(double elapsed, double idle) {
    const HistoryPhase& phase = in_.phases[phase_];
    out_.gpu_hours += phase.gpus * elapsed / kSecondsPerHour;
    out_.energy += phase.power * Seconds(elapsed - idle) + phase.idle_power * Seconds(idle);
  }

  void stand_still(double time) {
    state_.now += time;
    out_.paused += Seconds(time);
    account(time, time);
  }

  bool give_up(std::string_view reason) {
    out_.finished = false;
    out_.reason = reason;
    return false;
  }

  // To the next phase; false where there is none.
  bool next_phase() {
    if (state_.now >= in_.horizon.value())
      return give_up("useful work per hour is too little to ever finish");
    if (phase_ + 1 == in_.phases.size()) return give_up("useful work per hour is 0");
    enter(phase_ + 1);
    return true;
  }

  void walk_part(std::size_t part) {
    double left = 1;  // of the part
    while (left > 0) {
      if (state_.now >= ready_.end) {
        if (!next_phase()) return;
        continue;
      }
      const double speed = in_.phases[phase_].speed[part].value();
      if (!(speed > 0) || ready_.hopeless) {
        if (phase_ + 1 == in_.phases.size()) {
          static_cast<void>(give_up("useful work per hour is 0"));
          return;
        }
        stand_still(ready_.end - state_.now);
        continue;
      }
      const double whole = in_.work[part].value() / speed;
      double need = whole * left;
      const WalkTimes times = replicated(in_)
                                  ? walk_replicas(ready_, checkpoints_, in_.replicas.count,
                                                  in_.replicas.regroup.value(), whole, need, state_)
                                  : walk_job(ready_, checkpoints_, whole, need, state_);
      left = need / whole;
      add(times);
      if (out_.interruptions > kMostInterruptions) {
        static_cast<void>(give_up("more than 200 million interruptions"));
        return;
      }
    }
  }

  void add(const WalkTimes& times) {
    const double idle = times.restarting + times.waiting + times.degraded;
    out_.useful += Seconds(times.useful);
    out_.stalls += Seconds(times.stalls);
    out_.restarting += Seconds(times.restarting);
    out_.waiting += Seconds(times.waiting);
    out_.degraded += Seconds(times.degraded);
    out_.lost += Seconds(times.elapsed - times.useful - times.stalls - idle);
    out_.interruptions += times.interruptions;
    account(times.elapsed, idle);
  }

  const HistoryInputs& in_;
  const std::vector<std::vector<InterruptionClass>>& classes_;
  WalkState state_;
  WalkCheckpoints checkpoints_;
  std::size_t phase_ = 0;
  WalkPhase ready_;
  RunHistory out_;
};

}  // namespace

std::vector<InterruptionClass> merged_classes(std::span<const HistoryCause> causes, double gpus,
                                              bool nodes_limited, const Checkpointing& checkpointing) {
  std::vector<InterruptionClass> classes;
  for (const HistoryCause& cause : causes) {
    InterruptionClass next{.rate = cause.rate_per_gpu * gpus + cause.rate_per_job,
                           .restart = cause.restart + cause.restart_per_gpu * gpus +
                                      cause.restart_per_gpu_squared * (gpus * gpus),
                           .rollback = cause.rollback,
                           .planned = cause.planned,
                           .takes_node = cause.takes_node && nodes_limited};
    // A stop that is planned begins with a checkpoint.
    if (next.planned) next.restart += checkpointing.stall + checkpointing.durable;
    if (!(next.rate.value() > 0)) continue;
    const auto same = std::find_if(classes.begin(), classes.end(), [&](const InterruptionClass& other) {
      return other.restart == next.restart && other.rollback == next.rollback &&
             other.planned == next.planned && other.takes_node == next.takes_node;
    });
    if (same == classes.end()) {
      classes.push_back(next);
    } else {
      same->rate += next.rate;
    }
  }
  std::stable_sort(classes.begin(), classes.end(),
                   [](const auto& a, const auto& b) { return a.rate > b.rate; });
  return classes;
}

HistoryModel::HistoryModel(HistoryInputs inputs) : inputs_(std::move(inputs)) {
  check(inputs_);
  const Checkpointing checkpointing{.stall = inputs_.checkpoint_stall, .durable = inputs_.checkpoint_durable};
  for (const HistoryPhase& phase : inputs_.phases) {
    classes_.push_back(merged_classes(inputs_.causes, phase.gpus, inputs_.spare_nodes >= 0, checkpointing));
  }
}

RunHistory HistoryModel::simulate(std::uint64_t seed, std::uint64_t index) const {
  return Walk(inputs_, classes_, seed, index).run();
}

RunHistory simulate_history(const HistoryInputs& inputs, std::uint64_t seed, std::uint64_t index) {
  return HistoryModel(inputs).simulate(seed, index);
}

}  // namespace traincast
