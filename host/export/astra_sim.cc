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

std::string network_yml(const Dimensions& dims, const Links& links) {
  // GB/s that the fitted links sustain, and ns.
  const auto rate = [](const Link& link) {
    return std::round(link.rate.value() * link.efficiency / 1e7) / 100;
  };
  const auto latency = [](const Link& link, std::int64_t ranks) {
    return std::round(link.latency.value() * 1e9 / static_cast<double>(ranks));
  };
  std::ostringstream text;
  text << "topology: " << listed(dims, "Switch", "Switch") << "\n"
       << "npus_count: " << listed(dims, dims.inside, dims.outside) << "\n"
       << "bandwidth: " << listed(dims, rate(links.domain), rate(links.fabric)) << "  # GB/s, sustained\n"
       << "latency: " << listed(dims, latency(links.domain, dims.inside), latency(links.fabric, dims.outside))
       << "  # ns, of a ring step\n";
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

std::int64_t microseconds(double seconds) {
  return std::llround(seconds * 1e6);
}

// Columns of inputs/workload/ASTRA-sim-1.0/README.md: name, reserved, then time, collective and bytes of the
// forward pass, of the input's gradient and of the weights' gradient, and the delay of the update.
std::string workload_text(const Run& run, const System& system, std::int64_t layers) {
  const Plan& plan = run.plan;
  const auto micro_batches = static_cast<double>(plan.global_batch / (plan.data_parallel * plan.micro_batch));
  std::ostringstream text;
  text << "DATA\n" << layers << "\n";
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::int64_t window = run.model.is_sliding_layer(i)
                                    ? std::min(run.model.sliding_window, run.model.sequence)
                                    : run.model.sequence;
    const PassTimes times = layer_times(run.model, plan, run.stack, system, LayerKind::dense, window);
    const double weights = times.weight_gradient;
    const double inputs = times.backward.sum() - weights;
    const auto bytes = std::llround(layer_message(run).value() / 2 * run.stack.gradient_bytes);
    text << "layer" << i << " -1 " << microseconds(micro_batches * times.forward.sum()) << " NONE 0 "
         << microseconds(micro_batches * inputs) << " NONE 0 " << microseconds(micro_batches * weights)
         << " ALLREDUCE " << bytes << " 0\n";
  }
  return text.str();
}

}  // namespace

Export export_astra_sim(const Run& run, const System& system) {
  check_expressible(run);
  const Dimensions dims = dimensions(data_group(run.plan, system));
  const Links links = links_of(run, system);
  std::int64_t layers = 0;
  for (std::int64_t v = 0; v < run.plan.virtual_stages; ++v) {
    layers += chunk_layers(run.model, run.plan, v * run.plan.pipeline_parallel).count;
  }
  Export result;
  result.files = {{"network.yml", network_yml(dims, links)},
                  {"system.json", system_json(dims, run, system)},
                  {"workload.txt", workload_text(run, system, layers)}};
  result.notes = {
      "network.yml and system.json are read by ASTRA-sim 2 (analytical network); workload.txt is the text "
      "format "
      "of ASTRA-sim 1 with times in microseconds, as Chakra's converter takes them: chakra_converter Text "
      "--input workload.txt --output et/trace --num-npus " +
          std::to_string(run.plan.data_parallel) + " --num-passes 1",
      "an NPU is one rank of a data-parallel group of the first pipeline stage; tensor-parallel messages are "
      "inside the compute times, gradients are all-reduced a layer",
      "not in it: pipeline messages and bubble, embedding and output layer, optimiser, rank spread"};
  return result;
}

}  // namespace traincast
