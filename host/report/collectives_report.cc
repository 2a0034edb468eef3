#include "host/report/collectives_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>

#include "host/report/run_cells.h"

namespace traincast {
namespace {

Group group_of(const Fabric& fabric, std::int64_t ranks, std::int64_t ranks_per_node) {
  Group group;
  group.ranks = ranks;
  group.ranks_per_node = std::min(ranks, ranks_per_node == 0 ? fabric.gpus_per_node : ranks_per_node);
  // Where a group takes a part of each node, its sisters work at the same time.
  group.groups_per_node = ranks > group.ranks_per_node ? fabric.gpus_per_node / group.ranks_per_node : 1;
  return group;
}

// The fastest of the algorithms that were not taken.
std::optional<CollectiveAlternative> runner_up(const std::vector<CollectiveAlternative>& all,
                                               CollectiveAlgorithm taken) {
  std::optional<CollectiveAlternative> best;
  for (const CollectiveAlternative& other : all) {
    if (other.algorithm == taken) continue;
    if (!best || other.time < best->time) best = other;
  }
  return best;
}

std::vector<Column> columns() {
  return {{.key = "collective", .title = "collective", .align = Align::left},
          {.key = "ranks", .title = "ranks"},
          {.key = "nodes", .title = "nodes", .priority = 2},
          {.key = "message_bytes", .title = "message"},
          {.key = "time_s", .title = "time"},
          {.key = "busbw_bytes_per_s", .title = "busbw"},
          {.key = "algorithm", .title = "algorithm", .align = Align::left},
          {.key = "protocol", .title = "protocol", .align = Align::left, .priority = 1},
          {.key = "measured", .title = "measured", .align = Align::left, .priority = 3},
          {.key = "next_algorithm", .title = "next best", .align = Align::left, .priority = 1},
          {.key = "next_time_s", .title = "its time", .priority = 1}};
}

// "64 MiB", "1.50 MiB", "512 B".
Cell message_cell(Bytes message) {
  constexpr std::array<std::pair<double, const char*>, 3> kUnits = {
      {{0x1p30, " GiB"}, {0x1p20, " MiB"}, {0x1p10, " KiB"}}};
  for (const auto& [size, unit] : kUnits) {
    const double count = message.value() / size;
    if (count < 1) continue;
    return {(count == std::floor(count) ? number_cell(count, 0).text : plain(count)) + unit, message.value()};
  }
  return {plain(message.value()) + " B", message.value()};
}

std::vector<Cell> row(const Fabric& fabric, const Group& group, Collective collective, Bytes message) {
  const CollectiveCost cost = collective_cost(fabric, group, collective, message);
  const std::vector<CollectiveAlternative> all = collective_alternatives(fabric, group, collective, message);
  const std::optional<CollectiveAlternative> next = runner_up(all, cost.algorithm);
  return {text_cell(name(collective)),
          count_cell(group.ranks),
          count_cell(group.nodes()),
          message_cell(message),
          quantity_cell(cost.time),
          quantity_cell(busbw(collective, group.ranks, message, cost.time)),
          text_cell(name(cost.algorithm)),
          text_cell(name(cost.protocol)),
          bool_cell(cost.measured),
          next ? text_cell(name(next->algorithm)) : missing_cell(),
          next ? quantity_cell(next->time) : missing_cell()};
}

}  // namespace

Report collectives_report(const Fabric& fabric, const InputUsed& used, const CollectiveQuestion& question) {
  Table table;
  table.columns = columns();
  for (const Collective collective : question.collectives) {
    for (const std::int64_t ranks : question.ranks) {
      const Group group = group_of(fabric, ranks, question.ranks_per_node);
      for (const Bytes message : question.messages) {
        table.rows.push_back(row(fabric, group, collective, message));
      }
    }
  }
  table.footnotes = {
      "Sizes and busbw as nccl-tests define them. Measured: interpolated between measured "
      "points inside a node; else NCCL's cost model with calibrated scalars.",
      "The algorithm is the one that NCCL's own rule takes. Next best: the fastest of the others, "
      "taken or not.",
      "Rests on " + std::string(name(used.from.origin)) + ": " + used.from.source};
  return {
      .name = "collectives", .scalars = {{"cluster", "cluster", text_cell(used.name)}}, .tables = {table}};
}

}  // namespace traincast
