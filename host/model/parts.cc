#include "host/model/parts.h"

#include <algorithm>
#include <cmath>

namespace traincast {
namespace {

// Of a step: how far sums of tokens, which are rounded, may reach into the next one.
constexpr double kRounding = 1e-6;

double flops_of(Transformer model, std::int64_t sequence, AttentionCount attention) {
  model.sequence = sequence;
  return flops_per_token(model, attention).value();
}

}  // namespace

std::int64_t batch_sizes(const RunPart& part) {
  if (part.rampup_start == 0 || part.rampup_increment == 0) return 1;
  return (part.plan.global_batch - part.rampup_start) / part.rampup_increment;
}

std::vector<Piece> pieces_of(const Run& run) {
  if (run.parts.empty()) {
    Piece all{.sequence = run.model.sequence, .global_batch = run.plan.global_batch, .main = true};
    all.steps = std::ceil(run.tokens / all.step_tokens());
    return {all};
  }
  std::vector<Piece> pieces;
  double before = 0;  // tokens of the parts before
  double seen = 0;    // by whole steps
  for (std::size_t i = 0; i < run.parts.size(); ++i) {
    const RunPart& part = run.parts[i];
    const std::int64_t sizes = batch_sizes(part);
    for (std::int64_t size = 0; size < sizes; ++size) {
      Piece piece{.part = i,
                  .sequence = part.sequence,
                  .global_batch = part.rampup_start > 0 ? part.rampup_start + size * part.rampup_increment
                                                        : part.plan.global_batch,
                  .main = i == run.main_part && size + 1 == sizes};
      const double share = static_cast<double>(size + 1) / static_cast<double>(sizes);
      const double left = before + part.tokens.value() * share - seen;
      piece.steps = std::max(0.0, std::ceil(left / piece.step_tokens().value() - kRounding));
      seen += piece.steps * piece.step_tokens().value();
      pieces.push_back(piece);
    }
    before += part.tokens.value();
  }
  return pieces;
}

Run run_of_piece(const Run& run, const Piece& piece) {
  Run one = run;
  if (run.parts.empty()) return one;
  const RunPart& part = run.parts[piece.part];
  one.parts.clear();
  one.model.sequence = piece.sequence;
  one.plan = part.plan;
  one.plan.global_batch = piece.global_batch;
  one.stack = part.stack;
  return one;
}

Flops run_flops(const Run& run, AttentionCount attention) {
  if (run.parts.empty()) return run.tokens.value() * flops_per_token(run.model, attention);
  Flops sum;
  for (const RunPart& part : run.parts) {
    sum += Flops(part.tokens.value() * flops_of(run.model, part.sequence, attention));
  }
  return sum;
}

}  // namespace traincast
