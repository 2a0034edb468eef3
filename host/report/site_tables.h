// What a run makes of its site: phases, power by date, energy, emissions and cost, unequal fleets, slow
// nodes. Each table is there where it applies.
#pragma once

#include <vector>

#include "host/base/table.h"
#include "host/model/forecast.h"

namespace traincast {

std::vector<Table> site_tables(const Forecast& forecast);

}  // namespace traincast
