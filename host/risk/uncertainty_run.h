// One run with uncertain inputs: what any values of them make of it, at the cost of run-level arithmetic
// alone. None of the inputs changes the layout of a step, so the step is estimated once and scaled.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "host/config/step_residuals.h"
#include "host/model/failures.h"
#include "host/model/forecast.h"
#include "host/risk/uncertainty_set.h"

namespace traincast {

// An uncertain input of one run.
struct BoundInput {
  UncertainInput input = UncertainInput::flops;
  double base = 0;                                     // what the estimate takes, SI
  Distribution distribution = Distribution::fixed(0);  // of the value, SI
  Provenance from;
};

enum class RiskFigure { days, goodput, mfu, gpu_hours, power, energy, co2, rent, electricity, owning };
inline constexpr int kRiskFigures = 10;

struct RiskOutcome {
  bool finishes = false;  // if not, every figure is 0
  // SI (days: seconds); gpu_hours: GPU-hours; owning: capital over its life and electricity.
  std::array<double, kRiskFigures> figures{};
  double operator[](RiskFigure figure) const { return figures[static_cast<std::size_t>(figure)]; }
};

// Owns all that it needs.
struct UncertainRun {
  Run run;
  Gpu pace;                      // the GPU that sets the pace in most of the run
  std::vector<RunPhase> phases;  // what the run trains on, by date
  StepEstimate step;             // of the main phase
  RunEstimate estimate;
  std::vector<BoundInput> inputs;
};

// An input whose own value is zero, which no factor moves, and one with a fixed distribution are left out.
// Throws ConfigError where the set asks for residuals and the run's kind has none. `forecast` is feasible.
UncertainRun bind_uncertainty(const Forecast& forecast, const Gpu& pace, const UncertaintySet& set,
                              const ConfigStore& store);

// How chance moves the time of a run at known rates: from its mean by so many standard deviations, or as one
// history of failures drawn event by event (host/model/history.h) has it.
struct Chance {
  double deviations = 0;
  bool simulate = false;  // `deviations` is not used then
  std::uint64_t seed = 0, index = 0;
};

// Changes its own copy of the run: one for each thread. Where the power supply is limited, GPUs that draw
// more are fewer in proportion, and the steps longer; so the other way round, up to the GPUs that are there.
class RunArithmetic {
 public:
  explicit RunArithmetic(const UncertainRun& run);
  // `values`: one an input of the run, SI.
  RiskOutcome at(std::span<const double> values, const Chance& chance);

 private:
  // Time over the mean; infinite where the history does not finish.
  double time_by_chance(const RunEstimate& mean, const Chance& chance) const;
  void set_restart(Seconds whole);
  // Over the estimate's own.
  struct Factors {
    double tokens = 1, step = 1, spread = 1, power = 1, price = 1, rent = 1, capital = 1, co2 = 1;
  };
  void set(const BoundInput& input, double value, Factors& factors);
  void set_phase(RunPhase& phase, const RunPhase& own, const Factors& factors) const;

  const UncertainRun& base_;
  RestartTime restart_;  // the estimate's
  Run run_;
  std::vector<RunPhase> phases_;
};

// Standard deviation of the time that `work` takes with a checkpoint after each `interval` of it, as the sum
// of independent segments: each is tried until no interruption strikes it, and every interruption (Poisson)
// costs the time so far and a restart, itself tried until none strikes.
Seconds time_deviation(Seconds work, Seconds interval, Seconds stall, Seconds mtbf, Seconds restart);

}  // namespace traincast
