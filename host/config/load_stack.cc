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
  std::variant<double Stack::*, Seconds Stack::*, AttentionKernel Stack::*> member;
  double min = 0, max = 0;  // of plain numbers
};
// To add a member of Stack: one line.
constexpr StackKey kStackKeys[] = {
    {"attention", &Stack::attention},
    {"time_factor", &Stack::time_factor, 0.1, 10},
    {"elementwise_passes", &Stack::elementwise_passes, 0.1, 100},
    {"tensor_exposed", &Stack::tensor_exposed, 0, 1},
    {"data_exposed", &Stack::data_exposed, 0, 1},
    {"expert_exposed", &Stack::expert_exposed, 0, 1},
    {"pipeline_exposed", &Stack::pipeline_exposed, 0, 1},
    {"gradient_bytes", &Stack::gradient_bytes, 0, 16},
    {"accumulate_bytes", &Stack::accumulate_bytes, 0, 64},
    {"layer_overhead", &Stack::layer_overhead},
    {"moe_overhead", &Stack::moe_overhead},
    {"step_overhead", &Stack::step_overhead},
};

void read_key(Reader& reader, const StackKey& row, Stack& stack) {
  if (const auto* number = std::get_if<double Stack::*>(&row.member)) {
    stack.** number = reader.number(row.key, row.min, row.max);
  } else if (const auto* time = std::get_if<Seconds Stack::*>(&row.member)) {
    stack.** time = reader.quantity<Seconds>(row.key, Zero::allowed);
  } else if (const auto* kernel = std::get_if<AttentionKernel Stack::*>(&row.member)) {
    stack.** kernel = reader.choice<AttentionKernel>(row.key, kAttentionKernelNames);
  }
}

// `open` holds the stacks that wait for this one as their parent, to see a cycle.
Stack load(const ConfigStore& store, std::string_view name_or_path, std::vector<std::string>& open) {
  const std::filesystem::path file = store.path(ConfigKind::stacks, name_or_path);
  Reader root = Reader::from_file(file);
  open.push_back(file.stem().string());
  Stack stack;
  const bool has_parent = root.has("parent");
  if (has_parent) {
    const std::string parent = reference(root, "parent", store, ConfigKind::stacks);
    if (std::find(open.begin(), open.end(), parent) != open.end()) {
      root.fail("parent", "a cycle of parents: " + join(open, " -> ") + " -> " + parent);
    }
    stack = load(store, parent, open);
  }
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
  std::vector<std::string> open;
  return load(store, name_or_path, open);
}

}  // namespace traincast
