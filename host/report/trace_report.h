// What a timeline adds up to.
#pragma once

#include "host/base/table.h"
#include "host/model/simulate.h"

namespace traincast {

// One row a lane: its time on the mean, the least and the most busy pipeline rank. The means add up to the
// step.
Report trace_report(const StepTimeline& step, std::string_view run);

}  // namespace traincast
