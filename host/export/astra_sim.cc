#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/base/errors.h"
#include "host/export/export.h"
#include "host/export/links.h"
#include "host/model/layer.h"
#include "host/model/shard.h"

namespace traincast {
namespace {

using Json = nlohmann::ordered_json;

void check_expressible(const Run& run) {
  const auto refuse = [&](const std::string& what) {
    throw ConfigError(run.name + ": the text workload of ASTRA-sim knows no " + what);
  };
  if (run.model.moe) refuse("mixture of experts here; accepted: a dense model");
  if (run.plan.context_parallel > 1) refuse("context parallelism; accepted: context_parallel 1");
  if (run.plan.zero_stage > 2) refuse("sharded weights; accepted: zero_stage 0, 1 or 2");
  if (gradient_reductions(run.plan) > 1)
    refuse(
        "gradients scattered after each micro-batch; accepted: zero_stage 0 or 1, a pipeline, or one "
        "micro-batch a step");
  if (run.plan.data_parallel < 2)
    refuse("run without collectives between replicas; accepted: data_parallel 2 or more");
}

// The data-parallel group of one rank: inside NVLink domains first, where it has several ranks there.
struct Dimensions {
  std::int64_t inside = 1, outside = 1;
};
Dimensions dimensions(const CommGroup& group) {
  const std::int64_t inside = group.ranks % group.ranks_per_domain == 0 ? group.ranks_per_domain : 1;
  return {inside, group.ranks / inside};
}

template <typename Value>
std::string listed(const Dimensions& dims, Value inside, Value outside) {
  std::ostringstream text;
  text << "[ ";
  if (dims.inside > 1) text << inside << (dims.outside > 1 ? ", " : "");
  if (dims.outside > 1) text << outside;
  text << " ]";
  return text.str();
}

// Of one layer on one rank, in the format that the stack reduces them in.
Bytes gradients(const Run& run) {
  return layer_message(run) / 2 * run.stack.gradient_bytes;
}

// Inside a domain, and between the ranks of several domains that hold the same part of a message.
struct TwoLinks {
  Link inside, outside;
};
TwoLinks links_of_dimensions(const Dimensions& dims, const Run& run, const System& system) {
  const CommGroup data = data_group(run.plan, system);
  const CommGroup inside{.ranks = dims.inside, .ranks_per_domain = dims.inside, .span = dims.inside};
  const CommGroup outside{.ranks = dims.outside, .ranks_per_domain = 1, .span = data.span};
  const Bytes message = gradients(run);
  return {fitted(system.gpu->links.nvlink, dims.inside, inside, message, system),
          fitted(run.cluster.network.nic_per_gpu, dims.outside, outside,
                 message / static_cast<double>(dims.inside), system)};
}

std::string network_yml(const Dimensions& dims, const TwoLinks& links) {
  // What the fitted links sustain, in the program's GB of 2^30 bytes (bw_GBps_to_Bpns of its analytical
  // network), and ns; to another rank a message takes two links of a switch.
  const auto rate = [](const Link& link) {
    return std::round(link.rate.value() * link.efficiency / kGiB * 1e4) / 1e4;
  };
  const auto latency = [](const Link& link, std::int64_t ranks) {
    return std::round(link.latency.value() * 1e9 / static_cast<double>(ranks) / 2);
  };
  std::ostringstream text;
  text << "topology: " << listed(dims, "Switch", "Switch") << "\n"
       << "npus_count: " << listed(dims, dims.inside, dims.outside) << "\n"
       << "bandwidth: " << listed(dims, rate(links.inside), rate(links.outside))
       << "  # 2^30 B/s, sustained\n"
       << "latency: "
       << listed(dims, latency(links.inside, dims.inside), latency(links.outside, dims.outside))
       << "  # ns, of one link: a ring step takes two\n";
  return text.str();
}

std::string system_json(const Dimensions& dims, const Run& run, const System& system) {
  Json rings = Json::array();
  if (dims.inside > 1) rings.push_back("ring");
  if (dims.outside > 1) rings.push_back("ring");
  const Json json = {{"scheduling-policy", "LIFO"},
                     {"endpoint-delay", 0},
                     {"active-chunks-per-dimension", 1},
                     {"preferred-dataset-splits", 1},
                     {"all-reduce-implementation", rings},
                     {"all-gather-implementation", rings},
                     {"reduce-scatter-implementation", rings},
                     {"all-to-all-implementation", rings},
                     {"collective-optimization", "localBWAware"},
                     {"local-mem-bw", system.gpu->memory.bandwidth.value() / 1e9},
                     {"boost-mode", 0},
                     {"roofline-enabled", 0},
                     {"peak-perf", system.gpu->peak(gemm_type(run.plan.precision)).value() / 1e12}};
  return json.dump(2) + "\n";
}

double micro_batches(const Plan& plan) {
  const std::int64_t whole = plan.global_batch / (plan.data_parallel * plan.micro_batch);
  return static_cast<double>(whole);
}

PassTimes times_of(const Run& run, const System& system, std::int64_t layer) {
  const std::int64_t window = run.model.is_sliding_layer(layer)
                                  ? std::min(run.model.sliding_window, run.model.sequence)
                                  : run.model.sequence;
  return layer_times(run.model, run.plan, run.stack, system, LayerKind::dense, window);
}

std::string seconds(double value) {
  std::ostringstream text;
  text.precision(4);
  text << value;
  return text.str();
}

std::int64_t microseconds(double seconds) {
  return std::llround(seconds * 1e6);
}

// Columns of inputs/workload/ASTRA-sim-1.0/README.md: name, reserved, then time, collective and bytes of the
// forward pass, of the input's gradient and of the weights' gradient, and the delay of the update.
std::string workload_text(const Run& run, const System& system, std::int64_t layers) {
  const double passes = micro_batches(run.plan);
  std::ostringstream text;
  text << "DATA\n" << layers << "\n";
  for (std::int64_t i = 0; i < layers; ++i) {
    const PassTimes times = times_of(run, system, i);
    const double weights = times.weight_gradient;
    const double inputs = times.backward.sum() - weights;
    // Chakra's converter leaves the first layer's input gradient out; the stage before it waits for that.
    const double apart = i == 0 ? 0 : inputs;
    text << "layer" << i << " -1 " << microseconds(passes * times.forward.sum()) << " NONE 0 "
         << microseconds(passes * apart) << " NONE 0 " << microseconds(passes * (weights + inputs - apart))
         << " ALLREDUCE " << std::llround(gradients(run).value()) << " 0\n";
  }
  return text.str();
}

}  // namespace

Export export_astra_sim(const Run& run, const System& system) {
  check_expressible(run);
  const Dimensions dims = dimensions(data_group(run.plan, system));
  std::int64_t layers = 0;
  for (std::int64_t v = 0; v < run.plan.virtual_stages; ++v) {
    layers += chunk_layers(run.model, run.plan, v * run.plan.pipeline_parallel).count;
  }
  double compute = 0;  // of the layers, all micro-batches
  for (std::int64_t i = 0; i < layers; ++i) {
    const PassTimes times = times_of(run, system, i);
    compute += micro_batches(run.plan) * (times.forward.sum() + times.backward.sum());
  }
  const Seconds exposed =
      system.collectives->time(Collective::all_reduce, gradients(run), data_group(run.plan, system));
  Export result;
  result.files = {{"network.yml", network_yml(dims, links_of_dimensions(dims, run, system))},
                  {"system.json", system_json(dims, run, system)},
                  {"workload.txt", workload_text(run, system, layers)},
                  {"memory.json", "{\"memory-type\": \"NO_MEMORY_EXPANSION\"}\n"}};
  constexpr const char* kProgram =
      "then: AstraSim_Analytical_Congestion_Unaware --workload-configuration=trace "
      "--system-configuration=system.json --network-configuration=network.yml "
      "--remote-memory-configuration=memory.json";
  constexpr const char* kScope =
      "an NPU is one rank of a data-parallel group of the first pipeline stage; tensor-parallel messages are "
      "inside the compute times, gradients are all-reduced a layer";
  const std::string converter =
      "workload.txt is the text format of ASTRA-sim 1, of which Chakra's converter makes the traces that "
      "version 2 reads: chakra_converter Text --input workload.txt --output trace --num-npus " +
      std::to_string(run.plan.data_parallel) + " --num-passes 1";
  result.notes = {
      converter, kProgram, kScope,
      "not in it: pipeline messages and bubble, embedding and output layer, optimiser, rank spread",
      "what is in it takes " + seconds(compute) + " s here, and with the last layer's gradients " +
          seconds(compute + exposed.value()) + " s"};
  return result;
}

}  // namespace traincast
