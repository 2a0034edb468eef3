// A fabric from datasheets, with scalars from public measurements of NCCL on other machines.
#include <array>
#include <string>

#include "host/model/collectives.h"
#include "host/model/collectives_tuning.h"

namespace traincast {
namespace {

struct GenerationName {
  std::string_view text;
  GpuGeneration generation;
};
constexpr std::array<GenerationName, 12> kGenerations{{{"V100", GpuGeneration::volta},
                                                       {"A100", GpuGeneration::ampere},
                                                       {"A800", GpuGeneration::ampere},
                                                       {"A40", GpuGeneration::ampere},
                                                       {"H100", GpuGeneration::hopper},
                                                       {"H200", GpuGeneration::hopper},
                                                       {"H800", GpuGeneration::hopper},
                                                       {"H20", GpuGeneration::hopper},
                                                       {"GH200", GpuGeneration::hopper},
                                                       {"B200", GpuGeneration::blackwell},
                                                       {"B300", GpuGeneration::blackwell},
                                                       {"B100", GpuGeneration::blackwell}}};

void set_bandwidth(Scalars& scalars, double factor) {
  for (ClassScalars& c : scalars) {
    for (auto& by_protocol : c.link) {
      for (LinkScalars& link : by_protocol) link.bandwidth = factor;
    }
  }
}

// Inside a node: large messages reach 0.93 of NCCL's ring rating, and NVLS 0.84 of its own, on 8 x H100 and
// A100 (NCCL 2.29.2 and 2.27.3 tables of ai-dynamo/aiconfigurator: all-reduce 445 GB/s at 512 MB with NVLS,
// all-gather 335 to 361 GB/s; A100 222 GB/s), all-to-all 0.87 (315 GB/s).
Scalars scalars_inside() {
  Scalars scalars{};
  set_bandwidth(scalars, 0.93);
  auto& all_reduce = scalars[static_cast<std::size_t>(CollectiveClass::all_reduce)];
  all_reduce.of(CollectiveAlgorithm::nvls, Protocol::simple).bandwidth = 0.84;
  auto& pairwise = scalars[static_cast<std::size_t>(CollectiveClass::all_to_all)];
  pairwise.of(CollectiveAlgorithm::pairwise, Protocol::simple).bandwidth = 0.87;
  return scalars;
}

// Between nodes: what the cluster says a large ring gets from its NICs, for every algorithm. Ring latencies
// as NCCL rates them, which reproduce reduce-scatter on 4 to 128 H100 nodes (NVIDIA/nccl issue 1229); a hop
// of a tree costs 1.7 times its constant or more on both A100 clusters whose logs fabric.cc in calibrate/
// names.
Scalars scalars_between(double of_rating) {
  Scalars scalars{};
  set_bandwidth(scalars, of_rating);
  auto& all_reduce = scalars[static_cast<std::size_t>(CollectiveClass::all_reduce)];
  for (LinkScalars& link : all_reduce.link[static_cast<std::size_t>(AlgorithmFamily::tree)])
    link.inter_latency = 1.7;
  return scalars;
}

}  // namespace

GpuGeneration gpu_generation(std::string_view product) {
  for (const GenerationName& row : kGenerations) {
    if (product.find(row.text) != std::string_view::npos) return row.generation;
  }
  return GpuGeneration::hopper;
}

Fabric default_fabric(const Gpu& gpu, const Cluster& cluster) {
  Fabric fabric;
  fabric.generation = gpu_generation(gpu.product);
  fabric.nvls = fabric.generation >= GpuGeneration::hopper;
  fabric.sharp = cluster.network.sharp;
  // One NIC a GPU: clusters give the rate by GPU.
  fabric.gpus_per_node = cluster.nvlink_domain > 0 ? cluster.nvlink_domain : cluster.gpus_per_node;
  fabric.nics_per_node = static_cast<double>(fabric.gpus_per_node);
  fabric.nvlink = gpu.links.nvlink;
  fabric.nic = cluster.network.nic_per_gpu;
  fabric.tiers = cluster.network.tiers;
  fabric.inside = scalars_inside();
  const double rating = nccl_nic_speed(fabric.generation, fabric.nic);
  fabric.between = scalars_between(cluster.network.efficiency * fabric.nic.value() / rating);
  fabric.from.origin = Origin::datasheet;
  fabric.from.source = "NCCL's cost model with datasheet rates of " + gpu.name + " and " + cluster.name;
  return fabric;
}

}  // namespace traincast
