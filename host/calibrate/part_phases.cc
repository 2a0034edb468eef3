#include "host/calibrate/part_phases.h"

#include <algorithm>

#include "host/base/errors.h"
#include "host/calibrate/run_phases.h"
#include "host/config/json.h"
#include "host/model/parts.h"

namespace traincast {
namespace {

// The date on which the piece has the most steps.
const RunPhase& busiest(std::span<const RunPhase> phases, std::size_t pieces, std::size_t piece) {
  std::size_t most = piece;
  for (std::size_t i = piece; i < phases.size(); i += pieces) {
    if (phases[i].steps > phases[most].steps) most = i;
  }
  return phases[most];
}

PartForecast part_forecast(const Run& run, std::span<const RunPhase> phases, std::size_t part) {
  const std::vector<Piece> pieces = pieces_of(run);
  PartForecast out;
  out.memory = part_memory(run, run.parts[part]);
  double gpu_seconds = 0;
  double tokens = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].part != part) continue;
    const Seconds step = busiest(phases, pieces.size(), i).step.time;
    if (out.first_batch == 0) {
      out.first_batch = pieces[i].global_batch;
      out.first_step = step;
    }
    out.last_batch = pieces[i].global_batch;
    out.last_step = step;
    for (std::size_t at = i; at < phases.size(); at += pieces.size()) {
      const RunPhase& phase = phases[at];
      const Seconds time = phase.steps * phase.step.time;
      out.steps += phase.steps;
      out.ideal += time;
      out.expected += phase.length;
      out.mfu += phase.step.mfu * time.value();
      tokens += phase.steps * pieces[i].step_tokens().value();
      gpu_seconds += static_cast<double>(phase.gpus) * time.value();
    }
  }
  if (gpu_seconds > 0) {
    out.mfu /= out.ideal.value();
    out.tokens_per_gpu = TokenRate(tokens / gpu_seconds);
  }
  return out;
}

}  // namespace

std::vector<RunPhase> phases_of_parts(const Run& run, Calibrator& calibrator) {
  const std::vector<Piece> pieces = pieces_of(run);
  std::vector<std::vector<RunPhase>> by_piece;
  RunSystems systems;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Run one = run_of_piece(run, pieces[i]);
    if (i == 0 || pieces[i].part != pieces[i - 1].part) systems = run_systems(calibrator, one);
    by_piece.push_back(phases_of(one, systems));
    for (RunPhase& phase : by_piece.back()) {
      phase.part = pieces[i].part;
      phase.main = pieces[i].main;
    }
  }
  std::vector<RunPhase> phases;
  for (std::size_t date = 0; date < by_piece.front().size(); ++date) {
    for (std::vector<RunPhase>& piece : by_piece) phases.push_back(std::move(piece[date]));
  }
  return phases;
}

MemoryEstimate part_memory(const Run& run, const RunPart& part) {
  Transformer model = run.model;
  model.sequence = part.sequence;
  Plan plan = part.plan;
  if (part.rampup_start > 0) plan.global_batch -= part.rampup_increment;
  return estimate_memory(model, plan, part.stack);
}

void require_parts_fit(const Run& run, const Gpu& smallest) {
  for (const RunPart& part : run.parts) {
    try {
      require_fit(part_memory(run, part), smallest);
    } catch (const InfeasiblePlan& reason) {
      throw InfeasiblePlan(std::string(reason.what()) + " (in its part " + quote_for_message(part.title) +
                           ")");
    }
  }
}

std::vector<PartForecast> part_forecasts(const Run& run, std::span<const RunPhase> phases) {
  std::vector<PartForecast> out;
  for (std::size_t i = 0; i < run.parts.size(); ++i) out.push_back(part_forecast(run, phases, i));
  return out;
}

}  // namespace traincast
