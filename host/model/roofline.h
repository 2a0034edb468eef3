// Kernel times from a handful of rates: the fallback where a profile has no points, and the cheap query of
// the search.
#pragma once

#include "host/base/units.h"
#include "host/model/system.h"

namespace traincast {

class RooflineTimes final : public KernelTimes {
 public:
  // A kernel without published rates on this GPU is taken to run like the nearest newer, then older, one that
  // has them.
  RooflineTimes(const SustainedRates& rates, AttentionKernel kernel);
  Seconds time(const Op& op) const override;
  Bandwidth stream_rate() const override { return rates_.stream; }

 private:
  SustainedRates rates_;
  AttentionRate attention_;
};

}  // namespace traincast
