// Money: what fleets and runs cost to buy and to rent.
#include "host/claims/formula.h"

namespace traincast {
namespace {

constexpr InputSpec kCluster{"cluster", InputKind::cluster};

InputSpec money(std::string_view name) {
  return {name, InputKind::fact, Dollars::kDimension};
}
constexpr InputSpec kRent{"rent", InputKind::fact, DollarRate::kDimension};

double count(const Inputs& in) {
  return static_cast<double>(in.cluster("cluster").gpus());
}

}  // namespace

std::vector<Formula> cost_formulas() {
  return {
      formula("cost_of_fleet", "GPUs x (share of a server + share of the network + share of the building)",
              {kCluster, money("server"), money("network"), money("facility")},
              [](const Inputs& in) {
                return count(in) *
                       (in.get<Dollars>("server") + in.get<Dollars>("network") + in.get<Dollars>("facility"));
              }),
      formula("cost_of_servers", "GPUs x share of a server", {kCluster, money("server")},
              [](const Inputs& in) { return count(in) * in.get<Dollars>("server"); }),
      formula("rent_of_fleet", "GPUs x rent of one x duration",
              {kCluster, kRent, {"duration", InputKind::fact, Seconds::kDimension}},
              [](const Inputs& in) {
                return count(in) * in.get<DollarRate>("rent") * in.get<Seconds>("duration");
              }),
      formula("rent_of_flops", "FLOP / useful FLOP/s of a GPU x rent of one",
              {{"flops", InputKind::fact, Flops::kDimension},
               {"rate", InputKind::fact, FlopRate::kDimension},
               kRent},
              [](const Inputs& in) {
                return in.get<Flops>("flops") / in.get<FlopRate>("rate") * in.get<DollarRate>("rent");
              }),
      formula("rent_of_run", "GPU-hours of the run x rent of one", {{"run", InputKind::run}, kRent},
              [](const Inputs& in) {
                return in.get<DollarRate>("rent") *
                       Seconds(in.run("run").estimate.gpu_hours * kSecondsPerHour);
              }),
      formula("valuation_after", "valuation before + money raised", {money("before"), money("raised")},
              [](const Inputs& in) { return in.get<Dollars>("before") + in.get<Dollars>("raised"); }),
  };
}

}  // namespace traincast
