// Whole runs: how long, on how many GPUs, and what interruptions leave of a larger cluster.
#include <algorithm>

#include "host/claims/formula.h"
#include "host/model/reliability.h"

namespace traincast {
namespace {

constexpr InputSpec kRun{"run", InputKind::run};
constexpr InputSpec kOtherRun{"other_run", InputKind::run};
constexpr InputSpec kError{"model_error"};

InputSpec time(std::string_view name) {
  return {name, InputKind::fact, Seconds::kDimension};
}

double gpus_of(const Forecast& f) {
  return static_cast<double>(f.run.plan.gpus());
}

Seconds days(const Inputs& in) {
  return in.run("run").estimate.expected * in.number("model_error");
}

// Of the time, with failures and restarts as given and checkpoints as the run's cluster writes them.
double effective(const Forecast& f, Seconds mtbf_per_gpu, Seconds restart) {
  const Seconds mtbf = job_mtbf(mtbf_per_gpu, gpus_of(f));
  const Seconds shortest = f.step.time;
  return best_schedule(f.estimate.checkpoint_stall, mtbf, restart, shortest,
                       std::max(shortest, f.estimate.ideal))
      .effective;
}

double step_rate(const Forecast& f) {
  return f.step.model_flop_rate.value() * gpus_of(f);
}

double useful_ratio(const Inputs& in) {
  const Forecast& large = in.run("run");
  const Forecast& small = in.run("other_run");
  const auto mtbf = in.get<Seconds>("mtbf_per_gpu");
  const auto restart = in.get<Seconds>("restart");
  return step_rate(large) * effective(large, mtbf, restart) /
         (step_rate(small) * effective(small, mtbf, restart));
}

// The work done before the switch is what the smaller machine does at the same speed per GPU.
Seconds finish(const Inputs& in) {
  const Seconds whole = days(in);
  const auto ready = in.get<Seconds>("ready");
  const double share = static_cast<double>(in.cluster("before").gpus()) / gpus_of(in.run("run"));
  const double done = ready / whole * share;
  return done >= 1 ? whole / share : ready + (1 - done) * whole;
}

}  // namespace

std::vector<Formula> run_formulas() {
  return {
      formula("days_of_run", "estimate of the run, with interruptions and checkpoints", {kRun, kError}, days),
      formula("days_of_run_on", "GPU-days of the run / GPUs", {kRun, {"gpus"}, kError},
              [](const Inputs& in) { return days(in) * (gpus_of(in.run("run")) / in.number("gpus")); }),
      formula("finish_after_growth",
              "days on the small machine until the large one is ready + days of the large one for what is "
              "left of the run",
              {kRun, {"before", InputKind::cluster}, time("ready"), kError}, finish),
      formula(
          "gpus_for_run", "GPU-days of the run / days at hand", {kRun, time("available"), kError},
          [](const Inputs& in) { return days(in) / in.get<Seconds>("available") * gpus_of(in.run("run")); }),
      formula("run_speed_ratio", "days of the run on the one / days on the other", {kRun, kOtherRun},
              [](const Inputs& in) {
                return in.run("other_run").estimate.expected / in.run("run").estimate.expected;
              }),
      formula("useful_ratio",
              "(FLOP/s of a step x share of the time that is useful steps) of the one / the same of the "
              "other; the slowest GPU sets the pace",
              {kRun, kOtherRun, time("mtbf_per_gpu"), time("restart")}, useful_ratio),
      formula("time_between_interruptions", "time between interruptions of one GPU / GPUs",
              {{"cluster", InputKind::cluster}, time("mtbf_per_gpu")},
              [](const Inputs& in) {
                return job_mtbf(in.get<Seconds>("mtbf_per_gpu"),
                                static_cast<double>(in.cluster("cluster").gpus()));
              }),
      formula("days_to_install", "GPUs / 100,000 x time that 100,000 took", {{"gpus"}, time("time_for_100k")},
              [](const Inputs& in) { return in.get<Seconds>("time_for_100k") * (in.number("gpus") / 1e5); }),
      formula("training_compute_ratio", "training FLOP of the one / training FLOP of the other",
              {{"flops", InputKind::fact, Flops::kDimension},
               {"other_flops", InputKind::fact, Flops::kDimension}},
              [](const Inputs& in) { return in.get<Flops>("flops") / in.get<Flops>("other_flops"); }),
  };
}

}  // namespace traincast
