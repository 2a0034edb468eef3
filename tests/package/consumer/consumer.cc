// Days of a run and the best plan for it, by the libraries alone: no MPI, no CUDA, no command line.
#include <cstdio>

#include "host/calibrate/forecast.h"
#include "host/config/load.h"
#include "host/search/answer.h"

int main(int argc, char** argv) {
  const traincast::ConfigStore store(CONFIGS);
  traincast::Calibrator calibrator(store);
  const traincast::Run run = traincast::load_run(store, argc > 1 ? argv[1] : "llama-3.1-405b-16k");
  const traincast::Forecast forecast = traincast::forecast(calibrator, run);
  std::printf("%s: %.1f days, MFU %.1f %%\n", run.name.c_str(),
              forecast.estimate.expected.value() / traincast::kSecondsPerDay, 100 * forecast.step.mfu);
  const traincast::SearchAnswer answer =
      traincast::find_best(calibrator, run, {.fixed = {"tp=8", "pp=16"}},
                           traincast::load_gates(store, "default"), traincast::Objective::days, 1, {});
  std::printf("best plan: %s\n", traincast::choice_text(answer.best.at(0).plan.choice).c_str());
}
