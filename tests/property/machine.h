// A random training and what it runs on, to be changed in one respect and run again.
#pragma once

#include <memory>
#include <optional>

#include "host/calibrate/system_times.h"
#include "host/model/collectives.h"
#include "host/model/roofline.h"
#include "host/model/step.h"
#include "tests/property/generate.h"

namespace traincast::property {

struct Training {
  Transformer model;
  Gpu gpu;
  Stack stack;
  Plan plan;
  Cluster cluster;
};

inline std::optional<Training> random_training(std::uint64_t seed) {
  Random random(seed);
  Training out;
  out.model = random_model(random);
  out.gpu = random_gpu(random);
  out.stack = random_stack(random);
  const std::optional<Plan> plan = random_plan(random, out.model);
  if (!plan) return std::nullopt;
  out.plan = *plan;
  out.cluster = random_cluster(random, out.gpu, out.plan.gpus());
  return out;
}

inline StepEstimate step_of(const Training& training) {
  const RooflineTimes kernels(training.gpu.sustained, training.stack.attention);
  const FabricTimes collectives(default_fabric(training.gpu, training.cluster));
  System system;
  system.gpu = &training.gpu;
  system.kernels = &kernels;
  system.collectives = &collectives;
  return estimate_step(training.model, training.plan, training.stack, system);
}

}  // namespace traincast::property
