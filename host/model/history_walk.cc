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

const WalkClass& pick(const std::vector<WalkClass>& classes, RandomStream& random) {
  const WalkClass* one = classes.data();
  if (classes.size() == 1) return *one;
  const double u = random.uniform();
  const WalkClass* last = one + (classes.size() - 1);
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
        start_(state.now) {}

  WalkTimes run(double& need) {
    draw_rare();
    while (!wait() && !(phase_.common.takes_node ? crashes<true>() : crashes<false>())) {
    }
    times_.elapsed = state_.now - start_;
    need = need_;
    return times_;
  }

 private:
  void draw_rare() {
    rare_ = phase_.rare_gap < kNever ? phase_.rare_gap * state_.random.exponential() : kNever;
  }

  // Crashes of the common class, until one gap reaches the end of the work or of the phase, or an
  // interruption of another class (Poisson processes side by side: each has its clock), or a node has to be
  // waited for. The loop that most of a simulation is spent in.
  template <bool kNodes>
  bool crashes() {
    double now = state_.now;
    double need = need_;
    double restarting = 0;
    double saved = 0;
    double events = 0;
    double rare = rare_;
    double pending = state_.restart;
    double gap = kNever;
    if (phase_.common_gap < kNever) {
      RandomStream random = state_.random;
      while (true) {
        gap = phase_.common_gap * random.exponential();
        if (gap >= pending + need || gap >= std::min(rare, phase_.end - now)) break;
        const double cycles = std::floor(std::max(0.0, (gap - pending - durable_) * per_second_));
        saved += cycles;
        need -= cycles * interval_;
        now += gap;
        rare -= gap;
        restarting += std::min(gap, pending);
        pending = phase_.common.restart;
        events += 1;
        if constexpr (kNodes) {
          state_.wait = state_.spares.wait(now);
          if (state_.wait > 0) break;
        }
      }
      state_.random = random;
    }
    state_.now = now;
    state_.restart = pending;
    need_ = need;
    rare_ = rare;
    times_.restarting += restarting;
    times_.useful += saved * interval_;
    times_.stalls += saved * stall_;
    times_.interruptions += events;
    if (times_.interruptions > kMostInterruptions) return true;
    if (kNodes && state_.wait > 0) return false;
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

  // True where the work or the phase ends before the next crash, `gap` from now, and the next interruption of
  // another class; else the first of them has its way.
  bool finish(double gap) {
    const double next = std::min(gap, rare_);
    const double left = phase_.end - state_.now;
    if (next >= std::min(state_.restart + need_, left)) {
      // Checkpoints stand between intervals, none at the end.
      const double stalls = std::max(0.0, std::ceil(need_ / interval_) - 1);
      const double done = state_.restart + need_ + stalls * stall_;
      if (next >= done && done <= left) {
        pass(done);
        times_.useful += need_;
        times_.stalls += stalls * stall_;
        need_ = state_.restart = 0;
        return true;
      }
      if (next >= left) {
        phase_ends(left);
        return true;
      }
    }
    if (gap < rare_) {
      rare_ -= gap;
      interrupt(gap, phase_.common);
    } else {
      interrupt(rare_, pick(phase_.rare, state_.random));
      draw_rare();
    }
    return false;
  }

  void phase_ends(double left) {
    const double running = left - state_.restart;
    pass(left);
    state_.now = phase_.end;
    if (running >= 0) keep_all(running);
    state_.restart = std::max(0.0, -running);
  }

  void interrupt(double gap, const WalkClass& kind) {
    times_.interruptions += 1;
    const double running = gap - state_.restart;
    pass(gap);
    if (kind.crash) {
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
    state_.restart = kind.restart;
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
  double start_, rare_ = kNever;
};

}  // namespace

WalkTimes walk_job(const WalkPhase& phase, const WalkCheckpoints& checkpoints, double whole, double& need,
                   WalkState& state) {
  return Job(phase, checkpoints, whole, need, state).run(need);
}

}  // namespace traincast
