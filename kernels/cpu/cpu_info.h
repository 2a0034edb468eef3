// What Linux says about this host's processors; "unknown" and 0 elsewhere.
#pragma once

#include "kernels/backend.h"

namespace traincast {

DeviceInfo cpu_info();
Bytes available_memory();  // 0 where unknown

}  // namespace traincast
