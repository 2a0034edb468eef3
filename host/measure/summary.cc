#include "host/measure/summary.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "host/base/statistics.h"
#include "host/measure/slow_devices.h"
#include "host/measure/storage.h"

namespace traincast {
namespace {

DataType format_of(const Op& op) {
  return std::visit([](const auto& shape) { return shape.dtype; }, op);
}

struct Group {
  std::int64_t measured = 0, skipped = 0;
  FlopRate flop_rate;
  Bandwidth bandwidth;
  std::vector<double> rank_spreads;
  std::string reason;  // of the first row skipped
};

// A class, "sustained" where it is, and its format.
using Kind = std::tuple<std::string, bool, DataType>;

void add(Group& group, const OpRow& row) {
  if (!row.timing.skipped.empty()) {
    if (group.skipped++ == 0) group.reason = to_string(row.op) + ": " + row.timing.skipped;
    return;
  }
  ++group.measured;
  const Work done = work(row.op);
  group.flop_rate = std::max(group.flop_rate, done.flops / row.timing.median);
  group.bandwidth = std::max(group.bandwidth, done.bytes / row.timing.median);
  const std::vector<double>& ranks = row.timing.rank_medians_s;
  if (ranks.empty()) return;
  const auto [fastest, slowest] = std::minmax_element(ranks.begin(), ranks.end());
  group.rank_spreads.push_back((*slowest - *fastest) / row.timing.median.value());
}

Table ops_table(const Profile& profile) {
  Table table{.key = "ops", .title = "Operations"};
  table.columns = {{.key = "class", .title = "class", .align = Align::left},
                   {.key = "sustained", .title = "mode", .align = Align::left},
                   {.key = "dtype", .title = "format", .align = Align::left},
                   {.key = "measured", .title = "measured"},
                   {.key = "skipped", .title = "skipped"},
                   {.key = "best_flop_per_s", .title = "best rate"},
                   {.key = "best_byte_per_s", .title = "best traffic"},
                   {.key = "rank_spread", .title = "between ranks"}};
  std::map<Kind, Group> groups;
  for (const OpRow& row : profile.ops) {
    if (!row.during.empty()) continue;
    add(groups[{std::string(op_class(row.op)), row.sustained, format_of(row.op)}], row);
  }
  for (const auto& [key, group] : groups) {
    const bool any = group.measured > 0;
    const bool computes = any && std::get<0>(key) != "memory";
    table.rows.push_back(
        {text_cell(std::get<0>(key)), Cell{std::get<1>(key) ? "sustained" : "burst", std::get<1>(key)},
         text_cell(name(std::get<2>(key))), count_cell(group.measured), count_cell(group.skipped),
         computes ? quantity_cell(group.flop_rate) : missing_cell(),
         any ? quantity_cell(group.bandwidth) : missing_cell(),
         group.rank_spreads.empty() ? missing_cell() : percent_cell(median(group.rank_spreads))});
    if (group.skipped > 0) table.footnotes.push_back(group.reason);
  }
  table.footnotes.emplace_back("between ranks: slowest less fastest rank over the median, median of rows");
  return table;
}

std::string fastest_way(const CollectiveRow& row) {
  return row.protocol.empty() ? row.algorithm : row.algorithm + " " + row.protocol;
}

std::string tier_of(const CollectiveRow& row) {
  if (row.tier.empty()) return "";
  return row.nodes > 1 ? row.tier + ", " + std::to_string(row.nodes) + " nodes" : row.tier;
}

Table collectives_table(const Profile& profile) {
  Table table{.key = "collectives", .title = "Collectives"};
  table.columns = {{.key = "tier", .title = "tier", .align = Align::left},
                   {.key = "ranks", .title = "ranks"},
                   {.key = "collective", .title = "collective", .align = Align::left},
                   {.key = "message_bytes", .title = "message"},
                   {.key = "dtype", .title = "format", .align = Align::left},
                   {.key = "median_s", .title = "time"},
                   {.key = "estimated_s", .title = "library says", .priority = 2},
                   {.key = "algorithm", .title = "algorithm", .align = Align::left, .priority = 1},
                   {.key = "algbw_byte_per_s", .title = "algbw"},
                   {.key = "busbw_byte_per_s", .title = "busbw"},
                   {.key = "verified", .title = "verified"}};
  std::vector<CollectiveRow> rows;
  std::copy_if(profile.collectives.begin(), profile.collectives.end(), std::back_inserter(rows),
               [](const CollectiveRow& row) { return row.during.empty(); });
  std::stable_sort(rows.begin(), rows.end(), [](const CollectiveRow& a, const CollectiveRow& b) {
    return std::tuple(-a.nodes, -a.ranks, a.collective, a.dtype) <
           std::tuple(-b.nodes, -b.ranks, b.collective, b.dtype);
  });
  for (const CollectiveRow& row : rows) {
    const bool timed = row.timing.skipped.empty();
    const Seconds time = row.timing.median;
    table.rows.push_back(
        {text_cell(tier_of(row)), count_cell(row.ranks), text_cell(name(row.collective)),
         quantity_cell(row.message), text_cell(name(row.dtype)), timed ? quantity_cell(time) : missing_cell(),
         row.estimate.value() > 0 ? quantity_cell(row.estimate) : missing_cell(),
         row.algorithm.empty() ? missing_cell() : text_cell(fastest_way(row)),
         timed ? quantity_cell(algbw(row.message, time)) : missing_cell(),
         timed ? quantity_cell(busbw(row.collective, row.ranks, row.message, time)) : missing_cell(),
         bool_cell(row.verified)});
    if (!timed) {
      std::string note(name(row.collective));
      if (!row.tier.empty()) note += ", " + tier_of(row) + " of " + std::to_string(row.ranks);
      table.footnotes.push_back(note + ": " + row.timing.skipped);
    }
  }
  return table;
}

// A message and the op beside it follow one another in the same order in both lists.
Table interference_table(const Profile& profile) {
  Table table{.key = "interference", .title = "Messages and an operation at once"};
  table.columns = {{.key = "message", .title = "message", .align = Align::left},
                   {.key = "op", .title = "operation", .align = Align::left, .wrap_width = 20},
                   {.key = "message_slowdown", .title = "message takes"},
                   {.key = "op_slowdown", .title = "operation takes"}};
  const auto times = [](double factor) {
    return factor > 0 ? Cell{number_cell(factor, 2).text + " x", factor} : missing_cell();
  };
  std::vector<const OpRow*> ops;
  for (const OpRow& row : profile.ops) {
    if (!row.during.empty()) ops.push_back(&row);
  }
  std::size_t next = 0;
  for (const CollectiveRow& row : profile.collectives) {
    if (row.during.empty()) continue;
    if (!row.timing.skipped.empty()) {
      table.footnotes.push_back(std::string(name(row.collective)) + " of " + to_string(row.message) + ": " +
                                row.timing.skipped);
      continue;
    }
    const OpRow* op = next < ops.size() ? ops[next++] : nullptr;
    table.rows.push_back({text_cell(std::string(name(row.collective)) + " " + std::string(name(row.dtype)) +
                                    " " + to_string(row.message)),
                          text_cell(row.during), times(row.slowdown),
                          times(op == nullptr ? 0 : op->slowdown)});
  }
  table.footnotes.emplace_back("as many times as long as alone, median over median");
  return table;
}

Table host_table(const Profile& profile) {
  Table table{.key = "host", .title = "Launches and copies"};
  table.columns = {{.key = "op", .title = "operation", .align = Align::left},
                   {.key = "median_s", .title = "time"},
                   {.key = "byte_per_s", .title = "rate"}};
  for (const HostOpRow& row : profile.host_ops) {
    const bool timed = row.timing.skipped.empty();
    const Bytes bytes = work(row.op).bytes;
    table.rows.push_back(
        {text_cell(to_string(row.op)), timed ? quantity_cell(row.timing.median) : missing_cell(),
         timed && bytes.value() > 0 ? quantity_cell(bytes / row.timing.median) : missing_cell()});
    if (!timed) table.footnotes.push_back(to_string(row.op) + ": " + row.timing.skipped);
  }
  return table;
}

Table storage_table(const Profile& profile) {
  Table table{.key = "storage", .title = "Writing files"};
  table.columns = {{.key = "folder", .title = "folder", .align = Align::left},
                   {.key = "writers", .title = "ranks"},
                   {.key = "nodes", .title = "nodes"},
                   {.key = "file_bytes", .title = "file of each"},
                   {.key = "median_s", .title = "time"},
                   {.key = "node_byte_per_s", .title = "a node"},
                   {.key = "byte_per_s", .title = "together"}};
  for (const StorageRow& row : profile.storage) {
    const bool timed = row.timing.skipped.empty();
    table.rows.push_back({text_cell(row.folder), count_cell(row.writers), count_cell(row.nodes),
                          quantity_cell(row.bytes), timed ? quantity_cell(row.timing.median) : missing_cell(),
                          timed ? quantity_cell(Bandwidth(median(row.node_byte_per_s))) : missing_cell(),
                          timed ? quantity_cell(aggregate_rate(row)) : missing_cell()});
    if (!timed) table.footnotes.push_back(row.timing.skipped);
  }
  return table;
}

}  // namespace

Report measurement_summary(const Profile& profile) {
  Report report{.name = "measure"};
  report.title = "Measured on " + std::to_string(profile.ranks) + " x " + profile.device.name;
  report.scalars = {{.key = "gpu", .cell = text_cell(profile.gpu)},
                    {.key = "communicator", .title = "communicator", .cell = text_cell(profile.communicator)},
                    {.key = "when", .title = "began", .cell = text_cell(profile.when)}};
  if (!profile.telemetry.empty()) {
    report.scalars.push_back({.key = "telemetry", .title = "device", .cell = text_cell(profile.telemetry)});
  }
  for (const SlowDevice& slow : profile.slow_devices) {
    report.scalars.push_back({.key = "slow_rank_" + std::to_string(slow.rank),
                              .title = "slow",
                              .cell = text_cell(to_string(slow))});
  }
  if (!profile.ops.empty()) report.tables.push_back(ops_table(profile));
  const auto beside = [](const CollectiveRow& row) { return !row.during.empty(); };
  const auto& messages = profile.collectives;
  const bool interferes = std::any_of(messages.begin(), messages.end(), beside);
  if (!std::all_of(messages.begin(), messages.end(), beside)) {
    report.tables.push_back(collectives_table(profile));
  }
  if (interferes) report.tables.push_back(interference_table(profile));
  if (!profile.host_ops.empty()) report.tables.push_back(host_table(profile));
  if (!profile.storage.empty()) report.tables.push_back(storage_table(profile));
  return report;
}

}  // namespace traincast
