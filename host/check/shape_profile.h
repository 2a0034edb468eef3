// A profile of exactly the shapes and messages of one step, quickly measured, and how well the two overlap.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "host/check/prepared_step.h"
#include "host/config/profile.h"

namespace traincast {

struct ShapeProfileOptions {
  std::string gpu;  // name of the GPU config that it describes
  std::string tool_version;
  std::function<std::string()> when;
};

// Collective; all ranks measure the same points at once and get the same medians. Every execution finds its
// operands outside the caches, as it does between the other operations of a step. Copies of growing size are
// measured too, for the rate that the model counts traffic with, and messages a quarter and four times as
// large as the smallest and the largest of their kind, so that sums of messages can be interpolated. Throws
// DeviceError and CommError; a wrong result of a collective is a CommError.
Profile measure_shapes(RankMachine& machine, PreparedStep& step, const StepProgram& program,
                       const ShapeProfileOptions& options);

// The share of a message's time that a computation beside it does not hide: (both - computation alone) /
// message alone, of the largest gradient message beside the weight-gradient GEMMs that take as long. 0: all
// is hidden; 1: none, or the computation slows down by as much; 1 where there is nothing to measure.
double exposed_share(RankMachine& machine, PreparedStep& step, const StepProgram& program);

}  // namespace traincast
