// Fit on few nodes, predict many, and compare with what was measured there.
#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "host/calibrate/fabric.h"

namespace traincast {
namespace {

constexpr std::array<double, kSizeClasses> kFromBytes{0, 1048576, 67108864};

// The line of the same collective and GPUs a node, else of the same collective, else any.
const AlphaBeta& line_for(const std::vector<AlphaBeta>& lines, const CollectivePoint& point) {
  const auto per_node = static_cast<int>(group_of(point).ranks_per_node);
  const AlphaBeta* best = &lines.front();
  int best_score = -1;
  for (const AlphaBeta& line : lines) {
    const int score = (line.op == point.op ? 2 : 0) + (line.per_node == per_node ? 1 : 0);
    if (score > best_score) best = &line, best_score = score;
  }
  return *best;
}

double relative(Seconds predicted, const CollectivePoint& point) {
  return std::abs(predicted.value() / point.measured.value() - 1);
}

ValidationSummary summarise(const std::vector<ValidationRow>& rows, Collective op, int gpus,
                            SizeClass size_class) {
  ValidationSummary s;
  s.op = op, s.gpus = gpus, s.size_class = size_class;
  const double from = kFromBytes[static_cast<std::size_t>(size_class)];
  for (const ValidationRow& row : rows) {
    if (row.point.op != op || (gpus != 0 && row.point.gpus != gpus) || row.point.bytes.value() < from)
      continue;
    ++s.points;
    s.model += relative(row.predicted, row.point);
    s.alpha_beta += relative(row.alpha_beta, row.point);
    s.constant_busbw += relative(row.constant_busbw, row.point);
    s.model_bias += row.log_error;
  }
  if (s.points > 0) {
    for (double* mean : {&s.model, &s.alpha_beta, &s.constant_busbw, &s.model_bias}) *mean /= s.points;
  }
  return s;
}

}  // namespace

std::string_view name(SizeClass size_class) {
  constexpr std::array<std::string_view, kSizeClasses> kNames{"all", ">= 1 MiB", ">= 64 MiB"};
  return kNames[static_cast<std::size_t>(size_class)];
}

ValidationResult validate_collectives(const std::vector<CollectivePoint>& fit,
                                      const std::vector<CollectivePoint>& predict, const FabricFacts& facts) {
  ValidationResult result;
  result.fabric = calibrate_fabric(fit, facts);
  // Between nodes the baselines are fitted on points of several nodes where there are some.
  std::vector<CollectivePoint> several;
  std::copy_if(fit.begin(), fit.end(), std::back_inserter(several),
               [](const auto& p) { return p.nodes > 1; });
  const std::vector<AlphaBeta> lines = fit_alpha_beta(several.empty() ? fit : several);
  std::set<std::pair<Collective, int>> scales;
  for (const CollectivePoint& point : predict) {
    const CollectiveCost cost = collective_cost(result.fabric, group_of(point), point.op, point.bytes);
    const AlphaBeta& line = line_for(lines, point);
    ValidationRow row;
    row.point = point;
    row.predicted = cost.time;
    row.alpha_beta = line.alpha_beta(point);
    row.constant_busbw = line.constant_busbw(point);
    row.log_error = std::log(cost.time.value() / point.measured.value());
    row.algorithm = cost.algorithm;
    row.protocol = cost.protocol;
    result.rows.push_back(row);
    scales.insert({point.op, 0});
    scales.insert({point.op, point.gpus});
  }
  for (const auto& [op, gpus] : scales) {
    for (int size_class = 0; size_class < kSizeClasses; ++size_class) {
      result.summaries.push_back(summarise(result.rows, op, gpus, static_cast<SizeClass>(size_class)));
    }
  }
  return result;
}

ValidationResult validate_collectives(const std::vector<CollectivePoint>& fit,
                                      const std::vector<CollectivePoint>& predict) {
  return validate_collectives(fit, predict, a100_facts(fit));
}

}  // namespace traincast
