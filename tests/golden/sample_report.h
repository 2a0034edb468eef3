// A report with everything that a renderer has to treat: wide texts, accents, quotes, nothing, dropped
// columns.
#pragma once

#include <limits>

#include "host/base/table.h"

namespace traincast {

inline Report sample_report() {
  Table runs;
  runs.title = "Runs of a made-up fleet";
  runs.columns = {
      {.key = "run", .title = "run", .align = Align::left},
      {.key = "gpus", .title = "GPUs"},
      {.key = "step_time_s", .title = "step time"},
      {.key = "mfu", .title = "MFU"},
      {.key = "days", .title = "days", .unit = "ideal"},
      {.key = "days_with_failures", .title = "days with failures", .priority = 1},
      {.key = "energy_J", .title = "energy", .priority = 2},
      {.key = "cost_USD", .title = "cost", .priority = 3},
      {.key = "fits", .title = "fits", .align = Align::left, .priority = 4},
      {.key = "source", .title = "source", .align = Align::left, .priority = 1, .wrap_width = 14},
      {.key = "tokens_per_s", .audience = Audience::machines},
      {.title = "mark", .align = Align::left, .priority = 5, .audience = Audience::people},
  };
  const auto row = [](Cell name, std::int64_t gpus, double step, double mfu, double days, Cell source) {
    const double failures = days * 1.25;
    return std::vector<Cell>{std::move(name),
                             count_cell(gpus),
                             quantity_cell(Seconds(step)),
                             percent_cell(mfu),
                             number_cell(days, 1),
                             number_cell(failures, 1),
                             quantity_cell(Joules(days * 86400.0 * 1e3 * static_cast<double>(gpus))),
                             quantity_cell(Dollars(days * 24.0 * 2.0 * static_cast<double>(gpus))),
                             bool_cell(gpus > 1000),
                             std::move(source),
                             {"", static_cast<double>(gpus) * 400.0},
                             text_cell(gpus > 1000 ? "*" : "")};
  };
  runs.rows = {
      row(text_cell("alpha"), 100'000, 12.5, 0.385, 64.25, text_cell("estimated from a published profile")),
      row(text_cell("bêta, \"quoted\" | piped"), 256, 0.03125, 0.5, 1.0 / 3.0, missing_cell()),
      row(text_cell("gamma"), 16'384, 4.0, std::numeric_limits<double>::quiet_NaN(), 54,
          text_cell("Journal")),
  };
  runs.footnotes = {
      "Days with failures are 1.25 times the ideal ones, which is an assumption of this sample and "
      "of nothing else."};
  Table parts;
  parts.key = "parts";
  parts.title = "Where a step goes";
  parts.columns = {{.key = "part", .title = "part", .align = Align::left},
                   {.key = "share", .title = "share"}};
  parts.rows = {{text_cell("compute"), percent_cell(0.75)},
                {{"  attention", std::string("attention")}, percent_cell(0.1)}};
  return {.name = "sample",
          .title = "A sample of every kind of cell",
          .scalars = {{"peak_flop_per_s", "peak", quantity_cell(FlopRate(9.89e14))},
                      {"profile", "profile", text_cell("none: 100 % made up")},
                      {"seed", "", count_cell(42)}},
          .tables = {runs, parts}};
}

}  // namespace traincast
