// What the calibrated model says of the step: a profile becomes kernel curves, a fabric and the few figures
// of a software stack, and the step model of `traincast estimate` does the rest. Pure.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "host/calibrate/system.h"
#include "host/check/step_program.h"
#include "host/model/inputs.h"
#include "host/model/step.h"

namespace traincast {

// What does not run here and is left out of step and prediction alike.
struct LeftOut {
  std::vector<Op> ops;
  std::vector<Collective> collectives;
};

// The software that plays the step, as the model describes software, from each kernel's own time in the
// profile over the traffic that the model counts: how much slower memory-bound kernels stream than a copy
// (elementwise_passes), what the loss costs (logit_bytes) and what the optimiser costs beyond its traffic
// (step_overhead); and what overlap leaves exposed, from `exposed_share` (see shape_profile.h). No figure is
// fitted to a step.
Stack stack_at_hand(const Stack& base, const StepProgram& program, const Transformer& model, const Plan& plan,
                    const System& system, double exposed_share);

struct StepPrediction {
  StepEstimate step;
  Stack stack;
  std::vector<InputUsed> inputs;
  // Seconds of a step: as the step model counts them, and each op's own time in the profile times its count,
  // which memory-bound kernels differ in because the model gives all of them one rate.
  std::array<double, kOpClasses> predicted{}, alone{};
  double tensor_comm = 0, data_comm = 0;    // exposed
  double tensor_alone = 0, data_alone = 0;  // every message's own time
  double waiting = 0;                       // for the slowest rank, and whatever else the model counts
  double spread = 0;                        // of speed between ranks, as used
};

// `run` is the run at hand, its stack the base of stack_at_hand. Throws ConfigError where the profile has no
// rate for something that the step needs.
StepPrediction predict_step(Calibrator& calibrator, Run run, const StepProgram& program,
                            const LeftOut& left_out, double exposed_share);

}  // namespace traincast
