// Which devices are slower than their peers.
#pragma once

#include <vector>

#include "host/config/profile.h"

namespace traincast {

// For each rank the median, over ops timed alone on all ranks, of its time over the median rank's; call it s.
// A rank is slow where s lies above the fleet's median of s by more than 3.5 robust standard deviations
// (1.4826 x median absolute deviation: Iglewicz and Hoaglin, "How to Detect and Handle Outliers", 1993) and
// by more than 2 %, which repetitions of one measurement differ by. Slowest first. None of fewer than three
// ranks: of two nobody can say which is slow.
std::vector<SlowDevice> find_slow_devices(const Profile& profile);

// "rank 3 on node7 (GPU-1b2c): 12.0 % slower than its peers"
std::string to_string(const SlowDevice& device);

}  // namespace traincast
