#include "host/model/history_walk.h"

#include <algorithm>
#include <cmath>

namespace traincast {

SpareNodes::SpareNodes(std::int64_t spares, double repair) : limited_(spares >= 0), repair_(repair) {
  if (limited_) back_.resize(static_cast<std::size_t>(spares));
}

double SpareNodes::wait(double now) {
  if (!limited_) return 0;
  const std::size_t spares = back_.size();
  if (spares == 0) return repair_;
  while (count_ > 0 && back_[first_] <= now) {
    first_ = first_ + 1 == spares ? 0 : first_ + 1;
    --count_;
  }
  double wait = 0;
  if (count_ == spares) {
    wait = back_[first_] - now;
    first_ = first_ + 1 == spares ? 0 : first_ + 1;
    --count_;
  }
  const std::size_t last = first_ + count_;
  back_[last < spares ? last : last - spares] = now + repair_;
  ++count_;
  return wait;
}

namespace {

const WalkClass& pick(const WalkPhase& phase, RandomStream& random) {
  const WalkClass* one = phase.classes.data();
  if (phase.classes.size() == 1) return *one;
  const double u = random.uniform();
  const WalkClass* last = one + (phase.classes.size() - 1);
  while (one != last && u >= one->below) ++one;
  return *one;
}

class Job {
 public:
  Job(const WalkPhase& phase, const WalkCheckpoints& checkpoints, double whole, double need, WalkState& state)
      : phase_(phase),
        state_(state),
        whole_(whole),
        need_(need),
        interval_(phase.interval),
        cycle_(phase.interval + checkpoints.stall),
        per_second_(1 / cycle_),
        stall_(checkpoints.stall),
        durable_(checkpoints.durable),
        start_(state.now),
        pending_(state.restart) {}

  WalkTimes run(double& need) {
    while (!wait() && !(phase_.simple ? crashes() : finish(gap()))) {
    }
    times_.elapsed = state_.now - start_;
    need = need_;
    return times_;
  }

 private:
  double gap() { return phase_.gap < kNever ? phase_.gap * state_.random.exponential() : kNever; }

  // Crashes of one kind until one gap reaches the end of the work or of the phase, which finish() settles.
  bool crashes() {
    double now = state_.now;
    double need = need_;
    double restarting = 0;
    double saved = 0;
    double events = 0;
    double pending = pending_;
    const double restart = phase_.classes.front().restart;
    const double mean = phase_.gap;
    double gap = 0;
    RandomStream random = state_.random;
    while (true) {
      gap = mean * random.exponential();
      if (gap >= pending + need || now + gap >= phase_.end) break;
      const double cycles = std::floor(std::max(0.0, (gap - pending - durable_) * per_second_));
      saved += cycles;
      need -= cycles * interval_;
      now += gap;
      restarting += std::min(gap, pending);
      pending = restart;
      events += 1;
      if (events > kMostInterruptions) break;
    }
    state_.random = random;
    state_.now = now;
    state_.restart = pending_ = pending;
    need_ = need;
    times_.restarting += restarting;
    times_.useful += saved * interval_;
    times_.stalls += saved * stall_;
    times_.interruptions += events;
    return finish(gap);
  }

  // Work and stalls after `running` seconds of it from a restart on, nothing thrown away.
  void keep_all(double running) {
    const double cycles = std::floor(running * per_second_);
    const double rest = running - cycles * cycle_;
    const double work = std::min(cycles * interval_ + std::min(rest, interval_), need_);
    need_ -= work;
    times_.useful += work;
    times_.stalls += running - work;
  }

  // For a node: nothing runs, so nothing breaks. True where the phase ends meanwhile.
  bool wait() {
    if (state_.wait <= 0) return false;
    const double time = std::min(state_.wait, phase_.end - state_.now);
    state_.wait -= time;
    state_.now = state_.wait > 0 ? phase_.end : state_.now + time;
    times_.waiting += time;
    return state_.wait > 0;
  }

  void pass(double time) {
    state_.now += time;
    times_.restarting += std::min(time, state_.restart);
  }

  // True where the work or the phase ends within `gap`; else the interruption at its end has its way.
  bool finish(double gap) {
    const double left = phase_.end - state_.now;
    if (gap >= std::min(pending_ + need_, left)) {
      // Checkpoints stand between intervals, none at the end.
      const double stalls = std::max(0.0, std::ceil(need_ / interval_) - 1);
      const double done = pending_ + need_ + stalls * stall_;
      if (gap >= done && done <= left) {
        pass(done);
        times_.useful += need_;
        times_.stalls += stalls * stall_;
        need_ = state_.restart = 0;
        return true;
      }
      if (gap >= left) {
        phase_ends(left);
        return true;
      }
    }
    interrupt(gap);
    return times_.interruptions > kMostInterruptions;
  }

  void phase_ends(double left) {
    const double running = left - pending_;
    pass(left);
    state_.now = phase_.end;
    if (running >= 0) {
      keep_all(running);
      state_.restart = 0;
      return;
    }
    state_.restart -= left;
  }

  void interrupt(double gap) {
    times_.interruptions += 1;
    const WalkClass& kind = pick(phase_, state_.random);
    const double running = gap - pending_;
    pass(gap);
    if (kind.crash) [[likely]] {
      const double cycles = std::floor(std::max(0.0, (running - durable_) * per_second_));
      const double work = cycles * interval_;
      need_ -= work;
      times_.useful += work;
      times_.stalls += cycles * stall_;
    } else if (kind.planned) {
      if (running > 0) keep_all(running);
    } else {
      spoil(kind, std::max(0.0, running));
    }
    state_.restart = pending_ = kind.restart;
    state_.wait = kind.takes_node ? state_.spares.wait(state_.now) : 0;
  }

  // Back to the last checkpoint from before the work went wrong, as far as the part of the work reaches.
  void spoil(const WalkClass& kind, double running) {
    const double cycles = std::floor(running * per_second_);
    const double done = cycles * interval_ + std::min(running - cycles * cycle_, interval_);
    const double good = std::floor((done - kind.rollback) / interval_);
    const double work = std::max(good * interval_, need_ - whole_);
    need_ -= work;
    times_.useful += work;
    times_.stalls += std::max(0.0, good) * stall_;
  }

  const WalkPhase& phase_;
  WalkState& state_;
  WalkTimes times_;
  double whole_, need_;
  double interval_, cycle_, per_second_, stall_, durable_;
  double start_, pending_;
};

}  // namespace

WalkTimes walk_job(const WalkPhase& phase, const WalkCheckpoints& checkpoints, double whole, double& need,
                   WalkState& state) {
  return Job(phase, checkpoints, whole, need, state).run(need);
}

}  // namespace traincast
