// Our figures beside those that were published of the same run.
#pragma once

#include <string_view>
#include <vector>

#include "host/model/run.h"
#include "host/model/run_estimate.h"
#include "host/model/step.h"

namespace traincast {

// In the order of what says most about a run.
enum class PublishedFigure { days, flop_rate, mfu, gpu_hours, flops };
inline constexpr int kPublishedFigures = 5;
std::string_view name(PublishedFigure figure);

// In SI units (days as seconds, hours of GPUs as GPU-hours, rates in FLOP/s a GPU).
struct Comparison {
  PublishedFigure figure = PublishedFigure::days;
  double ours = 0;
  double low = 0, high = 0;  // equal where one figure was published
  double error = 0;          // ours over the middle of low and high, less 1
  bool inside() const { return ours >= low && ours <= high; }
};

// One for each figure that was published, in the order of PublishedFigure. Days and GPU-hours are compared
// with ours including interruptions, as wall-clock time includes them; rates and MFU with those of a step.
std::vector<Comparison> compare_published(const Run& run, const StepEstimate& step,
                                          const RunEstimate& estimate);

}  // namespace traincast
