// A measured profile in a few rows, for whoever has just waited for it.
#pragma once

#include "host/base/table.h"
#include "host/config/profile.h"

namespace traincast {

// Tables "ops" (by class and number format: rows, best rate, spread between ranks) and "collectives" (each
// message: time, algbw, busbw), each where there are rows.
Report measurement_summary(const Profile& profile);

}  // namespace traincast
