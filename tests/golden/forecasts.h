// Two forecasts with round numbers, made by hand: what reports print of them depends on no model.
#pragma once

#include "host/model/forecast.h"

namespace traincast {

inline Transformer hand_model() {
  Transformer model;
  model.name = "tiny";
  model.layers = 2;
  model.hidden = 1024;
  model.ffn_hidden = 4096;
  model.heads = 8;
  model.kv_heads = 8;
  model.head_dim = 128;
  model.vocab = 32000;
  model.sequence = 2048;
  model.from = {Origin::published, "a paper"};
  return model;
}

inline Gpu hand_gpu() {
  Gpu gpu;
  gpu.name = "test-gpu";
  gpu.memory.capacity = Bytes(80 * kGiB);
  gpu.power.server_training = Watts(1000);
  gpu.price.capital = Dollars(40000);
  gpu.price.rent = DollarRate(2.0 / kSecondsPerHour);
  return gpu;
}

// 1,024 GPUs; one interruption of the job every 50 h; 10 s of stall a checkpoint, 6 min of restart.
inline Run hand_run() {
  Run run;
  run.name = "tiny-1k";
  run.title = "A tiny model on 1,024 GPUs";
  run.model = hand_model();
  run.cluster.name = "site";
  run.cluster.fleets = {{"test-gpu", 1024}};
  run.cluster.reliability = {
      Seconds(51200 * kSecondsPerHour), Seconds(360), false, {Origin::published, "a paper"}};
  run.cluster.storage = {Bandwidth(1e9), Seconds(10), true, 14, {Origin::assumed, "a guess"}};
  run.cluster.power = {
      0.1, 1.2, EnergyPrice(0.09 / 3.6e6), EmissionRate(0.3 / 3.6e6), {Origin::published, "a bill"}};
  run.plan.name = "tiny-plan";
  run.plan.tensor_parallel = 8;
  run.plan.pipeline_parallel = 2;
  run.plan.data_parallel = 64;
  run.plan.global_batch = 512;
  run.stack.name = "test-stack";
  run.tokens = Tokens(1e12);
  run.assumptions = {"The batch is constant."};
  PublishedFigures said;
  said.days_low = 40;
  said.days_high = 50;
  said.tflops_per_gpu = 400;
  said.measured = true;
  said.from = {Origin::published, "their report"};
  run.published = said;
  return run;
}

// A step of 4 s: 953,675 steps are 44.2 days.
inline StepEstimate hand_step() {
  StepEstimate step;
  step.time = Seconds(4);
  step.parts[Part::gemm] = 2;
  step.parts[Part::attention] = 1;
  step.parts[Part::bubble] = 0.5;
  step.parts[Part::data_comm] = 0.5;
  step.micro_batches = 8;
  step.tokens_per_gpu = TokenRate(256);
  step.model_flop_rate = FlopRate(420e12);
  step.mfu = 0.42;
  step.hfu = 0.42;
  return step;
}

// Not what the model makes of that run, so that its last digits may change.
inline RunEstimate hand_estimate() {
  RunEstimate e;
  e.steps = 953675;
  e.ideal = Seconds(3814700);
  e.expected = Seconds(4000000);
  e.mtbf = Seconds(180000);
  e.restart = Seconds(360);
  e.interruptions = 22;
  e.checkpoint = Bytes(1.5e12);
  e.checkpoint_stall = Seconds(10);
  e.schedule = {Seconds(1800), 0.953675, 0.002};
  e.gpu_hours = 1.125e6;
  e.model_flops = Flops(4.25e20);
  e.full_flops = Flops(4.5e20);
  e.tokens = TokenRate(250000);
  e.power = Watts(1.35e6);
  e.mean_power = Watts(1.25e6);
  e.energy = Joules(5e12);
  e.co2 = Kilograms(416000);
  e.rent = Dollars(2.25e6);
  e.amortised = Dollars(1.3e6);
  e.electricity = Dollars(125000);
  e.capital = Dollars(40.96e6);
  return e;
}

inline Forecast hand_forecast(const Gpu& gpu) {
  using enum FigureGroup;
  Forecast f;
  f.run = hand_run();
  f.pace = gpu.name;
  f.smallest = gpu.name;
  f.capacity = gpu.memory.capacity;
  f.memory.weights = Bytes(10 * kGiB);
  f.memory.activations = Bytes(30 * kGiB);
  f.memory.context = Bytes(0.5 * kGiB);
  f.step = hand_step();
  f.estimate = hand_estimate();
  f.published = compare_published(f.run, f.step, f.estimate);
  f.inputs = {
      {"kernel times", gpu.name, {Origin::fitted, "a fit"}, figure_groups({step, days, energy, cost})},
      {"model",
       "tiny",
       {Origin::published, "a paper"},
       figure_groups({step, memory, work, days, energy, cost})},
      {"checkpoint storage",
       "site",
       {Origin::assumed, "a guess"},
       figure_groups({checkpoints, days, energy, cost})},
      {"reliability", "site", {Origin::published, "a paper"}, figure_groups({failures, days, energy, cost})}};
  return f;
}

// The same in two parts, the first with a batch that grows from 128 sequences to 512.
inline Forecast hand_forecast_in_parts(const Gpu& gpu) {
  Forecast f = hand_forecast(gpu);
  f.run.name = "tiny-1k-parts";
  RunPart ramp{.title = "growing batch", .tokens = Tokens(2e11), .sequence = 1024, .plan = f.run.plan};
  ramp.rampup_start = 128;
  ramp.rampup_increment = 128;
  f.run.parts = {ramp, {.title = "full batch", .tokens = Tokens(8e11), .sequence = 2048, .plan = f.run.plan}};
  f.run.main_part = 1;
  PartForecast grows{.first_batch = 128, .last_batch = 384};
  grows.memory = f.memory;
  grows.first_step = Seconds(1);
  grows.last_step = Seconds(2.5);
  grows.steps = 932000;
  grows.ideal = Seconds(1.6e6);
  grows.expected = Seconds(1.7e6);
  grows.tokens_per_gpu = TokenRate(122);
  grows.mfu = 0.2;
  PartForecast full{.first_batch = 512, .last_batch = 512};
  full.memory = f.memory;
  full.first_step = full.last_step = Seconds(4);
  full.steps = 762940;
  full.ideal = Seconds(3.05e6);
  full.expected = Seconds(3.2e6);
  full.tokens_per_gpu = TokenRate(256);
  full.mfu = 0.42;
  f.parts = {grows, full};
  f.estimate.steps = grows.steps + full.steps;
  f.estimate.ideal = grows.ideal + full.ideal;
  f.estimate.expected = grows.expected + full.expected;
  return f;
}

inline Forecast hand_refusal(const Gpu& gpu) {
  Forecast f = hand_forecast(gpu);
  f.run.name = "tiny-too-large";
  f.run.title = "One that does not fit";
  f.infeasible =
      "does not fit: pipeline stage 0 needs 99.0 GiB of the 80.0 GiB of test-gpu, 19.0 GiB too much";
  return f;
}

}  // namespace traincast
