#include "host/calibrate/fleet_step.h"

#include <algorithm>

#include "host/config/check_plan.h"

namespace traincast {
namespace {

std::int64_t rounded_up(std::int64_t count, std::int64_t divisor) {
  return (count + divisor - 1) / divisor;
}

std::int64_t micro_batches(const Plan& plan) {
  return rounded_up(plan.global_batch, plan.micro_batch);
}

// The plan with a batch that divides: every replica as busy as the busiest.
Plan with_replicas(Plan plan, std::int64_t replicas, std::int64_t each) {
  plan.data_parallel = replicas;
  plan.global_batch = each * replicas * plan.micro_batch;
  return plan;
}

bool can_be_laid_out(const Run& run, std::int64_t replicas) {
  const Plan plan = with_replicas(run.plan, replicas, rounded_up(micro_batches(run.plan), replicas));
  return !plan_problem(plan, run.model, plan.gpus());
}

// What the estimate of a batch rounded up says of the batch itself.
void of_batch(StepEstimate& step, double share) {
  step.tokens_per_gpu *= share;
  step.model_flop_rate *= share;
  step.mfu *= share;
  step.hfu *= share;
}

}  // namespace

Seconds ClockedTimes::time(const Op& op) const {
  const Seconds full = at_full_.time(op);
  return std::holds_alternative<MemoryBound>(op) ? full : full / clock_;
}

RunSystems run_systems(Calibrator& calibrator, const Run& run) {
  RunSystems out;
  for (const Fleet& fleet : run.cluster.fleets) {
    out.systems.push_back(calibrator.system(run, fleet.gpu));
    out.gpus.push_back(&calibrator.gpu(fleet.gpu));
  }
  return out;
}

FleetStep fleet_step(const Run& run, const Plan& plan, const RunSystems& systems,
                     std::span<const FleetGpus> counts, double clock, bool unequal) {
  const auto estimate = [&](std::size_t fleet, std::int64_t each) {
    System system = systems.systems[fleet].view();
    const ClockedTimes clocked(*system.kernels, clock);
    if (clock < 1) system.kernels = &clocked;
    return estimate_step(run.model, with_replicas(plan, plan.data_parallel, each), run.stack, system);
  };
  const std::int64_t all = micro_batches(plan);
  std::vector<double> speed;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    speed.push_back(counts.size() > 1 ? 1 / estimate(i, rounded_up(all, plan.data_parallel)).time.value()
                                      : 1);
  }
  const std::int64_t replica = plan.gpus() / plan.data_parallel;
  const std::vector<std::int64_t> replicas = replicas_by_fleet(counts, replica, plan.data_parallel, speed);
  std::vector<FleetPace> paces;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    paces.push_back({replicas[i], [&estimate, i](std::int64_t each) { return estimate(i, each).time; }});
  }
  const WorkShare share = unequal && counts.size() > 1 ? unequal_work(paces, all) : equal_work(paces, all);
  FleetStep out;
  out.pace = share.slowest;
  const std::int64_t busiest = share.micro_batches[share.slowest];
  out.step = estimate(share.slowest, busiest);
  of_batch(out.step, static_cast<double>(plan.global_batch) /
                         static_cast<double>(busiest * plan.data_parallel * plan.micro_batch));
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto count = static_cast<double>(counts[i].count);
    out.fleets.push_back({.gpu = counts[i].gpu->name,
                          .gpus = counts[i].count,
                          .replicas = replicas[i],
                          .micro_batches = share.micro_batches[i],
                          .own_step = share.own[i],
                          .rent = counts[i].gpu->price.rent * count,
                          .capital = counts[i].gpu->price.capital * count});
  }
  return out;
}

Plan resized_plan(const Run& run, std::int64_t most_replicas) {
  std::int64_t replicas = std::min(most_replicas, run.plan.data_parallel);
  while (replicas > 0 && !can_be_laid_out(run, replicas)) --replicas;
  if (replicas == run.plan.data_parallel) return run.plan;
  if (replicas > 0) {
    const std::int64_t each = rounded_up(micro_batches(run.plan), replicas);
    std::int64_t fewest = rounded_up(micro_batches(run.plan), each);
    while (fewest < replicas && !can_be_laid_out(run, fewest)) ++fewest;
    replicas = fewest;
  }
  Plan plan = run.plan;
  plan.data_parallel = replicas;
  return plan;
}

}  // namespace traincast
