#include "host/search/pipeline_runs.h"

#include <algorithm>

namespace traincast {
namespace {

double d(std::int64_t count) {
  return static_cast<double>(count);
}

// AlternatingTime (schedule_time.h). Within a run of equal ranks a path is a convex function of the rank, so
// that it is longest at an end of the run: but for the first rank that has enough tasks for a path both down
// and up and, interleaved, for where the passes ahead begin to be those of the last chunk.
class Alternating {
 public:
  Alternating(const StageLayout& layout, std::int64_t m, double latency, const RunWorks& works)
      : layout_(layout),
        works_(works),
        p_(layout.pipeline()),
        v_(layout.virtual_stages()),
        m_(m),
        latency_(latency) {}

  double total() {
    const std::int64_t slots = m_ * v_ - (v_ - 1) * p_;
    const std::int64_t both = v_ == 1 ? p_ - m_ + 1 : p_ - slots / 2;
    const auto& runs = layout_.runs();
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const RankRun& run = runs[i];
      const RunWork& work = works_[i];
      at(run, work, run.first);
      if (run.count > 1) {
        at(run, work, run.last());
        const auto inside = [&](std::int64_t rank) {
          if (rank > run.first && rank < run.last()) at(run, work, rank);
        };
        inside(both);
        if (v_ > 1) inside(p_ / 2 - 1), inside(p_ / 2);
      }
      const double count = d(run.count);
      all_.add(work.work, count);
      before_.add(work.first, count);
      last_before_.add(work.last, count);
      slowest_.forward = std::max(slowest_.forward, work.first.forward);
      slowest_.backward = std::max(slowest_.backward, work.first.backward);
    }
    const double in = all_.forward - last_before_.forward, out = all_.backward - last_before_.backward;
    const double down = down_ + all_.forward + last_before_.backward;
    const double up = up_ + all_.backward + last_before_.forward;
    const double both_ways = both_ + all_.sum() + last_before_.sum();
    return std::max({resource_, down, up, both_ways, in_chain_ + in, out_chain_ + out, chains_ + in + out});
  }

 private:
  // The paths through one rank.
  void at(const RankRun& run, const RunWork& w, std::int64_t rank) {
    const double inner = d(rank - run.first);
    const double here = d(rank), past = d(p_ - 1 - rank), through = d(p_ * v_ - 1);
    const double busy = d(m_) * w.work.sum();
    const PassWork before{before_.forward + inner * w.first.forward,
                          before_.backward + inner * w.first.backward};
    const PassWork last{last_before_.forward + (inner + 1) * w.last.forward,
                        last_before_.backward + (inner + 1) * w.last.backward};
    PassWork fill{before.forward + here * latency_, before.backward + here * latency_};
    PassWork ahead;
    std::int64_t slots = 0;
    if (v_ == 1) {
      slots = p_ - rank;
      ahead.add(w.work, d(std::min(m_, slots)));
    } else {
      const std::int64_t turns =
          2 * (p_ - rank) - 1;  // passes of the chunk in turn ahead of the first backward
      slots = turns + (v_ - 1) * p_;
      const PassWork& bending = turns < p_ ? w.last : w.first;
      const double others = d(std::min(m_, p_));
      ahead.add(w.work, others);
      ahead.add(bending, d(std::min(m_, turns)) - others);
      const double group = d(std::min(p_, m_) - 1);
      fill.forward += group * std::max(0.0, slowest_.forward - w.first.forward);
      fill.backward += group * std::max(0.0, slowest_.backward - w.first.backward);
      const double first_group = d(std::min(p_, m_)), last_group = d(m_ - (m_ - 1) / p_ * p_);
      const double hops = (through - past) * latency_;
      const double in =
          last.forward - w.last.forward - first_group * (w.work.forward - w.last.forward) + hops;
      const double out =
          last.backward - w.last.backward - last_group * (w.work.backward - w.last.backward) + hops;
      in_chain_ = std::max(in_chain_, busy + in + fill.backward);
      out_chain_ = std::max(out_chain_, busy + out + fill.forward);
      chains_ = std::max(chains_, busy + in + out);
    }
    resource_ = std::max(resource_, busy + fill.sum());
    const double beyond = (through + past) * latency_;
    down_ = std::max(down_, busy - ahead.forward - last.backward + fill.backward + beyond);
    up_ = std::max(up_, busy - ahead.backward - last.forward + fill.forward + beyond);
    if (slots < m_ * v_) both_ = std::max(both_, busy - ahead.sum() - last.sum() + 2 * beyond);
  }

  const StageLayout& layout_;
  const RunWorks& works_;
  std::int64_t p_, v_, m_;
  double latency_;
  PassWork before_, last_before_, slowest_, all_;
  double resource_ = 0, down_ = kNoPath, up_ = kNoPath, both_ = kNoPath;
  double in_chain_ = kNoPath, out_chain_ = kNoPath, chains_ = kNoPath;
};

double zero_bubble_total(const StageLayout& layout, std::int64_t m, const RunWorks& works) {
  ZeroBubbleTime time(PipelineShape{Schedule::zb_h1, layout.pipeline(), 1, m});
  const auto& runs = layout.runs();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunWork& w = works[i];
    const PassWork pass{w.work.forward, w.work.backward - w.weight_gradient};
    for (std::int64_t r = 0; r < runs[i].count; ++r) time.add(pass, w.weight_gradient);
  }
  return time.total();
}

// Each rank holds the mean of two stages. Ranks of the second half mirror those of the first, but for the
// messages that the two ends do not wait for.
PipelineWork dual_pipe_work(const StageLayout& layout, std::int64_t micro_batches, double exposed,
                            const RunWorks& works) {
  const auto& runs = layout.runs();
  const std::int64_t half = layout.pipeline() / 2;
  DualPipeTime time(PipelineShape{Schedule::dual_pipe, layout.pipeline(), 1, micro_batches});
  PassWork last;
  double last_weight = 0;
  PipelineWork out;
  std::size_t near = 0, far = runs.size() - 1;
  for (std::int64_t rank = 0; rank < half;) {
    const std::int64_t mirror = layout.pipeline() - 1 - rank;
    while (runs[near].last() < rank) ++near;
    while (runs[far].first > mirror) --far;
    const RunWork &a = works[near], &b = works[far];
    const double weight = 0.5 * (a.weight_gradient + b.weight_gradient);
    const PassWork alone{0.5 * (a.work.forward + b.work.forward),
                         0.5 * (a.work.backward + b.work.backward) - weight};
    const PassWork inner{alone.forward + exposed, alone.backward + exposed};
    // Ranks up to `next`, and their mirror images, hold the same two stages.
    const std::int64_t next =
        std::min({runs[near].last(), layout.pipeline() - 1 - runs[far].first, half - 1}) + 1;
    if (rank == 0) {  // a run of its own: it embeds
      time.add({alone.forward, inner.backward}, weight);
      last = {inner.forward, alone.backward}, last_weight = weight;
    } else {
      time.add(inner, weight, 2 * (next - rank));
    }
    const double work = (rank == 0 ? alone.forward + inner.backward : inner.sum()) + weight;
    if (work > out.busiest * (1 + 1e-12)) {
      out.busiest = work;
      out.busiest_compute = 0.5 * (a.compute + b.compute);
    }
    rank = next;
  }
  time.add(last, last_weight);
  out.total = time.total();
  return out;
}

}  // namespace

PipelineWork pipeline_work(const StageLayout& layout, Schedule schedule, std::int64_t micro_batches,
                           const MessageWait& wait, const RunWorks& works) {
  if (schedule == Schedule::dual_pipe) return dual_pipe_work(layout, micro_batches, wait.exposed, works);
  PipelineWork out;
  out.busiest = -1;
  for (std::size_t i = 0; i < layout.runs().size(); ++i) {
    const double sum = works[i].work.sum();
    if (sum <= out.busiest) continue;
    out.busiest = sum;
    out.busiest_compute = works[i].compute;
  }
  out.total = schedule == Schedule::zb_h1 ? zero_bubble_total(layout, micro_batches, works)
                                          : Alternating(layout, micro_batches, wait.latency, works).total();
  return out;
}

}  // namespace traincast
