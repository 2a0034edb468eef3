// Unequal GPUs: kinds of them in one run, and slow ones among them.
#pragma once

#include "host/base/table.h"
#include "host/model/forecast.h"

namespace traincast {

Table mixed_table(const Forecast& forecast);       // of a forecast with choices
Table stragglers_table(const Forecast& forecast);  // of one of two nodes or more

}  // namespace traincast
