#include "host/report/trace_report.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

namespace traincast {
namespace {

constexpr std::size_t kLanes = std::size(kLaneNames);

struct LaneSum {
  double all = 0, least = std::numeric_limits<double>::max(), most = 0;
};

std::array<LaneSum, kLanes> lane_sums(const StepTimeline& step) {
  std::array<LaneSum, kLanes> sums;
  for (const StepRank& rank : step.ranks) {
    std::array<double, kLanes> of_rank{};
    for (const LaneEvent& event : rank.events) {
      of_rank[static_cast<std::size_t>(event.lane)] += (event.end - event.start).value();
    }
    for (std::size_t i = 0; i < kLanes; ++i) {
      sums[i].all += of_rank[i];
      sums[i].least = std::min(sums[i].least, of_rank[i]);
      sums[i].most = std::max(sums[i].most, of_rank[i]);
    }
  }
  return sums;
}

}  // namespace

Report trace_report(const StepTimeline& step, std::string_view run) {
  Table table{.key = "lanes",
              .title = "One step of " + std::string(run) + ", by lane",
              .columns = {{.key = "lane", .title = "lane", .align = Align::left},
                          {.key = "mean_s", .title = "mean of the ranks"},
                          {.key = "share", .title = "share"},
                          {.key = "least_s", .title = "least", .priority = 1},
                          {.key = "most_s", .title = "most", .priority = 1}}};
  const std::array<LaneSum, kLanes> sums = lane_sums(step);
  const auto ranks = static_cast<double>(step.ranks.size());
  for (std::size_t i = 0; i < kLanes; ++i) {
    if (sums[i].most == 0) continue;
    const double mean = sums[i].all / ranks;
    table.rows.push_back({text_cell(kLaneNames[i]), quantity_cell(Seconds(mean)),
                          percent_cell(mean / step.total.value()), quantity_cell(Seconds(sums[i].least)),
                          quantity_cell(Seconds(sums[i].most))});
  }
  table.footnotes = {
      "Communication counts as far as no computation hides it; idle is waiting for other pipeline ranks and "
      "for the slowest GPU of the job."};
  return {.name = "trace",
          .scalars = {{"run", "", text_cell(run)},
                      {"step_time_s", "step", quantity_cell(step.total)},
                      {"pipeline_ranks", "pipeline ranks",
                       count_cell(static_cast<std::int64_t>(step.ranks.size()))},
                      {"micro_batches", "micro-batches", count_cell(step.micro_batches)}},
          .tables = {std::move(table)}};
}

}  // namespace traincast
