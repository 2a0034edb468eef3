#include "host/report/power_report.h"

#include <string>

#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column right(std::string key, std::string title, std::string unit = "") {
  return {.key = std::move(key), .title = std::move(title), .unit = std::move(unit)};
}

Table demand_table(const Cluster& cluster, std::span<const FleetGpus> fleets) {
  Table table{
      .key = "demand",
      .title = "What the cluster draws in training",
      .columns = {{.key = "gpu", .title = "GPU", .align = Align::left},
                  right("gpus", "GPUs"),
                  right("server_w", "server", "W a GPU"),
                  right("site_w", "at the meter", "W a GPU"),
                  right("demand_w", "demand", "MW"),
                  {.key = "source", .title = "server power from", .align = Align::left, .wrap_width = 24}}};
  for (const FleetGpus& fleet : fleets) {
    const Watts each = site_power(cluster.power, *fleet.gpu);
    const Watts server = server_power(*fleet.gpu);
    table.rows.push_back(
        {text_cell(fleet.gpu->name),
         count_cell(fleet.count),
         {plain(server.value()), server.value()},
         {plain(each.value()), each.value()},
         megawatts_cell(site_power(cluster.power, {&fleet, 1})),
         text_cell(std::string(name(fleet.gpu->power.from.origin)) + ": " + fleet.gpu->power.from.source)});
  }
  table.footnotes = {"At the meter: with " + plain(100 * cluster.power.network_share) +
                     " % for network and storage, and a PUE of " + plain(cluster.power.pue) + " (" +
                     cluster.power.from.source + ")."};
  return table;
}

}  // namespace

Report power_report(const Cluster& cluster, std::span<const FleetGpus> fleets,
                    std::span<const Watts> supplies) {
  Table table{.key = "supply_feeds",
              .title = "What a supply feeds, if all GPUs were of that kind",
              .columns = {{.key = "gpu", .title = "GPU", .align = Align::left},
                          right("supply_w", "supply", "MW"),
                          right("gpus", "GPUs in training"),
                          right("lowest_clock", "lowest clock", "%"),
                          right("gpus_slowed", "GPUs at that"),
                          right("clock_for_all", "clock for all of the fleet", "%")}};
  for (const FleetGpus& fleet : fleets) {
    for (const Watts supply : supplies) {
      const SupplyFeeds feeds = supply_feeds(cluster.power, *fleet.gpu, fleet.count, supply);
      const bool slows = feeds.lowest_clock < 1;
      table.rows.push_back(
          {text_cell(fleet.gpu->name), megawatts_cell(supply), count_cell(feeds.gpus),
           slows ? Cell{plain(100 * feeds.lowest_clock), feeds.lowest_clock} : missing_cell(),
           slows ? count_cell(feeds.gpus_slowed) : missing_cell(),
           feeds.clock_for_all > 0 ? Cell{plain(100 * feeds.clock_for_all), feeds.clock_for_all}
                                   : missing_cell("none")});
    }
    const auto& clocked = fleet.gpu->power.clocked;
    table.footnotes.push_back(fleet.gpu->name + ": " +
                              (clocked
                                   ? "clocks over the one sustained in training; " +
                                         std::string(name(clocked->from.origin)) + ": " + clocked->from.source
                                   : std::string("what lower clocks save is not stated")));
  }
  Report report{.name = "power", .title = "Power of " + cluster.name};
  report.tables = {std::move(table), demand_table(cluster, fleets)};
  return report;
}

}  // namespace traincast
