// The same run at many values of its inputs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/calibrate/system.h"
#include "host/config/override.h"
#include "host/config/profile.h"
#include "host/model/run_estimate.h"
#include "host/model/step.h"
#include "host/risk/sweep_range.h"

namespace traincast {

inline constexpr std::size_t kMostSweepPoints = 100'000;

struct SweepFigures {
  std::int64_t gpus = 0;
  Tokens tokens;
  Bytes memory;
  StepEstimate step;
  RunEstimate estimate;
};

struct SweepPoint {
  std::vector<std::string> values;      // one an axis
  std::optional<SweepFigures> figures;  // none where there is a reason
  std::string reason;                   // why there is no estimate here
};

struct Sweep {
  std::string run, title;
  std::vector<SweepAxis> axes;     // with full paths
  std::vector<SweepPoint> points;  // the cross product; the last axis varies fastest
  std::string of_part = {};        // whose step and MFU these are: words, "" where the run has no parts
};

// `set` holds at every point. A point whose values are refused, or whose plan does not fit or never ends, has
// a reason. Throws UsageError for paths and for too many points, and the ConfigError of the first point where
// every point is refused.
Sweep sweep(const RunConfigs& configs, const std::vector<Override>& set, std::vector<SweepAxis> axes,
            const std::optional<Profile>& profile);

}  // namespace traincast
