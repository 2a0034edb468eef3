#include "host/model/failures.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <tuple>
#include <utility>

#include "host/base/errors.h"
#include "host/model/parts.h"

namespace traincast {
namespace {

constexpr double kLeastEffective = 1e-6;

Frequency per(Seconds time, double share) {
  return Frequency(time.value() > 0 ? share / time.value() : 0);
}

[[noreturn]] void never(const JobReliability& job) {
  throw InfeasiblePlan("never finishes: useful work per hour is 0: an interruption every " +
                       to_string(job.mtbf) +
                       " on average leaves less than a millionth of the time for useful steps, with " +
                       to_string(job.replicas.count > 1 ? job.replicas.regroup : job.restart.whole) +
                       " to restart, " + to_string(job.checkpointing.stall) + " of stall a checkpoint and " +
                       to_string(job.checkpointing.interval) + " between checkpoints");
}

}  // namespace

Bandwidth checkpoint_write_rate(const Cluster::Storage& storage, double gpus) {
  return storage.peers.value() > 0 ? storage.peers * gpus : storage.write;
}

Bandwidth checkpoint_read_rate(const Cluster::Storage& storage, double gpus) {
  if (storage.peers.value() > 0) return storage.peers * gpus;
  return storage.read.value() > 0 ? storage.read : storage.write;
}

Checkpointing checkpointing_of(const Cluster::Storage& storage, Bytes checkpoint, double gpus) {
  const Seconds write = checkpoint / checkpoint_write_rate(storage, gpus);
  Checkpointing out{.stall = storage.stall};
  (storage.asynchronous ? out.durable : out.stall) += write;
  return out;
}

RestartTime restart_time(const Cluster& cluster, double gpus, Bytes checkpoint) {
  const Reliability& reliability = cluster.reliability;
  if (!reliability.by_phases) return {.whole = reliability.restart};
  RestartTime out{.by_phases = true,
                  .detect = reliability.detect,
                  .reschedule = reliability.reschedule + reliability.reschedule_per_gpu * gpus,
                  .initialise = reliability.communicators.start(gpus),
                  .reload = checkpoint / checkpoint_read_rate(cluster.storage, gpus)};
  out.whole = out.detect + out.reschedule + out.initialise + out.reload;
  return out;
}

std::vector<HistoryCause> history_causes(const Cluster& cluster, Bytes checkpoint) {
  const Reliability& reliability = cluster.reliability;
  const bool by_phases = reliability.by_phases;
  // Peers' memory is read faster by more GPUs, which is no longer linear; the whole of it is far below the
  // rest, so that the rate of the full cluster stands for it.
  const auto all = static_cast<double>(cluster.gpus());
  HistoryCause any{.rate_per_gpu = per(reliability.mtbf_per_gpu, 1), .restart = reliability.restart};
  if (by_phases) {
    const Communicators& communicators = reliability.communicators;
    any.restart = reliability.detect + reliability.reschedule + communicators.fixed +
                  checkpoint / checkpoint_read_rate(cluster.storage, all);
    any.restart_per_gpu = reliability.reschedule_per_gpu + communicators.per_rank;
    any.restart_per_gpu_squared = communicators.per_rank_squared;
  }
  if (reliability.causes.empty()) return {any};
  std::vector<HistoryCause> out;
  for (const FailureCause& cause : reliability.causes) {
    HistoryCause next = any;
    next.rate_per_gpu = per(reliability.mtbf_per_gpu, cause.share);
    next.rate_per_job = cause.per_job;
    next.rollback = cause.rollback;
    next.planned = cause.planned;
    next.takes_node = cause.takes_node;
    if (cause.planned && by_phases) next.restart -= reliability.detect;
    out.push_back(next);
  }
  return out;
}

std::vector<InterruptionClass> interruption_classes(const Cluster& cluster, double gpus, Bytes checkpoint) {
  const std::vector<HistoryCause> causes = history_causes(cluster, checkpoint);
  const Checkpointing checkpointing = checkpointing_of(cluster.storage, checkpoint, gpus);
  return merged_classes(causes, gpus, cluster.reliability.spare_nodes >= 0, checkpointing);
}

JobReliability job_reliability(const Cluster& cluster, double gpus, double replicas, Bytes checkpoint,
                               Seconds shortest, Seconds longest) {
  JobReliability job;
  job.classes = interruption_classes(cluster, gpus, checkpoint);
  job.checkpointing = checkpointing_of(cluster.storage, checkpoint, gpus);
  job.restart = restart_time(cluster, gpus, checkpoint);
  if (cluster.reliability.by_replica && replicas > 1) {
    job.replicas = {.count = replicas, .regroup = cluster.reliability.regroup};
  }
  // Checkpoints stand between steps; an asynchronous one must be written before the next begins.
  shortest = std::max(shortest, job.checkpointing.durable);
  longest = std::max(shortest, longest);
  const double rate = total_rate(job.classes).value();
  if (rate > 0) job.mtbf = Seconds(1 / rate);
  job.checkpointing.interval = best_interval(job.classes, job.checkpointing, shortest, longest);
  job.schedule.interval = job.checkpointing.interval;
  if (job.replicas.count > 1) {
    job.schedule.effective = replica_fraction(job.classes, job.checkpointing, job.replicas);
    job.schedule.restarting = -std::expm1(-job.replicas.regroup.value() * rate);
  } else {
    job.schedule.effective = effective_fraction(job.classes, job.checkpointing);
    for (const InterruptionClass& one : job.classes) {
      job.schedule.restarting += one.rate.value() / rate * -std::expm1(-one.restart.value() * rate);
    }
  }
  if (!(job.schedule.effective >= kLeastEffective)) never(job);
  return job;
}

namespace {

// Stands for its date: that of the main part, but for one that trains where that cannot or has a schedule
// where the run was past that.
const RunPhase& typical_phase(std::span<const RunPhase> date) {
  const auto rank = [](const RunPhase& phase) {
    return std::tuple(phase.replicas > 0, phase.schedule.interval.value() > 0, phase.main);
  };
  return *std::max_element(date.begin(), date.end(),
                           [&](const RunPhase& a, const RunPhase& b) { return rank(a) < rank(b); });
}

// Pieces that are one for a history.
struct Stretch {
  Tokens tokens;                 // as many of its first piece's as take as long
  std::vector<TokenRate> speed;  // of its first piece, by date
};

// How much longer a token takes than one of `stretch`, where it is the same on every date.
std::optional<double> pace_against(const Stretch& stretch, const std::vector<TokenRate>& speed) {
  constexpr double kSame = 1e-12;
  std::optional<double> pace;
  for (std::size_t i = 0; i < speed.size(); ++i) {
    if ((speed[i].value() > 0) != (stretch.speed[i].value() > 0)) return std::nullopt;
    if (speed[i].value() <= 0) continue;
    const double here = stretch.speed[i] / speed[i];
    if (pace && std::abs(here - *pace) > kSame * *pace) return std::nullopt;
    pace = here;
  }
  return pace;
}

// A history saves what is done at the end of each part of its work; a trainer that changes its batch does
// not. So pieces that follow one another are joined where their speeds are in the same proportion on every
// date: all of them where nothing changes by date.
std::vector<Stretch> stretches_of(const std::vector<Piece>& pieces, std::span<const RunPhase> phases) {
  std::vector<Stretch> stretches;
  for (std::size_t p = 0; p < pieces.size(); ++p) {
    if (!(pieces[p].steps > 0)) continue;
    const Tokens tokens = pieces[p].steps * pieces[p].step_tokens();
    std::vector<TokenRate> speed;
    for (std::size_t i = p; i < phases.size(); i += pieces.size()) {
      const RunPhase& phase = phases[i];
      speed.push_back(phase.replicas > 0 ? pieces[p].step_tokens() / phase.step.time : TokenRate(0));
    }
    const std::optional<double> pace =
        stretches.empty() ? std::nullopt : pace_against(stretches.back(), speed);
    if (pace) {
      stretches.back().tokens += *pace * tokens;
    } else {
      stretches.push_back({tokens, std::move(speed)});
    }
  }
  return stretches;
}

}  // namespace

HistoryInputs history_inputs(const Run& run, std::span<const RunPhase> phases, const RunEstimate& estimate) {
  HistoryInputs in;
  const std::vector<Piece> pieces = pieces_of(run);
  const std::vector<Stretch> stretches = stretches_of(pieces, phases);
  for (const Stretch& stretch : stretches) in.work.push_back(stretch.tokens);
  in.causes = history_causes(run.cluster, estimate.checkpoint);
  const Checkpointing checkpointing =
      checkpointing_of(run.cluster.storage, estimate.checkpoint, static_cast<double>(run.plan.gpus()));
  in.checkpoint_stall = checkpointing.stall;
  in.checkpoint_durable = checkpointing.durable;
  in.spare_nodes = run.cluster.reliability.spare_nodes;
  in.repair = run.cluster.reliability.repair;
  if (run.cluster.reliability.by_replica && run.plan.data_parallel > 1) {
    in.replicas = {.count = static_cast<double>(run.plan.data_parallel),
                   .regroup = run.cluster.reliability.regroup};
  }
  Seconds start;
  double gpus_before = 0;
  for (std::size_t i = 0; i + pieces.size() <= phases.size(); i += pieces.size()) {
    const std::span<const RunPhase> date = phases.subspan(i, pieces.size());
    const RunPhase& phase = typical_phase(date);
    const auto gpus = static_cast<double>(phase.gpus);
    HistoryPhase next{.start = start,
                      .gpus = gpus,
                      .speed = {},
                      .power = phase.power,
                      .idle_power = phase.power * power_share(Activity::restart),
                      .checkpoint_interval = estimate.schedule.interval};
    for (const Stretch& stretch : stretches) next.speed.push_back(stretch.speed[i / pieces.size()]);
    // A run may end before a phase that could be reached in an unlucky history: the interval is then that of
    // the main phase.
    if (phase.in_run() && phase.schedule.interval.value() > 0)
      next.checkpoint_interval = phase.schedule.interval;
    if (gpus > 0 && gpus_before > 0 && gpus != gpus_before) {
      next.change = restart_time(run.cluster, gpus, estimate.checkpoint).whole;
    }
    if (gpus > 0) gpus_before = gpus;
    in.phases.push_back(std::move(next));
    if (!phase.limit) break;
    start += *phase.limit;
  }
  return in;
}

}  // namespace traincast
