// What a device's sensors say, as a profile keeps it.
#pragma once

#include <string>

#include "host/config/profile.h"
#include "kernels/telemetry.h"

namespace traincast {

DeviceState device_state(Telemetry& telemetry);

// One line over all rows: clocks, highest power and temperature, throttle reasons with how many rows they
// were seen in; `unavailable` where no row has a reading.
std::string telemetry_line(const Profile& profile, const std::string& unavailable);

}  // namespace traincast
