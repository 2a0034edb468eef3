#include "host/validate/validate_report.h"

#include <cmath>
#include <functional>
#include <utility>

#include "host/model/layer.h"

namespace traincast {
namespace {

Column left(std::string key, std::string title, int priority = 0) {
  return {.key = std::move(key), .title = std::move(title), .align = Align::left, .priority = priority};
}
Column right(std::string key, std::string title, int priority = 0) {
  return {.key = std::move(key), .title = std::move(title), .priority = priority};
}
Cell signed_cell(double value) {
  Cell cell = number_cell(value, 3);
  if (value > 0) cell.text = "+" + cell.text;
  return cell;
}

Table rows_table(const std::vector<Prediction>& predictions) {
  Table table;
  table.title = "Published runs";
  table.columns = {
      left("id", "row"),
      left("family", "family", 3),
      left("model", "model", 4),
      left("gpu", "GPU", 1),
      right("gpus", "GPUs", 1),
      left("stack", "stack", 5),
      right("predicted_s", "predicted s"),
      right("measured_s", "measured s"),
      right("log_error", "error"),
      right("predicted_bytes", "memory", 6),
      right("measured_bytes", "measured", 6),
      left("status", "status", 2),
      {.key = "reason", .title = "reason", .align = Align::left, .priority = 2, .wrap_width = 24},
      {.key = "scored", .title = "scored", .audience = Audience::machines},
      {.key = "core", .title = "core", .audience = Audience::machines},
      {.key = "assumptions", .title = "assumptions", .audience = Audience::machines}};
  for (const Prediction& prediction : predictions) {
    const ScoredRow& row = prediction.row;
    const bool ok = row.status == "ok";
    std::string assumptions;
    for (const std::string& text : row.assumptions) assumptions += (assumptions.empty() ? "" : "; ") + text;
    const auto bytes = [](double value) { return value > 0 ? quantity_cell(Bytes(value)) : missing_cell(); };
    table.rows.push_back({text_cell(row.id), text_cell(row.family), text_cell(row.model), text_cell(row.gpu),
                          count_cell(row.gpus), text_cell(row.stack),
                          ok ? number_cell(row.predicted_s, 3) : missing_cell(),
                          row.measured_s > 0 ? number_cell(row.measured_s, 3) : missing_cell(),
                          ok ? signed_cell(row.log_error) : missing_cell(), bytes(row.predicted_bytes),
                          bytes(row.measured_bytes), text_cell(row.status), text_cell(row.reason),
                          bool_cell(row.scored), bool_cell(row.core), text_cell(assumptions)});
  }
  return table;
}

std::vector<ScoredRow> scored_rows(const std::vector<Prediction>& predictions) {
  std::vector<ScoredRow> rows;
  rows.reserve(predictions.size());
  for (const Prediction& prediction : predictions) rows.push_back(prediction.row);
  return rows;
}

const std::vector<Column>& summary_columns() {
  static const std::vector<Column> kColumns = {left("group", "group"),
                                               right("rows", "rows"),
                                               right("median", "median |e|"),
                                               right("p90", "90 % |e|"),
                                               right("bias", "median e"),
                                               right("mean", "mean |e|", 1),
                                               right("slope", "e per 10x GPUs", 1)};
  return kColumns;
}
std::vector<Cell> summary_cells(const std::string& group, const Summary& summary) {
  return {text_cell(group),
          count_cell(summary.rows),
          number_cell(summary.median, 3),
          number_cell(summary.p90, 3),
          signed_cell(summary.bias),
          number_cell(summary.mean, 3),
          signed_cell(summary.slope)};
}

Table memory_table(const std::vector<Prediction>& predictions) {
  double mean = 0;
  double most = 0;
  int rows = 0;
  for (const Prediction& prediction : predictions) {
    const ScoredRow& row = prediction.row;
    if (row.measured_bytes <= 0 || row.predicted_bytes <= 0) continue;
    const double error = std::abs(row.predicted_bytes / row.measured_bytes - 1);
    mean += error;
    most = std::max(most, error);
    ++rows;
  }
  Table table{.key = "memory", .title = "Peak memory"};
  if (rows == 0) return table;
  table.columns = {right("rows", "rows"), right("mean", "mean error"), right("max", "largest error")};
  table.rows = {{count_cell(rows), percent_cell(mean / rows, 2), percent_cell(most, 2)}};
  return table;
}

Table refused_table(const std::vector<Prediction>& predictions) {
  Table table{.key = "refused", .title = "Rows that cannot be expressed"};
  table.columns = {left("id", "row"),
                   left("model", "model", 1),
                   {.key = "reason", .title = "reason", .align = Align::left, .wrap_width = 40}};
  for (const Prediction& prediction : predictions) {
    if (prediction.row.status == "ok") continue;
    table.rows.push_back(
        {text_cell(prediction.row.id), text_cell(prediction.row.model), text_cell(prediction.row.reason)});
  }
  return table;
}

}  // namespace

Report runs_report(const std::vector<Prediction>& predictions, const std::vector<CrossValidation>& crosses,
                   bool with_rows) {
  Report report{.name = "validate runs",
                .title = "Predicted against published: e = ln(predicted / measured)"};
  if (with_rows) report.tables.push_back(rows_table(predictions));
  Table summary{.key = "summary", .title = "Errors"};
  summary.columns = summary_columns();
  for (const Summary& row : summaries(scored_rows(predictions))) {
    if (row.rows > 0) summary.rows.push_back(summary_cells(row.group, row));
  }
  report.tables.push_back(std::move(summary));
  if (Table memory = memory_table(predictions); !memory.rows.empty())
    report.tables.push_back(std::move(memory));
  if (!crosses.empty()) {
    Table table{.key = "cross_validation",
                .title = "Stacks' time factors refitted without the rows that they predict"};
    table.columns = summary_columns();
    for (const CrossValidation& cross : crosses) {
      const std::vector<Summary> all = summaries(cross.rows);
      for (std::size_t i = 0; i < 8 && i < all.size();
           i += 2) {  // families equal: all, core, core dense, core moe
        table.rows.push_back(summary_cells(std::string(name(cross.split)) + ": " + all[i].group, all[i]));
      }
    }
    report.tables.push_back(std::move(table));
  }
  if (Table refused = refused_table(predictions); !refused.rows.empty())
    report.tables.push_back(std::move(refused));
  return report;
}

Report explain_report(const Prediction& prediction) {
  const ScoredRow& row = prediction.row;
  Report report{.name = "validate runs explain",
                .title = row.id + ": " + row.model + " on " + std::to_string(row.gpus) + " " + row.gpu +
                         ", stack " + row.stack};
  const bool ok = row.status == "ok";
  report.scalars = {
      {"status", "status", text_cell(ok ? row.status : row.status + ": " + row.reason)},
      {"predicted_s", "predicted", quantity_cell(Seconds(row.predicted_s))},
      {"measured_s", "measured", quantity_cell(Seconds(row.measured_s))},
      {"log_error", "ln(predicted / measured)", ok ? signed_cell(row.log_error) : missing_cell()}};
  if (ok) {
    const Plan& plan = prediction.plan;
    report.scalars.push_back(
        {"plan", "plan",
         text_cell("TP" + std::to_string(plan.tensor_parallel) + " PP" +
                   std::to_string(plan.pipeline_parallel) + " VP" + std::to_string(plan.virtual_stages) +
                   " CP" + std::to_string(plan.context_parallel) + " EP" +
                   std::to_string(plan.expert_parallel) + " DP" + std::to_string(plan.data_parallel) +
                   " ZeRO-" + std::to_string(plan.zero_stage) + " micro-batch " +
                   std::to_string(plan.micro_batch) + " of " + std::to_string(plan.global_batch) + " " +
                   std::string(name(plan.precision)) + " recompute " + std::string(name(plan.recompute)))});
    Table parts{.key = "parts", .title = "Where the predicted step goes"};
    parts.columns = {left("part", "part"), right("time_s", "time"), right("share", "share")};
    for (int i = 0; i < kParts; ++i) {
      const auto part = static_cast<Part>(i);
      const double seconds = prediction.step.parts[part];
      if (seconds > 0) {
        parts.rows.push_back({text_cell(name(part)), quantity_cell(Seconds(seconds)),
                              percent_cell(seconds / prediction.step.time.value())});
      }
    }
    report.tables.push_back(std::move(parts));
  }
  if (!row.assumptions.empty()) {
    Table assumptions{.key = "assumptions", .title = "Assumed where the source says nothing"};
    assumptions.columns = {
        {.key = "assumption", .title = "assumption", .align = Align::left, .wrap_width = 60}};
    for (const std::string& text : row.assumptions) assumptions.rows.push_back({text_cell(text)});
    report.tables.push_back(std::move(assumptions));
  }
  return report;
}

Report collectives_report(const ValidationResult& result) {
  Report report{
      .name = "validate collectives",
      .title =
          "Collectives predicted from a fabric calibrated on other points: mean |predicted / measured - 1|"};
  Table summary{.key = "summary", .title = "Errors by operation, scale and size"};
  summary.columns = {left("op", "operation"),
                     right("gpus", "GPUs"),
                     left("sizes", "sizes"),
                     right("points", "points", 1),
                     right("model", "model"),
                     right("model_bias", "bias", 1),
                     right("alpha_beta", "alpha-beta"),
                     right("constant_busbw", "constant busbw")};
  for (const ValidationSummary& row : result.summaries) {
    summary.rows.push_back(
        {text_cell(name(row.op)), row.gpus == 0 ? Cell{"all", MachineValue{}} : count_cell(row.gpus),
         text_cell(name(row.size_class)), count_cell(row.points), percent_cell(row.model),
         signed_cell(row.model_bias), percent_cell(row.alpha_beta), percent_cell(row.constant_busbw)});
  }
  Table rows;
  rows.title = "Points";
  rows.columns = {left("op", "operation"),
                  right("nodes", "nodes"),
                  right("gpus", "GPUs"),
                  {.key = "bytes", .title = "message"},
                  right("predicted_s", "predicted"),
                  right("measured_s", "measured"),
                  right("log_error", "error"),
                  left("algorithm", "algorithm", 1),
                  left("protocol", "protocol", 1),
                  right("alpha_beta_s", "alpha-beta", 2),
                  right("constant_busbw_s", "constant busbw", 2)};
  for (const ValidationRow& row : result.rows) {
    rows.rows.push_back({text_cell(name(row.point.op)),
                         count_cell(row.point.nodes),
                         count_cell(row.point.gpus),
                         {to_string(row.point.bytes), static_cast<std::int64_t>(row.point.bytes.value())},
                         quantity_cell(row.predicted),
                         quantity_cell(row.point.measured),
                         signed_cell(row.log_error),
                         text_cell(name(row.algorithm)),
                         text_cell(name(row.protocol)),
                         quantity_cell(row.alpha_beta),
                         quantity_cell(row.constant_busbw)});
  }
  report.tables = {std::move(rows), std::move(summary)};
  return report;
}

Report kernels_report(const std::vector<KernelErrors>& errors, const std::string& gpu) {
  Report report{.name = "validate kernels", .title = "Kernel times left out and predicted, " + gpu};
  Table table;
  table.title = "Errors of left-out points: e = ln(predicted / measured)";
  table.columns = {left("kernels", "kernels"),     left("split", "left out"), left("sizes", "sizes"),
                   left("predictor", "predictor"), right("points", "points"), right("median", "median |e|"),
                   right("p90", "90 % |e|"),       right("bias", "mean e")};
  for (const KernelErrors& row : errors) {
    table.rows.push_back({text_cell(row.kernels), text_cell(row.split), text_cell(row.sizes),
                          text_cell(row.predictor), count_cell(static_cast<std::int64_t>(row.points)),
                          percent_cell(row.median), percent_cell(row.p90), percent_cell(row.bias)});
  }
  report.tables = {std::move(table)};
  return report;
}

}  // namespace traincast
