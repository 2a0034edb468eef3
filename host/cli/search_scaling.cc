// The best plan for each of several numbers of GPUs, side by side.
#include <algorithm>

#include "host/cli/search_report.h"
#include "host/cli/search_tables.h"
#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}

const PricedPlan& best_of(const ScalingPoint& point) {
  return point.found->best.front();
}

// GPU-seconds a token, interruptions included.
double token_cost(const Forecast& f) {
  return f.estimate.gpu_hours * kSecondsPerHour / f.run.tokens.value();
}

// Which term of a step, or the interruptions, takes most more GPU time a token than on fewer GPUs.
struct Term {
  std::string name;
  double share = 0;  // of the GPU time a token on more GPUs
};
Term largest_loss(const Forecast& fewer, const Forecast& more) {
  const auto lost = [](const Forecast& f) { return token_cost(f) * (1 - f.estimate.goodput()); };
  Term term{"", 0};
  const std::vector<Loss> parts = losses(fewer, more);
  if (!parts.empty()) term = {std::string(name(parts.front().part)), parts.front().seconds};
  if (lost(more) - lost(fewer) > term.share) term = {"interruptions", lost(more) - lost(fewer)};
  term.share /= token_cost(more);
  return term;
}

// Days that a doubling of the GPUs must save to count as help.
constexpr double kHelps = 0.1;

std::string where_it_stops(const ScalingCurve& curve) {
  const ScalingPoint* before = nullptr;
  for (const ScalingPoint& point : curve.points) {
    if (!point.found) {
      if (before != nullptr) {
        return "ends at " + grouped(before->gpus) + " GPUs; on " + grouped(point.gpus) + " " + point.why_none;
      }
      continue;
    }
    if (before != nullptr) {
      const Forecast &fewer = best_of(*before).forecast, &more = best_of(point).forecast;
      const double saved = 1 - more.estimate.expected / fewer.estimate.expected;
      if (saved < kHelps) {
        const Term term = largest_loss(fewer, more);
        return "more GPUs stop helping at " + grouped(before->gpus) + ": " + grouped(point.gpus) +
               (saved > 0 ? " save only " + plain(100 * saved) : " add " + plain(-100 * saved)) +
               " % of the days" + (term.name.empty() ? "" : ", because of " + term.name);
      }
    }
    before = &point;
  }
  if (before == nullptr) return "no plan on any of them";
  return "more GPUs help up to " + grouped(before->gpus) + ", the most asked for";
}

Table curve_table(const ScalingCurve& curve) {
  Table table{.key = curve.key,
              .title = curve.title,
              .columns = {{.key = "gpus", .title = "GPUs"},
                          {.key = "batch_tokens", .title = "batch", .unit = "tokens"},
                          left("plan", "best plan", 24),
                          {.key = "expected_time_s", .title = "days"},
                          {.key = "mfu", .title = "MFU"},
                          {.key = "goodput", .title = "useful", .priority = 1},
                          {.key = "token_rate_token_per_s", .title = "tokens/s", .priority = 2},
                          {.key = "efficiency", .title = "efficiency"},
                          left("loses_to", "loses to", 14),
                          {.key = "loss_share", .title = "", .unit = "", .audience = Audience::machines},
                          {.key = "headroom_bytes", .title = "memory left", .unit = "GiB", .priority = 3}}};
  const Forecast* first = nullptr;
  const Forecast* before = nullptr;
  for (const ScalingPoint& point : curve.points) {
    if (!point.found) {
      std::vector<Cell> row = {count_cell(point.gpus), missing_cell(), text_cell(point.why_none)};
      while (row.size() < table.columns.size()) row.push_back(missing_cell());
      table.rows.push_back(std::move(row));
      continue;
    }
    const PricedPlan& best = best_of(point);
    const Forecast& f = best.forecast;
    const double tokens = static_cast<double>(point.global_batch) * static_cast<double>(f.run.model.sequence);
    const Term term = before == nullptr ? Term{} : largest_loss(*before, f);
    if (first == nullptr) first = &f;
    before = &f;
    const double headroom = (point.found->capacity - f.memory.total()).value();
    table.rows.push_back(
        {count_cell(point.gpus),
         compact_cell(tokens),
         text_cell(plan_cell(best)),
         days_cell(f.estimate.expected),
         percent_cell(f.step.mfu),
         percent_cell(f.estimate.goodput()),
         compact_cell(f.estimate.tokens.value()),
         percent_cell(token_cost(*first) / token_cost(f)),
         text_cell(term.name.empty() ? "" : term.name + " +" + plain(100 * term.share) + " %"),
         {"", term.share},
         {plain(headroom / kGiB), headroom}});
  }
  table.footnotes = {
      "Efficiency: GPU time a token over that of the fewest GPUs, interruptions included. Loses "
      "to: the term that takes most more GPU time a token than on the row above, as a share."};
  return table;
}

// The plans that none on as few or fewer GPUs beats in days and memory left.
std::vector<FrontRow> joint_front(const ScalingCurve& curve) {
  std::vector<FrontRow> front;
  ParetoFront so_far;  // from few GPUs to many, by memory beyond the capacity
  for (const ScalingPoint& point : curve.points) {
    if (!point.found) continue;
    std::vector<RankedPlan> kept;
    for (RankedPlan plan : point.found->front) {
      const Bytes headroom = point.found->capacity - Bytes(plan.memory);
      plan.memory = -headroom.value();
      if (!so_far.wants(plan.expected, plan.memory)) continue;
      kept.push_back(plan);
      front.push_back({plan, headroom});
    }
    for (const RankedPlan& plan : kept) so_far.add(plan);
  }
  return front;
}

}  // namespace

Report scaling_report(const Run& run, Objective objective, const std::vector<ScalingCurve>& curves,
                      const SearchSpeed& speed, std::size_t front_rows) {
  Report report{.name = "search", .title = run.title};
  report.scalars = {{"run", "", text_cell(run.name)},
                    {"objective", "", text_cell(kObjectiveNames[static_cast<int>(objective)])},
                    {"software", "software", text_cell(run.stack.name)}};
  SearchCounts counts;
  for (const ScalingCurve& curve : curves) {
    report.scalars.push_back({curve.key + "_verdict", curve.title, text_cell(where_it_stops(curve))});
    report.tables.push_back(curve_table(curve));
    for (const ScalingPoint& point : curve.points) {
      if (!point.found) continue;
      counts.evaluated += point.found->counts.evaluated;
      counts.feasible += point.found->counts.feasible;
      counts.gated += point.found->counts.gated;
    }
  }
  add_speed(report.scalars, counts, speed);
  const std::vector<FrontRow> front = joint_front(curves.front());
  if (!front.empty()) report.tables.push_back(front_table(front, true, front_rows));
  return report;
}

}  // namespace traincast
