#include "host/cli/search_report.h"

#include <algorithm>
#include <cmath>

#include "host/report/run_cells.h"

namespace traincast {
namespace {

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}
Column right(std::string key, std::string title, std::string unit = "", int priority = 0) {
  return {.key = std::move(key), .title = std::move(title), .unit = std::move(unit), .priority = priority};
}

std::string gib(double bytes) {
  return plain(bytes / kGiB);
}

double communication(const StepEstimate& step) {
  double sum = 0;
  for (const Part part :
       {Part::tensor_comm, Part::context_comm, Part::expert_comm, Part::pipeline_comm, Part::data_comm}) {
    sum += step.parts[part];
  }
  return sum / step.time.value();
}

std::string plan_cell(const PricedPlan& plan) {
  return choice_text(plan.plan.choice) + (plan.overlap.empty() ? "" : " no-overlap-" + plan.overlap);
}

std::vector<Column> plan_columns() {
  return {left("plan", "plan", 30),
          right("expected_time_s", "days"),
          right("mfu", "MFU"),
          right("step_time_s", "step"),
          right("memory_bytes", "memory", "GiB"),
          right("bubble_share", "bubble", "", 1),
          right("communication_share", "comm", "", 1),
          right("rent_usd", "rent", "M USD", 2),
          right("energy_j", "energy", "GWh", 3),
          {.key = "tensor_parallel", .audience = Audience::machines},
          {.key = "pipeline_parallel", .audience = Audience::machines},
          {.key = "virtual_stages", .audience = Audience::machines},
          {.key = "context_parallel", .audience = Audience::machines},
          {.key = "data_parallel", .audience = Audience::machines},
          {.key = "expert_parallel", .audience = Audience::machines},
          {.key = "expert_tensor_parallel", .audience = Audience::machines},
          {.key = "zero_stage", .audience = Audience::machines},
          {.key = "shard_ranks", .audience = Audience::machines},
          {.key = "micro_batch", .audience = Audience::machines},
          {.key = "global_batch", .audience = Audience::machines},
          {.key = "precision", .audience = Audience::machines},
          {.key = "recompute", .audience = Audience::machines},
          {.key = "recompute_share", .audience = Audience::machines},
          {.key = "schedule", .audience = Audience::machines}};
}

std::vector<Cell> plan_row(const PricedPlan& priced) {
  const Forecast& f = priced.forecast;
  const Plan& p = f.run.plan;
  const double gwh = f.estimate.energy.value() / (1e9 * kSecondsPerHour);
  return {text_cell(plan_cell(priced)),
          days_cell(f.estimate.expected),
          percent_cell(f.step.mfu),
          quantity_cell(f.step.time),
          {gib(f.memory.total().value()), f.memory.total().value()},
          percent_cell(f.step.parts[Part::bubble] / f.step.time.value()),
          percent_cell(communication(f.step)),
          {plain(f.estimate.rent.value() / 1e6), f.estimate.rent.value()},
          {plain(gwh), f.estimate.energy.value()},
          count_cell(p.tensor_parallel),
          count_cell(p.pipeline_parallel),
          count_cell(p.virtual_stages),
          count_cell(p.context_parallel),
          count_cell(p.data_parallel),
          count_cell(p.expert_parallel),
          count_cell(p.expert_tensor_parallel),
          count_cell(p.zero_stage),
          count_cell(p.shard_ranks),
          count_cell(p.micro_batch),
          count_cell(p.global_batch),
          text_cell(name(p.precision)),
          text_cell(name(p.recompute)),
          number_cell(p.recompute_share, 2),
          text_cell(name(p.schedule))};
}

Table best_table(const SearchAnswer& a) {
  Table table{.key = "plans",
              .title = "The best plans by " + std::string(kObjectiveNames[static_cast<int>(a.objective)]),
              .columns = plan_columns()};
  table.columns.push_back(left("why_lost", "loses by", 20));
  for (std::size_t i = 0; i < a.best.size(); ++i) {
    std::vector<Cell> row = plan_row(a.best[i]);
    row.push_back(text_cell(i == 0 ? "" : why_lost(a.best.front().forecast, a.best[i].forecast)));
    table.rows.push_back(std::move(row));
  }
  table.footnotes = {
      "One row a way to lay the model out, with its best ZeRO level (zero2/64: shared by 64 ranks) and share "
      "of recomputed layers. Loses by: parts of its step, in GPU time a token, beyond the best plan's.",
      "Priced by the full model" +
          std::string(a.simulated.value() > 0
                          ? "; the event simulation of the best plan's step takes " + to_string(a.simulated) +
                                ", " + signed_percent(a.simulated / a.best.front().forecast.step.time - 1) +
                                " from the closed form"
                          : "") +
          "."};
  return table;
}

Table parts_table(const SearchAnswer& a) {
  Table table{.key = "parts", .title = "Where a step's time goes", .columns = {left("part", "part")}};
  std::vector<const PricedPlan*> plans = {&a.best.front()};
  table.columns.push_back(right("best_s", "best"));
  if (a.best.size() > 1) {
    plans.push_back(&a.best[1]);
    table.columns.push_back(right("runner_up_s", "runner-up"));
  }
  if (a.own && a.own->forecast.infeasible.empty()) {
    plans.push_back(&*a.own);
    table.columns.push_back(right("own_s", "the run's own"));
  }
  for (int i = 0; i < kParts; ++i) {
    const auto part = static_cast<Part>(i);
    std::vector<Cell> row = {text_cell(name(part))};
    bool any = false;
    for (const PricedPlan* plan : plans) {
      const double seconds = plan->forecast.step.parts[part];
      any = any || seconds > 0;
      row.push_back(quantity_cell(Seconds(seconds)));
    }
    if (any) table.rows.push_back(std::move(row));
  }
  return table;
}

Table front_table(const std::vector<RankedPlan>& front, Bytes capacity, bool several_gpus) {
  Table table{.key = "front",
              .title = several_gpus ? "Pareto front of days, memory left and GPUs"
                                    : "Pareto front of days and memory left",
              .columns = {left("plan", "plan", 30), right("gpus", "GPUs"), right("expected_time_s", "days"),
                          right("headroom_bytes", "memory left", "GiB"), right("step_time_s", "step")}};
  for (const RankedPlan& plan : front) {
    const Choice& c = plan.choice;
    const double headroom = capacity.value() - plan.memory;
    table.rows.push_back({text_cell(choice_text(c)),
                          count_cell(std::int64_t{c.tensor} * c.pipeline * c.context * c.data),
                          days_cell(Seconds(plan.expected)),
                          {gib(headroom), headroom},
                          quantity_cell(Seconds(plan.step))});
  }
  table.footnotes = {"No other plan is at least as good in all of these and better in one."};
  return table;
}

Table broken_table(const SearchAnswer& a) {
  Table table{.key = "gated", .title = "Would be better, but break a sanity gate", .columns = plan_columns()};
  table.columns.insert(table.columns.begin() + 1, left("gates", "breaks", 14));
  for (const PricedPlan& plan : a.broken) {
    std::vector<Cell> row = plan_row(plan);
    row.insert(row.begin() + 1, text_cell(gate_names(plan.plan.broken)));
    table.rows.push_back(std::move(row));
  }
  table.footnotes = {"The best plan for each set of gates broken. --ignore-gates ranks them with the rest."};
  return table;
}

Table gates_table(const Gates& gates) {
  Table table{.key = "gates",
              .title = "Sanity gates",
              .columns = {left("gate", "gate"), left("on", "on"), left("origin", "origin"),
                          left("source", "source", 40)}};
  for (int i = 0; i < kGates; ++i) {
    const Provenance& from = gates.from[static_cast<std::size_t>(i)];
    table.rows.push_back({text_cell(kGateNames[i]), bool_cell((gates.on & bit(static_cast<Gate>(i))) != 0),
                          text_cell(name(from.origin)), text_cell(from.source)});
  }
  return table;
}

void add_speed(std::vector<Scalar>& scalars, const SearchCounts& counts, const SearchSpeed& speed) {
  const double rate = static_cast<double>(counts.evaluated) / std::max(1e-9, speed.wall.value());
  scalars.push_back({"plans_evaluated",
                     "plans",
                     {grouped(counts.evaluated) + " evaluated, " + grouped(counts.feasible) + " fit, " +
                          grouped(counts.gated) + " of them break a gate",
                      counts.evaluated}});
  scalars.push_back({"feasible", "", count_cell(counts.feasible)});
  scalars.push_back({"gated", "", count_cell(counts.gated)});
  scalars.push_back({"wall_s", "", {"", speed.wall.value()}});
  scalars.push_back({"plans_per_s", "", {"", rate}});
  scalars.push_back({"threads", "", count_cell(speed.threads)});
  scalars.push_back({"ranks", "", count_cell(speed.ranks)});
}

// "rank 12 of 40,321 plans that fit (best 0.03 %)": the run's own plan.
std::string own_text(const SearchAnswer& a) {
  const Forecast& own = a.own->forecast;
  if (!own.infeasible.empty()) return choice_text(a.own->plan.choice) + " " + own.infeasible;
  const double share = static_cast<double>(a.counts.better_than_own) / static_cast<double>(a.counts.feasible);
  std::string text = choice_text(a.own->plan.choice) + ": rank " + grouped(a.counts.better_than_own + 1) +
                     " of " + grouped(a.counts.feasible) + " plans that fit (best " + plain(100 * share) +
                     " %), " + grouped(a.counts.better_and_sound + 1) + " of " +
                     grouped(a.counts.feasible - a.counts.gated) + " that break no gate";
  if (a.own->plan.broken != 0) text += "; breaks " + gate_names(a.own->plan.broken);
  if (!a.best.empty()) {
    const Forecast& best = a.best.front().forecast;
    if (own.estimate.expected > best.estimate.expected) {
      text +=
          "; " + signed_percent(own.estimate.expected / best.estimate.expected - 1) + " days over the best";
      text += " by " + why_lost(best, own);
    }
  }
  return text;
}

}  // namespace

Report search_report(const SearchAnswer& a, const SearchSpeed& speed) {
  Report report{.name = "search", .title = a.run.title};
  std::string fleets;
  for (const Fleet& fleet : a.run.cluster.fleets) {
    fleets += (fleets.empty() ? "" : " + ") + grouped(fleet.gpus) + " " + fleet.gpu;
  }
  if (a.extends_cluster) fleets += " (more than the cluster has: extrapolated)";
  report.scalars = {{"run", "", text_cell(a.run.name)},
                    {"objective", "", text_cell(kObjectiveNames[static_cast<int>(a.objective)])},
                    {"gpus", "GPUs", {fleets, a.gpus}},
                    {"software", "software", text_cell(a.run.stack.name)}};
  add_speed(report.scalars, a.counts, speed);
  if (a.own) {
    const bool fits = a.own->forecast.infeasible.empty();
    report.scalars.push_back({"own_plan", "the run's own plan", text_cell(own_text(a))});
    if (fits) {
      report.scalars.push_back({"own_rank", "", count_cell(a.counts.better_than_own + 1)});
      report.scalars.push_back(
          {"own_share",
           "",
           {"", static_cast<double>(a.counts.better_than_own) / static_cast<double>(a.counts.feasible)}});
    }
  }
  if (!a.best.empty()) {
    if (a.best.size() > 1) {
      const double behind = a.best[1].plan.score / a.best[0].plan.score - 1;
      report.scalars.push_back({"runner_up", "runner-up",
                                text_cell(plan_cell(a.best[1]) + ": " + signed_percent(behind) +
                                          ", lost by " + why_lost(a.best[0].forecast, a.best[1].forecast))});
    }
    report.tables = {best_table(a), parts_table(a)};
  } else {
    report.scalars.push_back(
        {"none_sound", "no plan", text_cell("Every plan that fits breaks a gate; see the table below.")});
  }
  if (!a.broken.empty()) report.tables.push_back(broken_table(a));
  if (!a.front.empty()) report.tables.push_back(front_table(a.front, a.capacity, false));
  report.tables.push_back(gates_table(a.gates));
  return report;
}

}  // namespace traincast
