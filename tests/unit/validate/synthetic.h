// A library and rows whose true step times are known: one GPU, one small model, a batch long enough that
// computation is all of the step but a thousandth.
#pragma once

#include <string>

#include "host/validate/evaluate.h"

namespace traincast::test {

inline Gpu small_gpu() {
  Gpu gpu;
  gpu.name = "small";
  gpu.aliases = {"S1"};
  gpu.compute.peak[static_cast<std::size_t>(DataType::bf16)] = FlopRate(1e15);
  gpu.memory.capacity = Bytes(80 * kGiB);
  gpu.memory.bandwidth = Bandwidth(3e12);
  gpu.links.nvlink = Bandwidth(450e9);
  gpu.links.host = Bandwidth(50e9);
  gpu.links.default_nic = Bandwidth(50e9);
  gpu.sustained.gemm[static_cast<std::size_t>(DataType::bf16)] = {FlopRate(7e14), 0, 0, 0};
  gpu.sustained.attention[static_cast<std::size_t>(AttentionKernel::flash2)] = {FlopRate(4e14),
                                                                                FlopRate(3e14), 0};
  gpu.sustained.stream = Bandwidth(2.5e12);
  return gpu;
}

inline Transformer small_model() {
  Transformer model;
  model.name = "small";
  model.layers = 2;
  model.hidden = 1024, model.ffn_hidden = 4096;
  model.heads = model.kv_heads = 8, model.head_dim = 128;
  model.vocab = 32000;
  model.sequence = 2048;
  return model;
}

inline PublishedRun small_run(const std::string& id, const std::string& family, const std::string& cluster) {
  PublishedRun run;
  run.id = id;
  run.family = family;
  run.cluster = cluster;
  run.gpu_label = "small";
  run.gpus = 1;
  run.stack = run.plan.stack = "known";
  run.model = small_model();
  run.plan.global_batch = 1024;
  run.measured = Seconds(1);
  return run;
}

inline Library small_library(double time_factor = 1) {
  Library library;
  library.gpus = {small_gpu()};
  Stack stack;
  stack.name = "known";
  stack.time_factor = time_factor;
  library.stacks = {stack};
  return library;
}

// A row that a stack of this time factor would have measured.
inline PublishedRun run_of_factor(double factor, const std::string& id, const std::string& family,
                                  const std::string& cluster, long long gpus = 1) {
  PublishedRun run = small_run(id, family, cluster);
  run.measured = predict(run, small_library(factor)).step.time;
  run.gpus = gpus;
  return run;
}

}  // namespace traincast::test
