#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "host/base/errors.h"
#include "host/export/export.h"
#include "host/export/links.h"
#include "host/model/layer.h"
#include "host/model/parameters.h"

namespace traincast {
namespace {

using Json = nlohmann::ordered_json;

// Four digits: what follows is below anybody's knowledge of a rate, and stable between compilers.
double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

double efficiency(double achieved, double peak) {
  return std::max(1e-6, rounded(std::min(1.0, achieved / peak)));
}

void check_expressible(const Run& run) {
  const Transformer& model = run.model;
  const Plan& plan = run.plan;
  const auto refuse = [&](const std::string& what) {
    throw ConfigError(run.name + ": Calculon knows no " + what);
  };
  if (model.moe) refuse("mixture of experts; accepted: a dense model");
  if (model.mla) refuse("latent attention; accepted: heads of one width");
  if (model.sliding_window > 0) refuse("sliding window; accepted: full attention in every layer");
  if (model.mtp_layers > 0) refuse("multi-token prediction; accepted: a model without");
  if (plan.context_parallel > 1) refuse("context parallelism; accepted: context_parallel 1");
  if (plan.zero_stage > 2) refuse("sharded weights; accepted: zero_stage 0, 1 or 2");
  if (plan.precision != Precision::bf16 && plan.precision != Precision::fp16) {
    refuse("8-bit GEMMs beside 16-bit activations; accepted: precision bf16 or fp16");
  }
  if (plan.schedule != Schedule::one_f_one_b && plan.schedule != Schedule::interleaved) {
    refuse("schedule " + std::string(name(plan.schedule)) + "; accepted: 1f1b interleaved");
  }
}

// Calculon's block has two FFN matrices, and keys and values for every head. Its width is chosen such that a
// block keeps its weights: 2 h f' + 4 h a d = (3 or 2) h f + 2 h a d + 2 h k d (a heads, k of them with
// keys).
std::int64_t feedforward(const Transformer& model, std::int64_t tensor) {
  const double width = (model.gated_ffn ? 1.5 : 1.0) * static_cast<double>(model.ffn_hidden) -
                       static_cast<double>((model.heads - model.kv_heads) * model.head_dim);
  const double shards = std::round(width / static_cast<double>(tensor));
  if (shards < 1) {
    throw ConfigError(
        model.name +
        ": Calculon gives every head its own keys and values, which alone are more weights than "
        "this model's block has");
  }
  return static_cast<std::int64_t>(shards) * tensor;
}

Json application(const Transformer& model, const Plan& plan) {
  return {{"hidden", model.hidden},      {"feedforward", feedforward(model, plan.tensor_parallel)},
          {"seq_size", model.sequence},  {"attn_heads", model.heads},
          {"attn_size", model.head_dim}, {"num_blocks", model.layers}};
}

const char* recomputation(const Plan& plan, const Stack& stack) {
  if (plan.recompute == Recompute::full) return "full";
  // Fused attention computes its scores again in the backward pass, and so does "attn_only".
  const bool fused = stack.attention != AttentionKernel::unfused;
  return plan.recompute == Recompute::selective || fused ? "attn_only" : "none";
}

Json execution(const Run& run, const Links& links) {
  const Plan& plan = run.plan;
  const bool tensor = plan.tensor_parallel > 1;
  const bool data = plan.data_parallel > 1;
  const bool scattered = tensor && plan.sequence_parallel;
  const std::string recompute = recomputation(plan, run.stack);
  return {{"num_procs", plan.gpus()},
          {"tensor_par", plan.tensor_parallel},
          {"pipeline_par", plan.pipeline_parallel},
          {"data_par", plan.data_parallel},
          {"tensor_par_net", links.tensor},
          {"pipeline_par_net", links.pipeline},
          {"data_par_net", links.data},
          {"batch_size", plan.global_batch},
          {"microbatch_size", plan.micro_batch},
          {"datatype", plan.precision == Precision::fp16 ? "float16" : "bfloat16"},
          {"fused_activation", true},
          {"attention_type", "multihead"},
          {"activation_recompute", recompute},
          {"pipeline_interleaving", plan.pipeline_parallel > 1 ? plan.virtual_stages : 1},
          {"optimizer_sharding", plan.zero_stage > 0 && data},
          {"tensor_par_comm_type", scattered ? "rs_ag" : "ar"},
          {"tensor_par_overlap", tensor && run.stack.tensor_exposed < 0.5 ? "ring" : "none"},
          // Sequence parallelism keeps shards alone and gathers again (arXiv 2205.05198, section 4.2.2).
          {"seq_par_ag_redo", scattered && recompute != "full"},
          {"data_par_overlap", data && run.stack.data_exposed < 0.5},
          {"weight_offload", false},
          {"activations_offload", false},
          {"optimizer_offload", false},
          {"training", true}};
}

// [least size, efficiency], falling, each in the middle (by ratio) of its octave.
template <typename At>
Json steps(int highest, int lowest, At efficiency_at) {
  Json table = Json::array();
  for (int i = highest; i >= lowest; --i) {
    table.push_back({std::ldexp(1.0, i), efficiency_at(std::ldexp(std::sqrt(2.0), i))});
  }
  table.push_back({0, efficiency_at(std::ldexp(std::sqrt(0.5), lowest))});
  return table;
}

Json matrix_engine(const Run& run, const System& system, DataType type) {
  const double peak = system.gpu->peak(type).value();
  const auto rows = static_cast<std::int64_t>(shard_of(run.model, run.plan).tokens);
  const auto at = [&](double gflops) {
    const double side = std::sqrt(gflops * 1e9 / (2.0 * static_cast<double>(rows)));
    const auto n = std::max<std::int64_t>(8, static_cast<std::int64_t>(std::llround(side / 8)) * 8);
    const Gemm gemm{.m = rows, .n = n, .k = n, .dtype = type};
    const double flops = 2.0 * static_cast<double>(rows) * static_cast<double>(n) * static_cast<double>(n);
    return efficiency(flops / (system.kernels->time(gemm).value() * run.stack.time_factor), peak);
  };
  return {{"tflops", peak / 1e12}, {"gflops_efficiency", steps(17, -2, at)}};
}

Json memory(const Run& run, const System& system) {
  const double peak = system.gpu->memory.bandwidth.value();
  const auto at = [&](double megabytes) {
    const double seconds = megabytes * 1e6 / system.kernels->stream_rate().value() * run.stack.time_factor +
                           system.gpu->sustained.launch.value();
    return efficiency(megabytes * 1e6 / seconds, peak);
  };
  return {{"GiB", system.gpu->memory.capacity.value() / kGiB},
          {"GBps", peak / 1e9},
          {"MB_efficiency", steps(10, -5, at)}};
}

Json network(const Link& link, double processor_usage) {
  return {{"bandwidth", link.rate.value() / 1e9},
          {"efficiency", efficiency(link.efficiency, 1)},
          {"size", link.size},
          {"latency", rounded(link.latency.value())},
          // time = latency + bytes x scalar x (1 + offset / ranks) / rate: rings send (n - 1) / n.
          {"ops",
           {{"p2p", {rounded(link.send), nullptr}},
            {"reduce_scatter", {rounded(link.reduce_scatter), -1}},
            {"all_gather", {1.0, -1}},
            {"all_reduce", {rounded(link.all_reduce), -1}}}},
          {"must_be_filled", false},
          {"processor_usage", rounded(processor_usage)}};
}

Json system_json(const Run& run, const System& system, const Links& links) {
  const DataType type = gemm_type(run.plan.precision);
  const char* format = type == DataType::fp16 ? "float16" : "bfloat16";
  const double used = 1 - 1 / run.stack.overlap_slowdown;
  Json json;
  json["matrix"][format] = matrix_engine(run, system, type);
  json["vector"][format] = {{"tflops", system.gpu->peak(DataType::fp32).value() / 1e12},
                            {"gflops_efficiency", Json::array({Json::array({0, 1.0})})}};
  json["mem1"] = memory(run, system);
  // No capacity: nothing is offloaded.
  json["mem2"] = {{"GiB", 0},
                  {"GBps", system.gpu->links.host.value() / 1e9},
                  {"MB_efficiency", Json::array({Json::array({0, 1.0})})}};
  json["processing_mode"] = "roofline";
  json["networks"] = {network(links.domain, used), network(links.fabric, used)};
  return json;
}

std::vector<std::string> notes_of(const Run& run) {
  const Transformer& model = run.model;
  std::vector<std::string> notes;
  if (model.gated_ffn || model.kv_heads != model.heads) {
    notes.push_back("feedforward " + std::to_string(feedforward(model, run.plan.tensor_parallel)) +
                    " stands for a " + (model.gated_ffn ? "gated " : "") + "FFN of " +
                    std::to_string(model.ffn_hidden) + " with " + std::to_string(model.kv_heads) +
                    " heads of keys and values: a block keeps its weights");
  }
  notes.emplace_back("Calculon counts the full square of attention, unfused, where " +
                     std::string(model.causal ? "causal kernels do half; " : "ours is one kernel; ") +
                     "scores go through memory");
  notes.emplace_back("not in it: embedding and output layer (" + std::to_string(model.vocab) +
                     " words), rank spread and jitter, overheads of the software stack");
  if (run.plan.recompute == Recompute::full && run.plan.recompute_share < 1) {
    notes.emplace_back("full recomputation of all layers, where the plan has it for a share of them");
  }
  if (run.plan.zero_stage == 2) {
    notes.emplace_back("optimizer_sharding stands for ZeRO 2: its messages are those of ZeRO 1");
  }
  if (run.plan.shard_ranks > 0) notes.emplace_back("optimiser states over all data-parallel ranks");
  if (run.cluster.fleets.size() > 1) notes.emplace_back("every GPU is the one that sets the pace");
  notes.emplace_back(
      "efficiencies of GEMMs, memory and links are ours at the sizes of this run: other plans "
      "need another export");
  return notes;
}

}  // namespace

Export export_calculon(const Run& run, const System& system) {
  check_expressible(run);
  const Links links = links_of(run, system);
  return {.files = {{"application.json", application(run.model, run.plan).dump(2) + "\n"},
                    {"execution.json", execution(run, links).dump(2) + "\n"},
                    {"system.json", system_json(run, system, links).dump(2) + "\n"}},
          .notes = notes_of(run)};
}

}  // namespace traincast
