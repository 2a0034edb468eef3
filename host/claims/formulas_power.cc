// Power: what a site draws, and what a supply feeds.
#include "host/claims/formula.h"

namespace traincast {
namespace {

constexpr InputSpec kGpu{"gpu", InputKind::gpu};
constexpr InputSpec kCluster{"cluster", InputKind::cluster};
constexpr InputSpec kServer{"server_factor"};
constexpr InputSpec kPue{"pue_factor"};
constexpr InputSpec kGrid{"grid", InputKind::fact, Watts::kDimension};
constexpr InputSpec kOnSite{"on_site", InputKind::fact, Watts::kDimension};
constexpr InputSpec kGpus{"gpus"};
constexpr double kHoursPerYear = 365.25 * 24;
constexpr Seconds kYear{kHoursPerYear * kSecondsPerHour};

// Server of one GPU in training x (1 + network and storage) x PUE; the factors are 1 at the configs' figures.
double overhead(const Inputs& in) {
  const Cluster::Power& power = in.cluster("cluster").power;
  return in.number("server_factor") * (1 + power.network_share) * power.pue * in.number("pue_factor");
}

Watts per_gpu(const Inputs& in) {
  return in.gpu("gpu").power.server_training * overhead(in);
}

// What the GPUs in use draw beyond the grid's share.
Watts generated(const Inputs& in) {
  return per_gpu(in) * in.number("gpus") - in.get<Watts>("grid");
}

double fed(const Inputs& in) {
  return (in.get<Watts>("grid") + in.get<Watts>("on_site")) / per_gpu(in);
}

}  // namespace

std::vector<Formula> power_formulas() {
  return {
      formula("gpus_fed_by_power",
              "(grid + on-site supply) / (server power of a GPU x (1 + network and storage) x PUE)",
              {kGrid, kOnSite, kGpu, kCluster, kServer, kPue}, fed),
      formula("peak_fed_by_power", "GPUs that the supply feeds x dense BF16 peak of one",
              {kGrid, kOnSite, kGpu, kCluster, kServer, kPue},
              [](const Inputs& in) { return fed(in) * in.gpu("gpu").peak(DataType::bf16); }),
      formula(
          "site_power", "sum over the GPUs of server power x (1 + network and storage) x PUE",
          {kCluster, kGpu, kServer, kPue},
          [](const Inputs& in) { return per_gpu(in) * static_cast<double>(in.cluster("cluster").gpus()); }),
      formula("on_site_capacity_needed",
              "(GPUs in use x power of one with its share of server, network and cooling - grid) / load at "
              "which the generators may run",
              {kGpus, kGrid, kGpu, kCluster, kServer, kPue, {"load_factor"}},
              [](const Inputs& in) { return generated(in) / in.number("load_factor"); }),
      formula("homes_of_generated_power", "(GPUs in use x power of one - grid) / mean power of a home",
              {kGpus, kGrid, kGpu, kCluster, kServer, kPue, {"home", InputKind::fact, Watts::kDimension}},
              [](const Inputs& in) { return generated(in) / in.get<Watts>("home"); }),
      formula(
          "nox_per_year", "(GPUs in use x power of one - grid) x 8,766 h x NOx of a kWh",
          {kGpus, kGrid, kGpu, kCluster, kServer, kPue, {"nox", InputKind::fact, EmissionRate::kDimension}},
          [](const Inputs& in) { return generated(in) * kYear * in.get<EmissionRate>("nox"); }),
      formula("co2_per_year", "power of the whole site x 8,766 h x CO2 of a kWh",
              {kCluster, kGpu, kServer, kPue, {"co2", InputKind::fact, EmissionRate::kDimension}},
              [](const Inputs& in) {
                const Watts site = per_gpu(in) * static_cast<double>(in.cluster("cluster").gpus());
                return site * kYear * in.get<EmissionRate>("co2");
              }),
  };
}

}  // namespace traincast
