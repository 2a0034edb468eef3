// The phases of a forecast as tables show them: by date, and of a run in parts by part, not by batch size.
#pragma once

#include <cstddef>
#include <vector>

#include "host/model/forecast.h"

namespace traincast {

struct ShownPhase {
  RunPhase phase;    // lengths, energies, steps and what sources gave are sums
  double share = 0;  // of the run's tokens
};

// Dates on which the site changes, the start included.
std::size_t dates_of(const Forecast& forecast);

// One for each date; or (`by_part`) for each part that a date comes to, one at least for a date in the run.
std::vector<ShownPhase> shown_phases(const Forecast& forecast, bool by_part);

}  // namespace traincast
