#include <algorithm>
#include <variant>
#include <vector>

#include "host/config/load.h"
#include "host/config/near.h"
#include "host/config/reader.h"

namespace traincast {
namespace {

// A key of a stack file. Quantities have no bounds beyond "not negative".
struct StackKey {
  std::string_view key;
  std::variant<double Stack::*, Seconds Stack::*, bool Stack::*, AttentionKernel Stack::*, Recompute Stack::*,
               ContextExchange Stack::*>
      member;
  double min = 0, max = 0;  // of plain numbers
};
// To add a member of Stack: one line.
constexpr StackKey kStackKeys[] = {
    {"time_factor", &Stack::time_factor, 0.1, 10},
    {"attention", &Stack::attention},
    {"attention_rate", &Stack::attention_rate, 0.01, 10},
    {"elementwise_passes", &Stack::elementwise_passes, 0.1, 100},
    {"logit_bytes", &Stack::logit_bytes, 0, 1000},
    {"expert_rate", &Stack::expert_rate, 0.01, 10},
    {"selective_gemms", &Stack::selective_gemms, 0, 1},
    {"selective_attention", &Stack::selective_attention},
    {"overlap_slowdown", &Stack::overlap_slowdown, 1, 10},
    {"tensor_exposed", &Stack::tensor_exposed, 0, 1},
    {"context_exposed", &Stack::context_exposed, 0, 1},
    {"expert_exposed", &Stack::expert_exposed, 0, 1},
    {"pipeline_exposed", &Stack::pipeline_exposed, 0, 1},
    {"data_exposed", &Stack::data_exposed, 0, 1},
    {"shard_rate", &Stack::shard_rate, 0.01, 1},
    {"shard_serial", &Stack::shard_serial, 0, 1},
    {"gradient_bytes", &Stack::gradient_bytes, 0, 16},
    {"accumulate_bytes", &Stack::accumulate_bytes, 0, 64},
    {"dispatch_bytes", &Stack::dispatch_bytes, 0, 8},
    {"dispatch_once_per_node", &Stack::dispatch_once_per_node},
    {"recompute_when_needed", &Stack::recompute_when_needed},
    {"offload_when_needed", &Stack::offload_when_needed},
    {"moment_bytes", &Stack::moment_bytes, 0, 64},
    {"separate_master", &Stack::separate_master},
    {"fp8_weights", &Stack::fp8_weights},
    {"dummy_gradients", &Stack::dummy_gradients},
    {"loss_bytes", &Stack::loss_bytes, 0, 64},
    {"dropout", &Stack::dropout},
    {"selective_elementwise", &Stack::selective_elementwise},
    {"context_exchange", &Stack::context_exchange},
    {"always_recompute", &Stack::always_recompute},
    {"interleave_by_default", &Stack::interleave_by_default},
    {"shard_experts_by_default", &Stack::shard_experts_by_default},
    {"parallel_block", &Stack::parallel_block},
    {"layer_launch", &Stack::layer_launch},
    {"layer_overhead", &Stack::layer_overhead},
    {"moe_overhead", &Stack::moe_overhead},
    {"moe_overhead_rack", &Stack::moe_overhead_rack},
    {"step_overhead", &Stack::step_overhead},
    {"rank_overhead", &Stack::rank_overhead},
};

void read_key(Reader& reader, const StackKey& row, Stack& stack) {
  if (const auto* number = std::get_if<double Stack::*>(&row.member)) {
    stack.** number = reader.number(row.key, row.min, row.max);
  } else if (const auto* time = std::get_if<Seconds Stack::*>(&row.member)) {
    stack.** time = reader.quantity<Seconds>(row.key, Zero::allowed);
  } else if (const auto* flag = std::get_if<bool Stack::*>(&row.member)) {
    stack.** flag = reader.boolean(row.key);
  } else if (const auto* kernel = std::get_if<AttentionKernel Stack::*>(&row.member)) {
    stack.** kernel = reader.choice<AttentionKernel>(row.key, kAttentionKernelNames);
  } else if (const auto* recompute = std::get_if<Recompute Stack::*>(&row.member)) {
    stack.** recompute = reader.choice<Recompute>(row.key, kRecomputeNames);
  } else if (const auto* exchange = std::get_if<ContextExchange Stack::*>(&row.member)) {
    stack.** exchange = reader.choice<ContextExchange>(row.key, kContextExchangeNames);
  }
}

// `open` holds the stacks that wait for this one as their parent, to see a cycle.
Stack load(const ConfigStore& store, std::string_view name_or_path,
           std::vector<std::filesystem::path>& open) {
  const std::filesystem::path file = store.path(ConfigKind::stacks, name_or_path);
  Reader root = store.read(ConfigKind::stacks, file);
  open.push_back(file);
  Stack stack;
  const bool has_parent = root.has("parent");
  if (has_parent) stack = load(store, parent_reference(root, store, ConfigKind::stacks, open), open);
  for (const StackKey& row : kStackKeys) {
    if (!has_parent || root.has(row.key)) read_key(root, row, stack);
  }
  stack.from = root.provenance();
  stack.name = file.stem().string();
  root.finish();
  return stack;
}

}  // namespace

Stack load_stack(const ConfigStore& store, std::string_view name_or_path) {
  std::vector<std::filesystem::path> open;
  return load(store, name_or_path, open);
}

}  // namespace traincast
