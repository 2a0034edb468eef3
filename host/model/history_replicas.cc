// Recovery replica by replica: nothing is rolled back but what was corrupt, all wait a moment for each
// failure, and the job goes on with the replicas that are left.
#include <algorithm>
#include <cmath>

#include "host/model/history_walk.h"

namespace traincast {
namespace {

class ReplicaWalk {
 public:
  ReplicaWalk(const WalkPhase& phase, const WalkCheckpoints& checkpoints, double replicas, double regroup,
              double whole, double need, WalkState& state)
      : phase_(phase),
        state_(state),
        replicas_(replicas),
        regroup_(regroup),
        whole_(whole),
        need_(need),
        working_(phase.interval / (phase.interval + checkpoints.stall)),
        start_(state.now),
        mean_(phase.gap()) {}

  WalkTimes run(double& need) {
    while (true) {
      const double gap = mean_ < kNever ? mean_ * state_.random.exponential() : kNever;
      advance(std::min(state_.now + gap, phase_.end));
      if (need_ <= 0 || state_.now >= phase_.end || times_.interruptions > kMostInterruptions) break;
      interrupt();
    }
    times_.elapsed = state_.now - start_;
    need = need_;
    return times_;
  }

 private:
  // To `until`, or to the end of the work.
  void advance(double until) {
    while (state_.now < until && need_ > 0) {
      while (!state_.away.empty() && state_.away.front() <= state_.now)
        state_.away.erase(state_.away.begin());
      const double back = state_.away.empty() ? kNever : state_.away.front();
      if (state_.restart > 0) {
        const double time = std::min(state_.restart, until - state_.now);
        state_.restart -= time;
        times_.restarting += time;
        state_.now = state_.restart > 0 ? until : state_.now + time;
        continue;
      }
      const double share = 1 - static_cast<double>(state_.away.size()) / replicas_;
      double time = std::min(until, back) - state_.now;
      double end = std::min(until, back);
      if (share * working_ * time >= need_) {
        time = need_ / (share * working_);
        end = state_.now + time;
      }
      const double work = std::min(share * working_ * time, need_);
      need_ -= work;
      times_.useful += work;
      times_.stalls += share * (1 - working_) * time;
      times_.degraded += (1 - share) * time;
      state_.now = end;
    }
  }

  void undo(double work) {
    work = std::min(work, whole_ - need_);
    need_ += work;
    times_.useful -= work;
  }

  void interrupt() {
    times_.interruptions += 1;
    const WalkClass* kind = &phase_.common;
    if (state_.random.uniform() * phase_.common_gap >= mean_) {
      kind = phase_.rare.data();
      const WalkClass* last = kind + (phase_.rare.size() - 1);
      const double u = state_.random.uniform();
      while (kind != last && u >= kind->below) ++kind;
    }
    state_.restart = regroup_;
    // A replica that is away already starts again.
    const auto struck = static_cast<std::size_t>(state_.random.uniform() * replicas_);
    if (struck < state_.away.size()) state_.away.erase(state_.away.begin() + static_cast<long>(struck));
    const double wait = kind->takes_node ? state_.spares.wait(state_.now) : 0;
    const double back = state_.now + wait + kind->restart;
    state_.away.insert(std::upper_bound(state_.away.begin(), state_.away.end(), back), back);
    if (kind->rollback > 0) undo(kind->rollback + state_.random.uniform() * phase_.interval);
    // The state is lost with the last replica that holds it.
    if (static_cast<double>(state_.away.size()) >= replicas_) undo(state_.random.uniform() * phase_.interval);
  }

  const WalkPhase& phase_;
  WalkState& state_;
  WalkTimes times_;
  double replicas_, regroup_, whole_, need_, working_, start_, mean_;
};

}  // namespace

WalkTimes walk_replicas(const WalkPhase& phase, const WalkCheckpoints& checkpoints, double replicas,
                        double regroup, double whole, double& need, WalkState& state) {
  return ReplicaWalk(phase, checkpoints, replicas, regroup, whole, need, state).run(need);
}

}  // namespace traincast
