#include "host/validate/cross_validate.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

namespace traincast {
namespace {

constexpr double kPriorDeviation = 0.05;    // of a stack's log time factor: spread over stacks
constexpr double kClusterDeviation = 0.05;  // of a cluster's mean log error: what a factor cannot explain

// One row at a time factor of 1, and how the factor moves it.
struct Point {
  const ScoredRow* row = nullptr;
  double error = 0;  // log error at factor 1
  double share = 0;  // of the step that the factor multiplies
};

double compute_share(const StepEstimate& step) {
  double compute = 0;
  for (Part part : {Part::gemm, Part::attention, Part::elementwise, Part::experts, Part::head,
                    Part::recompute, Part::bubble, Part::straggler}) {
    compute += step.parts[part];
  }
  return compute / step.time.value();
}

double shifted(const Point& point, double log_factor) {
  return point.error + std::log1p(point.share * (std::exp(log_factor) - 1));
}

// The stack's log factor from these points: shrunk mean of the clusters' mean errors.
double fit(const std::vector<Point>& points, const std::function<bool(const Point&)>& use) {
  std::map<std::string, std::pair<double, int>> clusters;
  for (const Point& point : points) {
    if (!use(point)) continue;
    auto& [sum, count] = clusters[point.row->cluster];
    sum += point.error / std::max(0.3, point.share);
    ++count;
  }
  double weighted = 0;
  double weight = 1 / (kPriorDeviation * kPriorDeviation);
  for (const auto& [cluster, total] : clusters) {
    weighted -= total.first / total.second / (kClusterDeviation * kClusterDeviation);
    weight += 1 / (kClusterDeviation * kClusterDeviation);
  }
  return weighted / weight;
}

double median_gpus(const std::vector<Point>& points, const std::string& cluster) {
  std::vector<double> gpus;
  for (const Point& point : points) {
    if (point.row->cluster == cluster) gpus.push_back(static_cast<double>(point.row->gpus));
  }
  std::sort(gpus.begin(), gpus.end());
  return gpus[(gpus.size() - 1) / 2];
}

}  // namespace

std::string_view name(Split split) {
  constexpr std::string_view kNames[] = {"in sample", "cluster left out", "family left out",
                                         "small predicts large", "no factor"};
  return kNames[static_cast<int>(split)];
}

std::vector<CrossValidation> cross_validate(const std::vector<PublishedRun>& runs, const Library& library) {
  Library plain = library;
  for (Stack& stack : plain.stacks) stack.time_factor = 1;
  const std::vector<Prediction> predictions = predict_all(runs, plain);
  std::map<std::string, std::vector<Point>> stacks;
  for (const Prediction& prediction : predictions) {
    if (!prediction.row.scored) continue;
    stacks[prediction.row.stack].push_back(
        {&prediction.row, prediction.row.log_error, compute_share(prediction.step)});
  }
  std::vector<CrossValidation> result;
  for (Split split :
       {Split::in_sample, Split::cluster_out, Split::family_out, Split::small_to_large, Split::no_fit}) {
    CrossValidation validation;
    validation.split = split;
    for (const auto& entry : stacks) {
      const std::vector<Point>& points = entry.second;
      for (const Point& judged : points) {
        const auto gpus = static_cast<double>(judged.row->gpus);
        if (split == Split::small_to_large && gpus <= median_gpus(points, judged.row->cluster)) continue;
        const double factor = split == Split::no_fit ? 0 : fit(points, [&](const Point& other) {
          switch (split) {
            case Split::cluster_out:
              return other.row->cluster != judged.row->cluster;
            case Split::family_out:
              return other.row->family != judged.row->family;
            case Split::small_to_large:
              return static_cast<double>(other.row->gpus) <= median_gpus(points, other.row->cluster);
            case Split::in_sample:
            case Split::no_fit:
              break;
          }
          return true;
        });
        ScoredRow row = *judged.row;
        row.log_error = shifted(judged, factor);
        row.predicted_s = row.measured_s * std::exp(row.log_error);
        validation.rows.push_back(std::move(row));
      }
    }
    result.push_back(std::move(validation));
  }
  return result;
}

}  // namespace traincast
