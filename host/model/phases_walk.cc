#include <algorithm>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>

#include "host/base/errors.h"
#include "host/model/failures.h"
#include "host/model/flops.h"
#include "host/model/parameters.h"
#include "host/model/parts.h"
#include "host/model/phases.h"

namespace traincast {
namespace {

constexpr double kSecondsPerYear = 365.25 * kSecondsPerDay;

std::string never(const RunPhase& phase, std::optional<Date> since, double left, double all) {
  std::string text = "never finishes: useful work per hour is 0";
  if (since) text += " from " + to_string(*since) + " on";
  const double percent = std::max(0.1, std::round(1000 * left / all) / 10);
  std::string digits = std::to_string(percent);
  digits.resize(digits.find('.') + 2);
  return text + ", with " + digits + " % of the tokens to go: " + phase.waits;
}

// `before`: of the piece before on the same date, or none. The best interval is between a step and the rest
// of the run, and nothing else in it depends on the step: on the same GPUs it is found once.
void find_schedule(RunPhase& phase, const RunPhase* before, const Run& run, const RunEstimate& all,
                   Seconds left) {
  if (before != nullptr && before->gpus == phase.gpus && before->replicas == phase.replicas) {
    const Seconds interval = before->schedule.interval;
    if (interval > std::max(before->step.time, phase.step.time) && interval < left) {
      phase.mtbf = before->mtbf;
      phase.restart = before->restart;
      phase.stall = before->stall;
      phase.schedule = before->schedule;
      return;
    }
  }
  const JobReliability job =
      job_reliability(run.cluster, static_cast<double>(phase.gpus), static_cast<double>(phase.replicas),
                      all.checkpoint, phase.step.time, left);
  phase.mtbf = job.mtbf;
  phase.restart = job.replicas.count > 1 ? job.replicas.regroup : job.restart.whole;
  phase.stall = job.checkpointing.stall;
  phase.schedule = job.schedule;
}

void spend(RunPhase& phase, const Cluster& cluster, Activity activity, Seconds time) {
  const auto at = static_cast<std::size_t>(activity);
  const Watts power = phase.power * power_share(activity);
  phase.time[at] += time;
  phase.energy[at] += power * time;
  add_up(phase.used, drawn(cluster, phase.sources, power, time));
}

// Steps, and the time and energy that they take, until the phase ends, in `room`, or none is left.
void train(RunPhase& phase, const Cluster& cluster, Bytes checkpoint, double steps_left,
           std::optional<Seconds> room) {
  const Seconds per_step = phase.step.time / phase.schedule.effective;
  Seconds resize = phase.resizes * restart_time(cluster, static_cast<double>(phase.gpus), checkpoint).whole;
  if (room) resize = std::min(resize, *room);
  phase.steps = steps_left;
  if (room) phase.steps = std::min(steps_left, (*room - resize) / per_step);
  const Seconds training = phase.steps * per_step;
  phase.length = resize + training;
  const ActivityShares shares = activity_shares(phase.schedule, phase.stall);
  spend(phase, cluster, Activity::steps, shares.steps * training);
  spend(phase, cluster, Activity::checkpoint, shares.checkpoint * training);
  spend(phase, cluster, Activity::restart, shares.restart * training + resize);
}

// What an earlier call found.
void forget_findings(RunPhase& phase) {
  phase.mtbf = phase.stall = phase.length = Seconds(0);
  phase.schedule = {};
  phase.steps = phase.resizes = 0;
  phase.time = {};
  phase.energy = {};
  phase.used.clear();
}

void add_phase(RunEstimate& out, const RunPhase& phase, std::vector<SourceUse>& used) {
  out.ideal += phase.steps * phase.step.time;
  out.expected += phase.length;
  out.gpu_hours += static_cast<double>(phase.gpus) * phase.length.value() / kSecondsPerHour;
  if (phase.gpus > 0 && phase.in_run()) {
    if (phase.mtbf.value() > 0) out.interruptions += phase.length / phase.mtbf;
    out.power = std::max(out.power, phase.power);
  }
  for (const Joules energy : phase.energy) out.energy += energy;
  Dollars capital;
  for (const FleetUse& fleet : phase.fleets) {
    out.rent += fleet.rent * phase.length;
    capital += fleet.capital;
  }
  out.amortised += capital * (phase.length.value() / (kAmortisationYears * kSecondsPerYear));
  if (phase.in_run()) out.capital = std::max(out.capital, capital);
  add_up(used, phase.used);
}

void add_sources(RunEstimate& out, std::span<const SourceUse> used) {
  out.nox = Kilograms(0);
  for (const SourceUse& source : used) {
    out.co2 += source.co2;
    out.electricity += source.cost;
    if (out.nox && source.nox) {
      *out.nox += *source.nox;
    } else if (source.energy.value() > 0) {
      out.nox.reset();
    }
  }
}

// The calendar and the pieces in turn.
class Walk {
 public:
  Walk(const Run& run, const std::vector<Piece>& pieces, RunEstimate& out, std::vector<SourceUse>& used)
      : run_(run), out_(out), used_(used) {
    for (const Piece& piece : pieces) {
      left_.push_back(piece.steps);
      step_tokens_.push_back(pieces.size() == 1 ? 1 : piece.step_tokens().value());
      all_ += piece.steps * step_tokens_.back();
    }
    next_piece();
  }

  // What runs from one date to the next: `phases` has a phase for each piece.
  void date(std::span<RunPhase> phases) {
    for (RunPhase& phase : phases) forget_findings(phase);
    std::optional<Seconds> room = phases.front().limit;
    const RunPhase* before = nullptr;
    while (at_ < phases.size()) {
      RunPhase& phase = phases[at_];
      if (phase.replicas == 0) {
        wait(phase, room);
        return;
      }
      waits_since_.reset();
      phase.resizes = before == nullptr && gpus_ != 0 && gpus_ != phase.gpus ? 1 : 0;
      gpus_ = phase.gpus;
      find_schedule(phase, before, run_, out_, left(phases));
      train(phase, run_.cluster, out_.checkpoint, left_[at_], room);
      left_[at_] -= phase.steps;
      add_phase(out_, phase, used_);
      if (left_[at_] > 0) return;
      next_piece();
      if (room) room = std::max(Seconds(0), *room - phase.length);
      before = &phase;
    }
  }

 private:
  void next_piece() {
    while (at_ < left_.size() && left_[at_] <= 0) ++at_;
  }

  void wait(RunPhase& phase, std::optional<Seconds> room) {
    if (!waits_since_) waits_since_ = phase.from;
    if (!room) throw InfeasiblePlan(never(phase, waits_since_, tokens_left(), all_));
    phase.length = *room;
    if (gpus_ > 0) gpus_ = -1;  // it starts again, on however many
    spend(phase, run_.cluster, Activity::waiting, phase.length);
    add_phase(out_, phase, used_);
  }

  double tokens_left() const {
    double sum = 0;
    for (std::size_t i = 0; i < left_.size(); ++i) sum += left_[i] * step_tokens_[i];
    return sum;
  }
  // As steps of this date.
  Seconds left(std::span<const RunPhase> phases) const {
    Seconds sum;
    for (std::size_t i = at_; i < phases.size(); ++i) sum += left_[i] * phases[i].step.time;
    return sum;
  }

  const Run& run_;
  RunEstimate& out_;
  std::vector<SourceUse>& used_;
  std::vector<double> left_;         // steps, by piece
  std::vector<double> step_tokens_;  // by piece; of one piece the unit
  double all_ = 0;
  std::size_t at_ = 0;     // the piece that is next
  std::int64_t gpus_ = 0;  // before; -1: it waited
  std::optional<Date> waits_since_;
};

}  // namespace

RunEstimate run_phases(const Run& run, std::span<RunPhase> phases) {
  RunEstimate out;
  const std::vector<Piece> pieces = pieces_of(run);
  if (phases.empty() || phases.size() % pieces.size() != 0) {
    throw std::invalid_argument("run_phases: a date without a phase for each piece of the run");
  }
  const Cluster::Storage& storage = run.cluster.storage;
  for (const Piece& piece : pieces) out.steps += piece.steps;
  out.checkpoint = Bytes(storage.bytes_per_parameter * (parameters(run.model) + mtp_parameters(run.model)));
  out.checkpoint_stall =
      checkpointing_of(storage, out.checkpoint, static_cast<double>(run.plan.gpus())).stall;
  std::vector<SourceUse> used;
  Walk walk(run, pieces, out, used);
  for (std::size_t i = 0; i < phases.size(); i += pieces.size()) {
    walk.date(phases.subspan(i, pieces.size()));
  }
  add_sources(out, used);
  const RunPhase& most = phases[main_phase(phases)];
  out.mtbf = most.mtbf;
  out.restart = most.restart;
  out.schedule = most.schedule;
  out.schedule.effective = out.ideal / out.expected;
  out.mean_power = out.energy / out.expected;
  out.model_flops = run_flops(run, AttentionCount::causal_half);
  out.full_flops = run_flops(run, AttentionCount::full_square);
  out.tokens = run.tokens / out.expected;
  return out;
}

}  // namespace traincast
