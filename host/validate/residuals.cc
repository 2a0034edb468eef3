#include "host/validate/residuals.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace traincast {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kNormalP90 = 1.6448536269514722;  // of |x|
constexpr int kLeastFamilies = 3;
constexpr int kEra = 2024;  // stacks of H100 fleets: FP8, fused attention, new communication libraries
constexpr double kLeastDecades = 0.59;  // of a series: fourfold GPUs and more

bool of_class(const ScoredRow& row, const ResidualClass& wanted) {
  const int year = stack_year(row.stack);
  return row.core && row.moe == wanted.moe && year >= wanted.from_year && year <= wanted.to_year;
}

ResidualClass fill(ResidualClass one, const std::vector<ScoredRow>& rows) {
  std::vector<const ScoredRow*> members;
  std::set<std::string> families;
  for (const ScoredRow& row : rows) {
    if (!of_class(row, one)) continue;
    members.push_back(&row);
    families.insert(row.family);
    one.most_gpus = std::max<std::int64_t>(one.most_gpus, row.gpus);
  }
  one.rows = static_cast<int>(members.size());
  one.families = static_cast<int>(families.size());
  if (members.empty()) return one;
  const Summary summary = summarize("", members, Weights::families);
  one.spread = summary.p90 / kNormalP90;
  one.bias = -summary.bias;
  return one;
}

// Root mean square of the series' slopes, each weighed by how well its GPU counts determine it.
void add_slopes(StepResiduals& out, const std::vector<ScoredRow>& rows) {
  std::map<std::string, std::vector<const ScoredRow*>> series;
  for (const ScoredRow& row : rows) series[row.cluster].push_back(&row);
  double squares = 0;
  double weight = 0;
  for (const auto& [name, members] : series) {
    double mean_x = 0;
    double mean_y = 0;
    double low = 1e9;
    double high = 0;
    for (const ScoredRow* row : members) {
      const double x = std::log10(static_cast<double>(row->gpus));
      mean_x += x / static_cast<double>(members.size());
      mean_y += row->log_error / static_cast<double>(members.size());
      low = std::min(low, x);
      high = std::max(high, x);
    }
    if (high - low < kLeastDecades) continue;
    double xx = 0;
    double xy = 0;
    for (const ScoredRow* row : members) {
      const double x = std::log10(static_cast<double>(row->gpus)) - mean_x;
      xx += x * x;
      xy += x * (row->log_error - mean_y);
    }
    squares += xy * xy / xx;
    weight += xx;
    ++out.series;
  }
  if (weight > 0) out.spread_per_decade = std::sqrt(squares / weight);
}

}  // namespace

StepResiduals step_residuals(const std::vector<CrossValidation>& crosses) {
  const auto split = std::find_if(crosses.begin(), crosses.end(),
                                  [](const CrossValidation& c) { return c.split == Split::family_out; });
  if (split == crosses.end()) throw std::invalid_argument("no rows with their family left out");
  StepResiduals out;
  for (const bool moe : {false, true}) {
    for (const auto& [from, to] : {std::pair{0, kEra - 1}, {kEra, 9999}, {0, 9999}}) {
      ResidualClass one;
      one.moe = moe;
      one.from_year = from;
      one.to_year = to;
      one = fill(one, split->rows);
      const bool all = from == 0 && to == 9999;
      if (one.families >= kLeastFamilies || (all && one.rows > 0)) out.classes.push_back(one);
    }
  }
  add_slopes(out, split->rows);
  return out;
}

std::string residuals_json(const StepResiduals& residuals, const std::string& source) {
  const auto rounded = [](double value) { return std::round(value * 1e4) / 1e4; };
  Json root = {{"$schema", "../../share/schemas/config-published-residuals.schema.json"},
               {"origin", "fitted"},
               {"source", source},
               {"spread_per_decade", rounded(residuals.spread_per_decade)},
               {"series", residuals.series},
               {"classes", Json::array()}};
  for (const ResidualClass& one : residuals.classes) {
    root["classes"].push_back({{"moe", one.moe},
                               {"from_year", one.from_year},
                               {"to_year", one.to_year},
                               {"rows", one.rows},
                               {"families", one.families},
                               {"spread", rounded(one.spread)},
                               {"bias", rounded(one.bias)},
                               {"most_gpus", one.most_gpus}});
  }
  return root.dump(1) + "\n";
}

}  // namespace traincast
