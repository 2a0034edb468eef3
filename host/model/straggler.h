// What waiting for the slowest of many ranks costs.
#pragma once

#include <cstdint>

namespace traincast {

// Expected maximum of n independent standard normal variables, by Blom's approximation (1958): the normal
// quantile of (n - 0.375) / (n + 0.25). 0 for n <= 1; 1.42 of 8, 3.9 of 16,384, 4.4 of 100,000.
double expected_maximum(std::int64_t n);

}  // namespace traincast
