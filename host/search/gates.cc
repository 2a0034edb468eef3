#include "host/search/gates.h"

#include <algorithm>

#include "host/base/errors.h"
#include "host/config/near.h"
#include "host/config/reader.h"

namespace traincast {
namespace {

bool aligned(std::int64_t group, std::int64_t domain) {
  return group % domain == 0 || domain % group == 0;
}

std::vector<std::string> all_names() {
  return {std::begin(kGateNames), std::end(kGateNames)};
}

}  // namespace

std::string gate_names(GateMask mask) {
  std::string text;
  for (int i = 0; i < kGates; ++i) {
    const auto gate = static_cast<Gate>(i);
    if ((mask & bit(gate)) != 0) text += (text.empty() ? "" : ", ") + std::string(name(gate));
  }
  return text;
}

GateMask Gates::broken(const Choice& c) const {
  GateMask mask = 0;
  if (c.tensor > nvlink_domain) mask |= bit(Gate::tensor_domain);
  const std::int64_t experts = std::int64_t{c.expert} * c.expert_tensor;
  if (!aligned(c.tensor, nvlink_domain) || !aligned(std::int64_t{c.tensor} * c.context, nvlink_domain) ||
      !aligned(experts, nvlink_domain) || (gpus > gpus_per_node && gpus % gpus_per_node != 0)) {
    mask |= bit(Gate::node_aligned);
  }
  if (static_cast<double>(c.global_batch) * static_cast<double>(sequence) > max_batch.value()) {
    mask |= bit(Gate::batch);
  }
  const std::int64_t micro_batches = c.global_batch / (std::int64_t{c.data} * c.micro_batch);
  const bool uneven_groups = c.schedule == Schedule::interleaved && micro_batches % c.pipeline != 0;
  if (uneven_groups) mask |= bit(Gate::divisible);
  if (c.pipeline > 1 && std::find(schedules.begin(), schedules.end(), c.schedule) == schedules.end()) {
    mask |= bit(Gate::schedule);
  }
  return mask & on;
}

void Gates::ignore(std::string_view gate_or_all) {
  if (gate_or_all == "all") {
    on = 0;
    return;
  }
  const auto* found = std::find(std::begin(kGateNames), std::end(kGateNames), gate_or_all);
  if (found == std::end(kGateNames)) {
    throw UsageError("--ignore-gates " + std::string(gate_or_all) + " is not accepted; accepted: all " +
                     join(all_names(), " "));
  }
  on &= ~bit(static_cast<Gate>(found - std::begin(kGateNames)));
}

Gates load_gates(const ConfigStore& store, const std::string& name_or_path) {
  const std::filesystem::path folder = store.root() / "gates";
  const std::filesystem::path file = name_or_path.ends_with(".json") ? std::filesystem::path(name_or_path)
                                                                     : folder / (name_or_path + ".json");
  if (!std::filesystem::exists(file)) {
    throw UsageError("--gates " + name_or_path + ": there is no " + file.string() +
                     "; accepted: default, or the path of a .json file");
  }
  return read_gates(Reader::from_file(file));
}

Gates read_gates(Reader root) {
  Gates gates;
  for (int i = 0; i < kGates; ++i) {
    const auto gate = static_cast<Gate>(i);
    Reader each = root.object(kGateNames[i]);
    if (each.boolean("on")) gates.on |= bit(gate);
    gates.from[static_cast<std::size_t>(i)] = each.provenance();
    if (gate == Gate::bubble) gates.max_bubble_share = each.number("max_share", 0, 1);
    if (gate == Gate::batch) gates.max_batch = each.quantity<Tokens>("max_tokens");
    if (gate != Gate::schedule) continue;
    const std::vector<std::string> known(std::begin(kScheduleNames), std::end(kScheduleNames));
    for (const std::string& text : each.texts_or_none("common")) {
      const auto found = std::find(known.begin(), known.end(), text);
      if (found == known.end()) {
        each.fail("common", "unknown schedule \"" + text + "\"; accepted: " + join(known, " "));
      }
      gates.schedules.push_back(static_cast<Schedule>(found - known.begin()));
    }
  }
  root.finish();
  return gates;
}

}  // namespace traincast
