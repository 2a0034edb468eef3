#include "host/risk/deadline_report.h"

#include <cmath>
#include <utility>

#include "host/report/run_cells.h"

namespace traincast {
namespace {

constexpr double kLongestShown = 1000 * 365.25 * kSecondsPerDay;  // dates end with the year 9999

Cell time_cell(double seconds) {
  if (!std::isfinite(seconds)) return missing_cell("never");
  return days_cell(Seconds(seconds));
}

Cell date_cell(Date start, double seconds) {
  if (!std::isfinite(seconds)) return missing_cell("does not finish");
  if (seconds > kLongestShown) return missing_cell("in more than 1,000 years");
  return text_cell(to_string(start + Seconds(seconds)));
}

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}

Table finish_table(const Deadline& d) {
  Table table{.key = "finish",
              .title = "When it is done",
              .columns = {{.key = "share", .title = "of the draws"},
                          {.key = "time_s", .title = "days"},
                          {.key = "date", .title = "by"}}};
  for (const auto& [share, time] : {std::pair{0.1, d.times.p10}, {0.5, d.times.p50}, {0.9, d.times.p90}}) {
    table.rows.push_back({percent_cell(share, 0), time_cell(time), date_cell(d.start, time)});
  }
  if (d.finishing < 1) {
    table.footnotes.push_back(plain(100 * (1 - d.finishing)) +
                              " % of the draws do not finish: interruptions leave no time for useful steps.");
  }
  return table;
}

Table answers_table(const Deadline& d) {
  Table table{.key = "what_would_do",
              .title = "What would do, each alone",
              .columns = {{.key = "probability", .title = "for"},
                          left("start", "a start by", 16),
                          left("mfu", "or an MFU of", 16),
                          left("gpus", "or so many GPUs", 24)}};
  for (const char* key : {"no_start", "no_mfu", "no_gpus"}) {
    table.columns.push_back({.key = key, .audience = Audience::machines});
  }
  const auto reason = [](const std::string& words) {
    return words.empty() ? missing_cell() : Cell{"", words};
  };
  table.rows.push_back({{"now", d.chance},
                        text_cell(to_string(d.start)),
                        {plain(100 * d.mfu) + " %", d.mfu},
                        count_cell(d.gpus),
                        missing_cell(),
                        missing_cell(),
                        missing_cell()});
  for (const DeadlineAnswer& a : d.answers) {
    table.rows.push_back({percent_cell(a.chance, 0),
                          a.start ? text_cell(to_string(*a.start)) : missing_cell(a.no_start),
                          a.mfu ? Cell{plain(100 * *a.mfu) + " %", *a.mfu} : missing_cell(a.no_mfu),
                          a.gpus ? count_cell(*a.gpus) : missing_cell(a.no_gpus), reason(a.no_start),
                          reason(a.no_mfu), reason(a.no_gpus)});
  }
  table.rows.front()[0].text = percent_cell(d.chance).text + " (now)";
  table.footnotes = {
      "The latest start, the lowest MFU of a step (dense BF16 peak, as estimated above it), and the least of "
      "the "
      "GPU counts that the plan's replicas and batch allow, up to " +
          grouped(kMostDeadlineGpus) + ".",
      "Every chance is a share of the same " + grouped(static_cast<std::int64_t>(d.draws)) +
          " draws of the run's uncertain inputs, seed " + std::to_string(d.seed) +
          " (see traincast estimate)."};
  return table;
}

}  // namespace

Report deadline_report(const Deadline& d) {
  const double days = d.available.value() / kSecondsPerDay;
  Report report{.name = "deadline",
                .title = d.title,
                .scalars = {{"run", "", text_cell(d.run)},
                            {"start", "start", text_cell(to_string(d.start))},
                            {"by",
                             "by",
                             {to_string(d.by) + ": " + plain(days) + " days, first and last included",
                              to_string(d.by)}},
                            {"available_s", "", {"", d.available.value()}},
                            {"probability", "probability", percent_cell(d.chance)},
                            {"finishing_share", "", {"", d.finishing}},
                            {"seed", "", {"", static_cast<std::int64_t>(d.seed)}},
                            {"draws", "", {"", static_cast<std::int64_t>(d.draws)}}}};
  report.tables = {answers_table(d), finish_table(d)};
  return report;
}

}  // namespace traincast
