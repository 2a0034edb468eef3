// One small, correct config of each kind, to be spoiled by tests.
#pragma once

#include "host/config/find.h"
#include "tests/unit/config/temporary.h"

namespace traincast {

inline constexpr const char* kGpu = R"({
  "origin": "datasheet", "source": "sheet", "product": "Test GPU", "profile": "test-profile",
  "compute": {"fp32": "67 TFLOP/s", "bf16": "1 PFLOP/s", "fp16": "1 PFLOP/s", "tf32": "500 TFLOP/s",
              "fp8": "2 PFLOP/s", "multiprocessors": 132, "boost_clock": "1830 MHz", "source": "table 1"},
  "memory": {"capacity": "80 GiB", "bandwidth": "3.35 TB/s"},
  "links": {"nvlink": "450 GB/s", "host": "55 GB/s", "nvlink_domain": 8, "default_nic": "400 Gb/s"},
  "sustained": {"gemm": {"bf16": {"plateau": "700 TFLOP/s", "half_m": 32, "half_n": 32, "half_k": 64}},
                "attention": {"flash2": {"forward": "335 TFLOP/s", "backward": "290 TFLOP/s", "half_length": 350}},
                "stream": "2.68 TB/s", "launch": "3 us", "spread": 0.015},
  "power": {"board": "700 W", "server_training": "969 W", "origin": "measured", "source": "a paper"},
  "price": {"capital": "51600 USD", "rent": "2.5 USD/h"}})";

inline constexpr const char* kCluster = R"({
  "origin": "published", "source": "a paper", "fleets": [{"gpu": "test", "gpus": 512}, {"gpu": "old", "gpus": 64}],
  "gpus_per_node": 8, "nvlink_domain": 8,
  "network": {"nic_per_gpu": "400 Gb/s", "efficiency": 0.92, "sharp": false, "tiers": [
    {"name": "rail", "gpus": 256, "oversubscription": 1, "latency": "3 us"},
    {"name": "spine", "gpus": 1024, "oversubscription": 7, "latency": "6 us"}]},
  "reliability": {"mtbf_per_gpu": "50700 h", "restart": "10 min"},
  "storage": {"write": "2 TB/s", "stall": "5 s", "asynchronous": true, "bytes_per_parameter": 14},
  "power": {"network_share": 0.1, "pue": 1.2, "price": "64 USD/MWh", "co2": "0.2835 kg/kWh"}})";

// 8 x 12.6e6 + 2 x 32.8e6 parameters.
inline constexpr const char* kModel = R"({
  "origin": "published", "source": "a paper", "layers": 8, "hidden": 1024, "ffn_hidden": 2816, "heads": 16,
  "kv_heads": 4, "head_dim": 64, "vocab": 32000, "sequence": 2048, "parameters": 155.7e6})";

inline constexpr const char* kMixture = R"({
  "origin": "published", "source": "a paper", "layers": 8, "hidden": 1024, "ffn_hidden": 2816, "heads": 16,
  "kv_heads": 16, "head_dim": 64, "vocab": 32000, "sequence": 2048, "mtp_layers": 1,
  "moe": {"experts": 32, "top_k": 4, "ffn_hidden": 512, "shared_experts": 2, "first_dense_layers": 1},
  "mla": {"q_rank": 0, "kv_rank": 256, "nope_dim": 64, "rope_dim": 32, "value_dim": 64}})";

inline constexpr const char* kPlan = R"({
  "origin": "assumed", "source": "a guess", "tensor_parallel": 4, "pipeline_parallel": 4, "data_parallel": 16,
  "micro_batch": 1, "global_batch": 256, "precision": "bf16", "recompute": "selective", "schedule": "1f1b",
  "stack": "base"})";

inline constexpr const char* kStack = R"({
  "origin": "fitted", "source": "a fit", "attention": "flash2", "time_factor": 1.1, "elementwise_passes": 1.5,
  "tensor_exposed": 0.8, "data_exposed": 0.4, "expert_exposed": 0.7, "pipeline_exposed": 1,
  "gradient_bytes": 4, "accumulate_bytes": 6, "layer_overhead": "20 us", "moe_overhead": "0 s",
  "step_overhead": "30 ms",
  "attention_rate": 0.9, "logit_bytes": 40, "expert_rate": 0.86, "selective_gemms": 0,
  "selective_attention": true, "context_exposed": 0.3, "shard_rate": 1.0, "shard_serial": 0.15,
  "dispatch_bytes": 2, "dispatch_once_per_node": false, "interleave_by_default": true,
  "shard_experts_by_default": false, "parallel_block": false, "rank_overhead": "0 s", "recompute_when_needed": "full", "offload_when_needed": false, "moment_bytes": 8,
  "separate_master": true, "fp8_weights": true, "dummy_gradients": true, "loss_bytes": 2, "selective_elementwise": false, "overlap_slowdown": 1, "moe_overhead_rack": "0 s", "layer_launch": "0 s", "always_recompute": false, "dropout":
  false, "context_exchange": "ring"})";

inline constexpr const char* kRun = R"({
  "origin": "published", "source": "a paper", "title": "A run", "model": "small", "cluster": "site", "gpus": 256,
  "plan": "wide", "tokens": "15.6 Ttoken", "assumptions": ["the plan is not published"],
  "published": {"days_low": "50 d", "days_high": "54 d", "mfu_low": 0.38, "gpu_hours": 30.8e6,
                "flops": "3.8e7 EFLOP", "measured": true, "source": "its table 3"}})";

inline constexpr const char* kProfile = R"({
  "schema_version": 1, "origin": "published", "source": "a paper", "gpu": "test",
  "ops": [{"op": "gemm", "dtype": "bf16", "layout": "forward", "m": 4, "n": 4, "k": 4, "median_s": 1.7e-4}],
  "collectives": []})";

// A folder with all of them, which refer to one another.
struct SampleConfigs {
  TemporaryFolder folder;
  SampleConfigs() {
    folder.write("gpus/test.json", kGpu);
    folder.write("gpus/old.json", replaced(kGpu, R"("fp8": "2 PFLOP/s", )", ""));
    folder.write("clusters/site.json", kCluster);
    folder.write("models/small.json", kModel);
    folder.write("models/mixture.json", kMixture);
    folder.write("plans/wide.json", kPlan);
    folder.write("stacks/base.json", kStack);
    folder.write("profiles/test-profile.json", kProfile);
    folder.write("runs/run.json", kRun);
  }
  ConfigStore store() const { return ConfigStore(folder.path()); }
  std::string file(const std::string& name) const { return (folder.path() / name).string(); }
};

}  // namespace traincast
