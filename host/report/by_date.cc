#include "host/report/by_date.h"

#include <algorithm>

#include "host/model/parts.h"

namespace traincast {
namespace {

// The phases from `begin` on, of one date and (by part) of one part.
ShownPhase merged(std::span<const RunPhase> phases, std::span<const Piece> pieces, double all_tokens) {
  const auto weight = [](const RunPhase& phase) { return 2 * phase.in_run() + phase.main; };
  ShownPhase out{*std::max_element(phases.begin(), phases.end(), [&](const RunPhase& a, const RunPhase& b) {
    return weight(a) < weight(b);
  })};
  RunPhase& sum = out.phase;
  double useful = 0;
  sum.length = Seconds(0);
  sum.time = {};
  sum.energy = {};
  sum.used.clear();
  for (std::size_t i = 0; i < phases.size(); ++i) {
    const RunPhase& phase = phases[i];
    useful += phase.steps * phase.step.time.value();
    out.share += phase.steps * pieces[i].step_tokens().value() / all_tokens;
    sum.length += phase.length;
    for (std::size_t a = 0; a < kActivities; ++a) {
      sum.time[a] += phase.time[a];
      sum.energy[a] += phase.energy[a];
    }
    add_up(sum.used, phase.used);
  }
  if (sum.step.time.value() > 0) sum.steps = useful / sum.step.time.value();
  return out;
}

}  // namespace

std::size_t dates_of(const Forecast& f) {
  return f.phases.size() / pieces_of(f.run).size();
}

std::vector<ShownPhase> shown_phases(const Forecast& f, bool by_part) {
  std::vector<ShownPhase> out;
  if (f.run.parts.empty()) {
    for (const RunPhase& phase : f.phases) out.push_back({phase, phase.steps / f.estimate.steps});
    return out;
  }
  const std::vector<Piece> pieces = pieces_of(f.run);
  double all = 0;
  for (const Piece& piece : pieces) all += piece.steps * piece.step_tokens().value();
  const std::span<const RunPhase> phases = f.phases;
  const std::span<const Piece> of = pieces;
  for (std::size_t date = 0; date < phases.size(); date += pieces.size()) {
    std::size_t begin = 0;
    while (begin < pieces.size()) {
      std::size_t end = by_part ? begin + 1 : pieces.size();
      while (end < pieces.size() && pieces[end].part == pieces[begin].part) ++end;
      ShownPhase shown =
          merged(phases.subspan(date + begin, end - begin), of.subspan(begin, end - begin), all);
      if (!by_part || shown.phase.in_run()) out.push_back(std::move(shown));
      begin = end;
    }
  }
  return out;
}

}  // namespace traincast
