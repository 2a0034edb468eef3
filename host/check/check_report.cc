#include "host/check/check_report.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "host/model/parameters.h"
#include "host/report/run_cells.h"

namespace traincast {
namespace {

// Of the time that passes; a rank alone on its core has nearly all of it.
constexpr double kBusy = 0.9;

Column left(std::string key, std::string title, int wrap = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .wrap_width = wrap};
}

std::string decimals(double value, int count) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", count, value);
  return text.data();
}

std::string model_text(const CheckResult& r) {
  const Transformer& m = r.run.model;
  std::string text = m.name + ": " + grouped(m.layers) + " of " + grouped(r.full_layers) +
                     " layers, hidden " + grouped(m.hidden) + ", FFN " +
                     grouped(m.moe ? m.moe->ffn_hidden : m.ffn_hidden) + ", " + grouped(m.heads) +
                     " heads, vocabulary " + grouped(m.vocab) + ", sequence " + grouped(m.sequence);
  if (m.moe) text += ", " + grouped(m.moe->experts) + " experts";
  return text;
}

std::string scale_text(const CheckResult& r) {
  if (r.scale == 1) return "full size";
  return "widths, heads and experts divided by " + std::to_string(r.scale) +
         "; vocabulary and default sequence by " + std::to_string(r.scale * r.scale);
}

Cell signed_percent(double ratio) {
  return {(ratio >= 0 ? "+" : "") + decimals(100 * ratio, 1) + " %", ratio};
}

std::string spread_of(const CheckResult& r) {
  const auto [fastest, slowest] = std::minmax_element(r.tries.begin(), r.tries.end());
  return to_string(r.measured) + ", median of " + std::to_string(r.tries.size()) + " (" +
         to_string(*fastest) + " to " + to_string(*slowest) + ")";
}

std::vector<Scalar> summary(const CheckResult& r) {
  const Plan& plan = r.run.plan;
  const Stack& stack = r.prediction.stack;
  std::vector<Scalar> scalars = {
      {"model", "model", {model_text(r), r.run.model.name}},
      {"scale", "size", {scale_text(r), r.scale}},
      {"layers", "", count_cell(r.run.model.layers)},
      {"hidden", "", count_cell(r.run.model.hidden)},
      {"ffn_hidden", "", count_cell(r.run.model.ffn_hidden)},
      {"heads", "", count_cell(r.run.model.heads)},
      {"kv_heads", "", count_cell(r.run.model.kv_heads)},
      {"head_dim", "", count_cell(r.run.model.head_dim)},
      {"vocab", "", count_cell(r.run.model.vocab)},
      {"sequence", "", count_cell(r.run.model.sequence)},
      {"experts", "", count_cell(r.run.model.moe ? r.run.model.moe->experts : 0)},
      {"gated_ffn", "", bool_cell(r.run.model.gated_ffn)},
      {"micro_batch", "", count_cell(r.run.plan.micro_batch)},
      {"micro_batches", "", count_cell(r.prediction.step.micro_batches)},
      {"parameters", "", {"", parameters(r.run.model)}},
      {"ranks",
       "ranks",
       {std::to_string(r.ranks.ranks) + " x " + r.device.name + " (" + r.device.backend + ")",
        std::int64_t{r.ranks.ranks}}},
      {"backend", "", text_cell(r.device.backend)},
      {"plan",
       "plan",
       {"tensor " + std::to_string(plan.tensor_parallel) + " x data " + std::to_string(plan.data_parallel) +
            ", ZeRO " + std::to_string(plan.zero_stage) + ", " + std::string(name(plan.precision)) + ", " +
            std::to_string(r.prediction.step.micro_batches) + " micro-batches of " +
            std::to_string(plan.micro_batch),
        plan_text(plan)}},
      {"memory_bytes",
       "memory",
       {to_string(r.memory.total()) + " of " + to_string(r.ranks.memory) +
            " a rank, as the model of memory counts",
        r.memory.total().value()}},
      {"measured_s", "measured", {spread_of(r), r.measured.value()}},
      {"predicted_s", "predicted", quantity_cell(r.prediction.step.time)},
      {"error", "error", signed_percent(r.error())},
      {"exposed_share", "", {"", r.exposed_share}},
      {"elementwise_passes", "", {"", stack.elementwise_passes}},
      {"data_exposed", "", {"", stack.data_exposed}},
      {"processor_share", "", {"", r.processor_share}},
      {"profile_processor_share", "", {"", r.profile_processor_share}}};
  if (r.device.backend == "cpu") {
    std::string text = decimals(100 * r.processor_share, 0) + " % of the steps' time";
    if (!r.profile_given) text += ", " + decimals(100 * r.profile_processor_share, 0) + " % of the profile's";
    if (r.processor_share < kBusy) {
      text += ": other programs lengthen the step by more than they do the median of a short operation";
    }
    scalars.push_back({"processor", "processor had", text_cell(text)});
  }
  return scalars;
}

Cell ratio_cell(Seconds measured, Seconds predicted) {
  return predicted.value() > 0 && measured.value() > 0 ? number_cell(measured / predicted, 2)
                                                       : missing_cell();
}

std::vector<Cell> row(std::string_view what, Cell count, Cell expected, Seconds measured, Seconds predicted,
                      Cell alone, std::string_view why = "") {
  return {text_cell(what),          std::move(count),
          std::move(expected),      quantity_cell(measured),
          quantity_cell(predicted), ratio_cell(measured, predicted),
          std::move(alone),         text_cell(why)};
}

Table classes_table(const CheckResult& r) {
  const StepPrediction& p = r.prediction;
  Table table{.key = "classes", .title = "A step, by operation class"};
  table.columns = {left("op_class", "operation"),
                   {.key = "count", .title = "count"},
                   {.key = "predicted_count", .audience = Audience::machines},
                   {.key = "measured_s", .title = "measured"},
                   {.key = "predicted_s", .title = "predicted"},
                   {.key = "ratio", .title = "ratio"},
                   {.key = "alone_s", .title = "alone", .priority = 1},
                   left("why", "not run", 30)};
  bool any_left_out = false;
  for (const ClassResult& c : r.classes) {
    if (!c.why.empty()) {
      any_left_out = true;
      table.rows.push_back({text_cell(name(c.op_class)), count_cell(0), count_cell(c.expected),
                            missing_cell(), missing_cell(), missing_cell(), missing_cell(),
                            text_cell(c.why)});
      continue;
    }
    table.rows.push_back(row(name(c.op_class), count_cell(c.count), count_cell(c.expected), c.measured,
                             c.predicted, quantity_cell(c.alone)));
  }
  if (!any_left_out) table.columns.back().audience = Audience::machines;
  if (r.run.plan.tensor_parallel > 1) {
    table.rows.push_back(row("tensor messages, exposed", missing_cell(), missing_cell(), r.tensor.exposed,
                             Seconds(p.tensor_comm), quantity_cell(Seconds(p.tensor_alone))));
  }
  if (r.run.plan.data_parallel > 1) {
    table.rows.push_back(row("data messages, exposed", missing_cell(), missing_cell(), r.data.exposed,
                             Seconds(p.data_comm), quantity_cell(Seconds(p.data_alone))));
  }
  table.rows.push_back(
      row("rest", missing_cell(), missing_cell(), r.rest(), Seconds(p.waiting), missing_cell()));
  table.rows.push_back(row("step", missing_cell(), missing_cell(), r.measured, p.step.time, missing_cell()));
  table.footnotes = {
      "ratio: measured over predicted. Classes are timed in place in steps of their own; the step without "
      "any clock in it. "
      "rest: what of that step is neither; of the prediction, waiting for the slowest rank",
      "alone: each operation's own time in the profile times its count; messages: not overlapped"};
  if (r.run.stack.accumulate_bytes == 0) {
    table.footnotes.emplace_back("gradients are accumulated by the weight-gradient GEMMs, in FP32");
  }
  if (any_left_out) {
    table.footnotes.emplace_back("what was not run is left out of the measured step and of the prediction");
  }
  return table;
}

Table messages_table(const CheckResult& r) {
  Table table{.key = "messages", .title = "Messages"};
  table.columns = {left("group", "group"),
                   {.key = "exposed_s", .title = "exposed"},
                   {.key = "in_flight_s", .title = "in flight"},
                   {.key = "predicted_exposed_s", .title = "predicted exposed"},
                   {.key = "predicted_s", .title = "predicted alone"}};
  const auto add = [&table](std::string_view group, const MessageTimes& measured, double exposed,
                            double alone) {
    table.rows.push_back({text_cell(group), quantity_cell(measured.exposed),
                          quantity_cell(measured.in_flight), quantity_cell(Seconds(exposed)),
                          quantity_cell(Seconds(alone))});
  };
  if (r.run.plan.tensor_parallel > 1)
    add("tensor", r.tensor, r.prediction.tensor_comm, r.prediction.tensor_alone);
  if (r.run.plan.data_parallel > 1) add("data", r.data, r.prediction.data_comm, r.prediction.data_alone);
  return table;
}

Table inputs_table(const CheckResult& r) {
  const Stack& stack = r.prediction.stack;
  Table table{.key = "inputs", .title = "What the prediction rests on"};
  table.columns = {left("what", "input"), left("origin", "origin"), left("source", "source", 60)};
  for (const InputUsed& input : r.prediction.inputs) {
    table.rows.push_back(
        {text_cell(input.what), text_cell(name(input.from.origin)), text_cell(input.from.source)});
  }
  const auto derived = [&table](std::string_view what, const std::string& source) {
    table.rows.push_back({text_cell(what), text_cell(name(Origin::measured)), text_cell(source)});
  };
  derived("memory-bound kernels",
          "one rate for all: " + decimals(stack.elementwise_passes, 2) +
              " times the traffic of fused BF16 kernels at a copy's rate, from each one's own time");
  derived("optimizer",
          to_string(stack.step_overhead) + " a step beyond its traffic at a copy's rate, from its own time");
  derived("loss", decimals(stack.logit_bytes, 1) + " bytes a logit at a copy's rate, from its own time");
  if (r.ranks.ranks > 1) {
    derived("overlap",
            decimals(100 * r.exposed_share, 0) + " % of a gradient message's time adds to GEMMs beside it");
  }
  derived("spread", decimals(100 * r.prediction.spread, 1) + " % between these ranks");
  table.footnotes = {"no figure of the measured step enters the prediction"};
  return table;
}

}  // namespace

Report check_report(const CheckResult& result) {
  Report report{.name = "check"};
  report.title = "A training step on the ranks at hand, measured and predicted";
  report.scalars = summary(result);
  report.tables.push_back(classes_table(result));
  if (result.ranks.ranks > 1) report.tables.push_back(messages_table(result));
  report.tables.push_back(inputs_table(result));
  if (!result.unsupported.empty()) {
    Table table{.key = "unsupported", .title = "Not run here"};
    table.columns = {left("op", "operation"), left("why", "why", 40)};
    for (const Unsupported& each : result.unsupported)
      table.rows.push_back({text_cell(each.what), text_cell(each.why)});
    report.tables.push_back(std::move(table));
  }
  return report;
}

}  // namespace traincast
