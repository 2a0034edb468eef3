#include "host/model/run_estimate_published.h"

#include <array>

#include "host/model/flops.h"

namespace traincast {
namespace {

void add(std::vector<Comparison>& list, PublishedFigure figure, double ours, std::optional<double> low,
         std::optional<double> high) {
  if (!low && !high) return;
  Comparison row{.figure = figure, .ours = ours, .low = low ? *low : *high, .high = high ? *high : *low};
  row.error = ours / ((row.low + row.high) / 2) - 1;
  list.push_back(row);
}

std::optional<double> scaled(std::optional<double> value, double factor) {
  if (value) return *value * factor;
  return std::nullopt;
}

}  // namespace

std::string_view name(PublishedFigure figure) {
  constexpr std::array<std::string_view, kPublishedFigures> kNames = {"days", "FLOP rate", "MFU", "GPU-hours",
                                                                      "FLOP"};
  return kNames[static_cast<std::size_t>(figure)];
}

std::vector<Comparison> compare_published(const Run& run, const StepEstimate& step,
                                          const RunEstimate& estimate) {
  std::vector<Comparison> list;
  if (!run.published) return list;
  const PublishedFigures& said = *run.published;
  add(list, PublishedFigure::days, estimate.expected.value(), scaled(said.days_low, kSecondsPerDay),
      scaled(said.days_high, kSecondsPerDay));
  const auto rate = scaled(said.tflops_per_gpu, 1e12);
  // Ours in the convention of theirs.
  const double convention = said.full_attention ? flops_per_token(run.model, AttentionCount::full_square) /
                                                      flops_per_token(run.model, AttentionCount::causal_half)
                                                : 1.0;
  add(list, PublishedFigure::flop_rate, convention * step.model_flop_rate.value(), rate, rate);
  add(list, PublishedFigure::mfu, convention * step.mfu, said.mfu_low, said.mfu_high);
  add(list, PublishedFigure::gpu_hours, estimate.gpu_hours, said.gpu_hours, said.gpu_hours);
  add(list, PublishedFigure::flops, estimate.model_flops.value(), said.flops, said.flops);
  return list;
}

}  // namespace traincast
