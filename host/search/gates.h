// Sanity gates: what a practitioner would not run although the model can price it. Data, with sources, in
// configs/gates/.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/origin.h"
#include "host/base/units.h"
#include "host/config/find.h"
#include "host/config/reader.h"
#include "host/search/choice.h"

namespace traincast {

enum class Gate { tensor_domain, node_aligned, bubble, batch, divisible, schedule };
inline constexpr int kGates = 6;
inline constexpr std::string_view kGateNames[] = {"tensor-domain", "node-aligned", "bubble",
                                                  "batch",         "divisible",    "schedule"};
constexpr std::string_view name(Gate gate) {
  return kGateNames[static_cast<int>(gate)];
}
using GateMask = std::uint32_t;
constexpr GateMask bit(Gate gate) {
  return GateMask{1} << static_cast<unsigned>(gate);
}
// "tensor-domain, bubble"; "" for none.
std::string gate_names(GateMask mask);

struct Gates {
  GateMask on = 0;
  double max_bubble_share = 1;  // of the step
  Tokens max_batch;
  std::vector<Schedule> schedules;  // that need no code of one's own
  std::array<Provenance, kGates> from{};

  // What a search adds.
  std::int64_t nvlink_domain = 8, gpus_per_node = 8, sequence = 0, gpus = 0;

  // Gates that the plan breaks, but for the bubble, whose share the step decides.
  GateMask broken(const Choice& choice) const;
  bool bubble_breaks(double bubble, double step) const {
    return (on & bit(Gate::bubble)) != 0 && bubble > max_bubble_share * step;
  }
  void ignore(std::string_view gate_or_all);  // throws UsageError that lists the gates
};

// configs/gates/NAME.json or the path of a .json file.
Gates load_gates(const ConfigStore& store, const std::string& name_or_path);
Gates read_gates(Reader root);

}  // namespace traincast
