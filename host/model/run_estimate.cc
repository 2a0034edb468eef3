#include "host/model/run_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <string>
#include <utility>

#include "host/base/errors.h"
#include "host/model/flops.h"
#include "host/model/parameters.h"

namespace traincast {
namespace {

std::string gib(Bytes bytes) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.1f GiB", bytes.value() / kGiB);
  return text.data();
}

void add_checkpoints(RunEstimate& out, const Run& run, Seconds step_time) {
  const Cluster::Storage& storage = run.cluster.storage;
  out.checkpoint = Bytes(storage.bytes_per_parameter * (parameters(run.model) + mtp_parameters(run.model)));
  const Seconds write = out.checkpoint / storage.write;
  out.checkpoint_stall = storage.stall + (storage.asynchronous ? Seconds(0) : write);
  // Checkpoints stand between steps; an asynchronous one must be written before the next begins.
  const Seconds shortest = std::max(step_time, storage.asynchronous ? write : Seconds(0));
  out.schedule = best_schedule(out.checkpoint_stall, out.mtbf, run.cluster.reliability.restart, shortest,
                               std::max(shortest, out.ideal));
}

void add_energy(RunEstimate& out, const Run& run, std::span<const FleetGpus> fleets) {
  const Cluster::Power& power = run.cluster.power;
  Watts servers;
  for (const FleetGpus& fleet : fleets) {
    servers += fleet.gpu->power.server_training * static_cast<double>(fleet.count);
  }
  out.power = servers * (1 + power.network_share) * power.pue;
  const double idle = out.schedule.restarting;
  out.mean_power = out.power * (1 - idle + kIdlePower * idle);
  out.energy = out.mean_power * out.expected;
  out.co2 = power.co2 * out.energy;
  out.electricity = power.price * out.energy;
}

void add_cost(RunEstimate& out, std::span<const FleetGpus> fleets) {
  constexpr double kSecondsPerYear = 365.25 * kSecondsPerDay;
  for (const FleetGpus& fleet : fleets) {
    const auto count = static_cast<double>(fleet.count);
    out.rent += fleet.gpu->price.rent * out.expected * count;
    out.capital += fleet.gpu->price.capital * count;
  }
  out.amortised = out.capital * (out.expected.value() / (kAmortisationYears * kSecondsPerYear));
}

}  // namespace

void require_fit(const MemoryEstimate& memory, const Gpu& gpu) {
  const Bytes capacity = gpu.memory.capacity;
  if (memory.total() <= capacity) return;
  std::array<std::pair<const char*, Bytes>, 8> parts = {
      {{"weights", memory.weights},
       {"gradients", memory.gradients},
       {"optimizer states", memory.optimizer},
       {"activations", memory.activations},
       {"loss", memory.loss},
       {"working memory", memory.working},
       {"buffers", memory.buffers},
       {"context, NCCL and reserve", memory.total() - memory.allocated()}}};
  std::stable_sort(parts.begin(), parts.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::string largest;
  for (std::size_t i = 0; i < 3; ++i) {
    largest += (i > 0 ? ", " : "") + std::string(parts[i].first) + " " + gib(parts[i].second);
  }
  throw InfeasiblePlan("does not fit: pipeline stage " + std::to_string(memory.stage) + " needs " +
                       gib(memory.total()) + " of the " + gib(capacity) + " of " + gpu.name + ", " +
                       gib(memory.total() - capacity) + " too much; most of it is " + largest);
}

RunEstimate estimate_run(const Run& run, const StepEstimate& step, std::span<const FleetGpus> fleets) {
  RunEstimate out;
  const double gpus = static_cast<double>(run.plan.gpus());
  const double step_tokens =
      static_cast<double>(run.plan.global_batch) * static_cast<double>(run.model.sequence);
  out.steps = std::ceil(run.tokens.value() / step_tokens);
  out.ideal = out.steps * step.time;
  out.mtbf = job_mtbf(run.cluster.reliability.mtbf_per_gpu, gpus);
  add_checkpoints(out, run, step.time);
  out.expected = out.ideal / out.schedule.effective;
  out.interruptions = out.expected / out.mtbf;
  out.gpu_hours = gpus * out.expected.value() / kSecondsPerHour;
  out.model_flops = run.tokens.value() * flops_per_token(run.model, AttentionCount::causal_half);
  out.full_flops = run.tokens.value() * flops_per_token(run.model, AttentionCount::full_square);
  out.tokens = run.tokens / out.expected;
  add_energy(out, run, fleets);
  add_cost(out, fleets);
  return out;
}

}  // namespace traincast
