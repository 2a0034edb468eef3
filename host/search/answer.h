// What a search says: the best plans priced by the full model, the run's own plan among them, and the curve
// over numbers of GPUs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/model/forecast.h"
#include "host/search/search.h"
#include "host/search/setup.h"

namespace traincast {

// How the work is split. `gather` hands every process's text to all of them, in the order of processes.
struct SearchWorkers {
  unsigned threads = 1;
  SpacePart part;
  std::function<std::vector<std::string>(const std::string&)> gather;
  std::function<void(double)> progress;
};

struct PricedPlan {
  RankedPlan plan;
  std::string overlap;  // what is not overlapped, where the stack hides it at a loss
  Forecast forecast;    // of the full model
  double score() const { return plan.score; }
};

struct SearchAnswer {
  Run run;  // on the GPUs searched
  std::int64_t gpus = 0;
  bool extends_cluster = false;
  Objective objective = Objective::days;
  Gates gates;
  Bytes capacity;
  SearchCounts counts;
  std::vector<PricedPlan> best;    // best first; empty where no plan breaks no gate
  std::vector<PricedPlan> broken;  // that break gates and are better than the best
  std::vector<RankedPlan> front;   // by rising memory
  std::optional<PricedPlan> own;   // the run's own plan, where the run has as many GPUs
  Seconds simulated;               // step of the best plan by event simulation; 0: too many events
};

// Searches one number of GPUs. Throws InfeasiblePlan with the plan that needs least where none fits.
SearchAnswer find_best(Calibrator& calibrator, const Run& run, const SetupOptions& setup, const Gates& gates,
                       Objective objective, std::size_t top, const SearchWorkers& workers);

// "tp8 pp16x4 cp2 dp128 ep8 zero2/64 mb1 bf16 recompute-full-50 interleaved": every part that is not usual.
std::string choice_text(const Choice& choice);

// The part of the step that loses most from one plan to another, in GPU-seconds a token, and how much.
struct Loss {
  Part part = Part::gemm;
  double seconds = 0;  // GPU-seconds a token more
};
std::vector<Loss> losses(const Forecast& better, const Forecast& worse);  // largest first; gains left out
// "bubble +3.1 %, tensor comm +1.2 % of its step"
std::string why_lost(const Forecast& better, const Forecast& worse);

}  // namespace traincast
