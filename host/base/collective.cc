#include "host/base/collective.h"

#include <array>

namespace traincast {
namespace {

struct Row {
  std::string_view name;
  double passes;    // bus factor = passes x (n-1)/n
  bool rank_share;  // false: the factor is 1
};
constexpr std::array<Row, kCollectives> kRows{{
    {"all_reduce", 2, true},
    {"all_gather", 1, true},
    {"reduce_scatter", 1, true},
    {"all_to_all", 1, true},
    {"send_recv", 1, false},
}};
const Row& row(Collective collective) {
  return kRows[static_cast<std::size_t>(collective)];
}

}  // namespace

std::string_view name(Collective collective) {
  return row(collective).name;
}

std::optional<Collective> collective_from_name(std::string_view text) {
  for (int i = 0; i < kCollectives; ++i) {
    if (kRows[static_cast<std::size_t>(i)].name == text) return static_cast<Collective>(i);
  }
  return std::nullopt;
}

double bus_factor(Collective collective, std::int64_t ranks) {
  if (!row(collective).rank_share) return 1;
  const auto n = static_cast<double>(ranks);
  return row(collective).passes * (n - 1) / n;
}

}  // namespace traincast
