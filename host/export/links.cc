#include "host/export/links.h"

#include <algorithm>

#include "host/model/layer.h"
#include "host/model/shard.h"

namespace traincast {
namespace {

constexpr double kBytes = 2;  // of a weight or an activation, 16 bits

double ring_share(std::int64_t ranks) {
  return static_cast<double>(ranks - 1) / static_cast<double>(ranks);
}

}  // namespace

Link fitted(Bandwidth rate, std::int64_t size, const CommGroup& group, Bytes message, const System& system) {
  Link link{.rate = rate, .size = size};
  if (group.ranks < 2) return link;
  const CollectiveTimes& times = *system.collectives;
  const auto transfer = [&](Collective collective) {
    return std::max(1e-12, (times.time(collective, message, group) - link.latency).value());
  };
  link.latency = times.time(Collective::all_gather, Bytes(1), group);
  const double gather = transfer(Collective::all_gather);
  link.efficiency = std::clamp(message.value() * ring_share(group.ranks) / gather / rate.value(), 1e-6, 1.0);
  // Of the ring's time at that efficiency, which is the gather's unless it was cut to 1.
  const double ring = message.value() * ring_share(group.ranks) / (rate.value() * link.efficiency);
  link.reduce_scatter = transfer(Collective::reduce_scatter) / ring;
  link.all_reduce = transfer(Collective::all_reduce) / ring;
  return link;
}

Bytes tensor_message(const Run& run) {
  return Bytes(shard_of(run.model, run.plan).tokens * static_cast<double>(run.model.hidden) * kBytes);
}

Bytes stage_message(const Run& run) {
  const bool shared = run.plan.sequence_parallel;
  return tensor_message(run) / (shared ? static_cast<double>(run.plan.tensor_parallel) : 1.0);
}

Bytes layer_message(const Run& run) {
  return Bytes(layer_parameters(run.model, run.plan, false).total() * kBytes);
}

Links links_of(const Run& run, const System& system) {
  const Plan& plan = run.plan;
  const std::int64_t domain = system.nvlink_domain;
  const CommGroup tensor = tensor_group(plan, system);
  const CommGroup data = data_group(plan, system);
  Links links;
  links.tensor = plan.tensor_parallel <= domain ? 0 : 1;
  links.data = plan.tensor_parallel * plan.data_parallel <= domain ? 0 : 1;
  links.pipeline = plan.gpus() <= domain ? 0 : 1;
  const bool tensor_inside = links.tensor == 0 && tensor.ranks > 1;
  links.domain = fitted(system.gpu->links.nvlink, domain, tensor_inside ? tensor : data,
                        tensor_inside ? tensor_message(run) : layer_message(run), system);
  const bool tensor_outside = links.tensor == 1 && data.ranks < 2;
  links.fabric = fitted(run.cluster.network.nic_per_gpu, plan.gpus(), tensor_outside ? tensor : data,
                        tensor_outside ? tensor_message(run) : layer_message(run), system);
  if (plan.pipeline_parallel > 1) {
    Link& link = links.pipeline == 0 ? links.domain : links.fabric;
    const std::int64_t span = plan.gpus() / plan.pipeline_parallel + 1;
    const CommGroup pair{.ranks = 2, .ranks_per_domain = links.pipeline == 0 ? 2 : 1, .span = span};
    const Seconds time = system.collectives->time(Collective::send_recv, stage_message(run), pair);
    const double wire = stage_message(run).value() / (link.rate.value() * link.efficiency);
    link.send = std::max(1e-3, (time - link.latency).value() / wire);
  }
  if (links.data == 1 && links.tensor == 0) {
    // Gradients are reduced in a wider format than weights have.
    const double wider = std::max(1.0, run.stack.gradient_bytes / kBytes);
    links.fabric.reduce_scatter *= wider;
    links.fabric.all_reduce *= wider;
  }
  return links;
}

}  // namespace traincast
