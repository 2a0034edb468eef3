// Unequal GPUs: kinds of them in one run, and slow ones among them.
#pragma once

#include "host/base/table.h"
#include "host/model/forecast.h"

namespace traincast {

Table mixed_table(const Forecast& forecast);  // of a forecast with choices
// Of a forecast of two nodes or more: what makes GPUs slow, the fixed and the random part apart; and what
// ejecting the slowest nodes buys.
Table straggler_parts_table(const Forecast& forecast);
Table ejection_table(const Forecast& forecast);

}  // namespace traincast
