#include "host/measure/summary.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "host/base/statistics.h"

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
                   {.key = "dtype", .title = "format", .align = Align::left},
                   {.key = "measured", .title = "measured"},
                   {.key = "skipped", .title = "skipped"},
                   {.key = "best_flop_per_s", .title = "best rate"},
                   {.key = "best_byte_per_s", .title = "best traffic"},
                   {.key = "rank_spread", .title = "between ranks"}};
  std::map<std::pair<std::string, DataType>, Group> groups;
  for (const OpRow& row : profile.ops) add(groups[{std::string(op_class(row.op)), format_of(row.op)}], row);
  for (const auto& [key, group] : groups) {
    const bool any = group.measured > 0;
    const bool computes = any && key.first != "memory";
    table.rows.push_back(
        {text_cell(key.first), text_cell(name(key.second)), count_cell(group.measured),
         count_cell(group.skipped), computes ? quantity_cell(group.flop_rate) : missing_cell(),
         any ? quantity_cell(group.bandwidth) : missing_cell(),
         group.rank_spreads.empty() ? missing_cell() : percent_cell(median(group.rank_spreads))});
    if (group.skipped > 0) table.footnotes.push_back(group.reason);
  }
  table.footnotes.emplace_back("between ranks: slowest less fastest rank over the median, median of rows");
  return table;
}

Table collectives_table(const Profile& profile) {
  Table table{.key = "collectives", .title = "Collectives"};
  table.columns = {{.key = "collective", .title = "collective", .align = Align::left},
                   {.key = "message_bytes", .title = "message"},
                   {.key = "dtype", .title = "format", .align = Align::left},
                   {.key = "ranks", .title = "ranks"},
                   {.key = "median_s", .title = "time"},
                   {.key = "algbw_byte_per_s", .title = "algbw"},
                   {.key = "busbw_byte_per_s", .title = "busbw"},
                   {.key = "verified", .title = "verified"}};
  std::vector<CollectiveRow> rows = profile.collectives;
  std::stable_sort(rows.begin(), rows.end(), [](const CollectiveRow& a, const CollectiveRow& b) {
    return a.collective < b.collective;
  });
  for (const CollectiveRow& row : rows) {
    const bool timed = row.timing.skipped.empty();
    const Seconds time = row.timing.median;
    table.rows.push_back(
        {text_cell(name(row.collective)), quantity_cell(row.message), text_cell(name(row.dtype)),
         count_cell(row.ranks), timed ? quantity_cell(time) : missing_cell(),
         timed ? quantity_cell(algbw(row.message, time)) : missing_cell(),
         timed ? quantity_cell(busbw(row.collective, row.ranks, row.message, time)) : missing_cell(),
         bool_cell(row.verified)});
    if (!timed) table.footnotes.push_back(std::string(name(row.collective)) + ": " + row.timing.skipped);
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
  if (!profile.ops.empty()) report.tables.push_back(ops_table(profile));
  if (!profile.collectives.empty()) report.tables.push_back(collectives_table(profile));
  return report;
}

}  // namespace traincast
