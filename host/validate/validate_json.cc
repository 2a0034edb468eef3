#include <nlohmann/json.hpp>

#include "host/report/renderer.h"
#include "host/validate/validate_report.h"

namespace traincast {
namespace {

using Json = nlohmann::ordered_json;

Json summary_json(const Summary& summary) {
  return {{"rows", summary.rows}, {"median", summary.median}, {"p90", summary.p90},
          {"bias", summary.bias}, {"mean", summary.mean},     {"slope_per_decade_of_gpus", summary.slope}};
}

// "family=BLOOM" becomes family.BLOOM, "gpus<=8" scale["gpus<=8"], "core, families equal" core.
Json summaries_json(const std::vector<ScoredRow>& rows) {
  Json result = Json::object();
  for (const Summary& summary : summaries(rows)) {
    if (summary.rows == 0) continue;
    const std::string& group = summary.group;
    const auto equals = group.find('=');
    const std::string equal_families = ", families equal";
    const std::string equal_rows = ", rows equal";
    if (group.ends_with(equal_families)) {
      result[group.substr(0, group.size() - equal_families.size())] = summary_json(summary);
    } else if (group.ends_with(equal_rows)) {
      result[group.substr(0, group.size() - equal_rows.size()) + " unweighted"] = summary_json(summary);
    } else if (group.starts_with("gpus")) {
      result["scale"][group] = summary_json(summary);
    } else {
      result[group.substr(0, equals)][group.substr(equals + 1)] = summary_json(summary);
    }
  }
  return result;
}

Json row_json(const ScoredRow& row) {
  const bool ok = row.status == "ok";
  Json json = {{"id", row.id},         {"family", row.family},   {"cluster", row.cluster},
               {"model", row.model},   {"gpu", row.gpu},         {"gpus", row.gpus},
               {"stack", row.stack},   {"predicted_s", nullptr}, {"measured_s", nullptr},
               {"log_error", nullptr}, {"status", row.status},   {"reason", row.reason},
               {"scored", row.scored}, {"core", row.core},       {"assumptions", row.assumptions}};
  if (ok) json["predicted_s"] = row.predicted_s;
  if (row.measured_s > 0) json["measured_s"] = row.measured_s;
  if (ok) json["log_error"] = row.log_error;
  if (row.measured_bytes > 0) {
    json["predicted_bytes"] = row.predicted_bytes;
    json["measured_bytes"] = row.measured_bytes;
  }
  return json;
}

}  // namespace

std::string runs_json(const std::vector<Prediction>& predictions,
                      const std::vector<CrossValidation>& crosses) {
  Json root = {
      {"schema_version", kReportSchemaVersion}, {"report", "validate runs"}, {"rows", Json::array()}};
  std::vector<ScoredRow> rows;
  for (const Prediction& prediction : predictions) {
    rows.push_back(prediction.row);
    root["rows"].push_back(row_json(prediction.row));
  }
  root["summary"] = summaries_json(rows);
  for (const CrossValidation& cross : crosses) {
    root["cross_validation"][std::string(name(cross.split))] = summaries_json(cross.rows);
  }
  return root.dump(1) + "\n";
}

}  // namespace traincast
