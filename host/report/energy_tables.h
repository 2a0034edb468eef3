// What a run takes from its site: energy by activity, by date and by source, emissions and cost.
#pragma once

#include <vector>

#include "host/base/table.h"
#include "host/model/forecast.h"

namespace traincast {

std::vector<Table> energy_tables(const Forecast& forecast);  // of one with phases

}  // namespace traincast
