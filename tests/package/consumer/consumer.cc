// Days of a run, estimated by the library alone: no MPI, no CUDA, no command line.
#include <cstdio>

#include "host/calibrate/forecast.h"
#include "host/config/load.h"

int main(int argc, char** argv) {
  const traincast::ConfigStore store(CONFIGS);
  traincast::Calibrator calibrator(store);
  const traincast::Run run = traincast::load_run(store, argc > 1 ? argv[1] : "llama-3.1-405b-16k");
  const traincast::Forecast forecast = traincast::forecast(calibrator, run);
  std::printf("%s: %.1f days, MFU %.1f %%\n", run.name.c_str(),
              forecast.estimate.expected.value() / traincast::kSecondsPerDay, 100 * forecast.step.mfu);
}
