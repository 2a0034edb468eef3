#include "host/validate/score.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <utility>

namespace traincast {
namespace {

// Smallest value at which the weights of values up to it reach the share, interpolated between neighbours'
// midpoints.
double weighted_quantile(std::vector<std::pair<double, double>> values, double share) {
  std::sort(values.begin(), values.end());
  double total = 0;
  for (const auto& [value, weight] : values) total += weight;
  double before = 0;
  double last_at = 0;
  double last = values.front().first;
  for (const auto& [value, weight] : values) {
    const double at = (before + weight / 2) / total;
    if (at >= share)
      return at > last_at && before > 0 ? last + (value - last) * (share - last_at) / (at - last_at) : value;
    before += weight;
    last_at = at;
    last = value;
  }
  return last;
}

// Least-squares slope of the error on log10(GPUs), each cluster and stack with its own intercept: software is
// worth more than scale, and a cluster's larger rows are often of another release.
double slope_within_clusters(const std::vector<const ScoredRow*>& rows) {
  std::map<std::string, std::vector<const ScoredRow*>> clusters;
  for (const ScoredRow* row : rows) clusters[row->cluster + "\n" + row->stack].push_back(row);
  double xx = 0;
  double xy = 0;
  for (const auto& [name, members] : clusters) {
    double mean_x = 0;
    double mean_y = 0;
    for (const ScoredRow* row : members) {
      mean_x += std::log10(static_cast<double>(row->gpus)) / static_cast<double>(members.size());
      mean_y += row->log_error / static_cast<double>(members.size());
    }
    for (const ScoredRow* row : members) {
      const double x = std::log10(static_cast<double>(row->gpus)) - mean_x;
      xx += x * x;
      xy += x * (row->log_error - mean_y);
    }
  }
  return xx > 1e-9 ? xy / xx : 0;
}

std::string scale_bucket(long long gpus) {
  for (long long edge : {8, 64, 512, 4096}) {
    if (gpus <= edge) return "gpus<=" + std::to_string(edge);
  }
  return "gpus>4096";
}

}  // namespace

Summary summarize(const std::string& group, const std::vector<const ScoredRow*>& rows, Weights weights) {
  Summary summary;
  summary.group = group;
  summary.rows = static_cast<int>(rows.size());
  if (rows.empty()) return summary;
  std::map<std::string, double> family_rows;
  for (const ScoredRow* row : rows) family_rows[row->family] += 1;
  std::vector<std::pair<double, double>> absolute;
  std::vector<std::pair<double, double>> signed_errors;
  double total = 0;
  for (const ScoredRow* row : rows) {
    const double weight = weights == Weights::families ? 1 / family_rows[row->family] : 1;
    absolute.emplace_back(std::abs(row->log_error), weight);
    signed_errors.emplace_back(row->log_error, weight);
    summary.mean += weight * std::abs(row->log_error);
    total += weight;
  }
  summary.mean /= total;
  summary.median = weighted_quantile(absolute, 0.5);
  summary.p90 = weighted_quantile(absolute, 0.9);
  summary.bias = weighted_quantile(signed_errors, 0.5);
  summary.slope = slope_within_clusters(rows);
  return summary;
}

std::vector<Summary> summaries(const std::vector<ScoredRow>& rows) {
  std::vector<const ScoredRow*> scored;
  for (const ScoredRow& row : rows) {
    if (row.scored) scored.push_back(&row);
  }
  const auto where = [&](const std::function<bool(const ScoredRow&)>& keep) {
    std::vector<const ScoredRow*> some;
    std::copy_if(scored.begin(), scored.end(), std::back_inserter(some),
                 [&](const ScoredRow* row) { return keep(*row); });
    return some;
  };
  const auto core = where([](const ScoredRow& row) { return row.core; });
  const auto dense = where([](const ScoredRow& row) { return row.core && !row.moe; });
  const auto moe = where([](const ScoredRow& row) { return row.core && row.moe; });
  std::vector<Summary> result;
  for (const auto& [name, some] :
       {std::pair{"all", scored}, {"core", core}, {"core dense", dense}, {"core moe", moe}}) {
    result.push_back(summarize(std::string(name) + ", families equal", some, Weights::families));
    result.push_back(summarize(std::string(name) + ", rows equal", some, Weights::rows));
  }
  using Key = std::string (*)(const ScoredRow&);
  const std::pair<const char*, Key> groupings[] = {
      {"family=", [](const ScoredRow& row) { return row.family; }},
      {"gpu=", [](const ScoredRow& row) { return row.gpu; }},
      {"stack=", [](const ScoredRow& row) { return row.stack; }},
      {"", [](const ScoredRow& row) { return scale_bucket(row.gpus); }},
  };
  for (const auto& [prefix, key] : groupings) {
    std::map<std::string, std::vector<const ScoredRow*>> groups;
    for (const ScoredRow* row : scored) groups[key(*row)].push_back(row);
    for (const auto& [name, some] : groups) result.push_back(summarize(prefix + name, some, Weights::rows));
  }
  return result;
}

}  // namespace traincast
