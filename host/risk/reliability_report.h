// The reliability section of `estimate`.
#pragma once

#include <cstdint>
#include <vector>

#include "host/base/table.h"
#include "host/model/forecast.h"
#include "host/risk/histories.h"

namespace traincast {

// Tables: causes of interruptions, phases of a restart, where the time goes in closed form and in histories.
// Of a feasible forecast. `seed` is printed.
std::vector<Table> reliability_tables(const Forecast& forecast, const HistorySummary& histories,
                                      std::uint64_t seed);

}  // namespace traincast
