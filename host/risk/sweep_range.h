// The values that `--over PATH=RANGE` goes through.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/units.h"

namespace traincast {

inline constexpr std::size_t kMostSweepValues = 10'000;  // of one axis

struct SweepAxis {
  std::string path;                 // as typed
  std::vector<std::string> values;  // as a config would say them
};

// "PATH=RANGE", where RANGE is
//   a,b,c      these
//   a..b       a, 2a, 4a, ... and b
//   a..b:x3    a, 3a, 9a, ... and b
//   a..b:7     seven values from a to b, logarithmic
//   a..b:+5, a..b:5min   a, a + 5, ... and b
// and a value is a number, with a unit where the config has one (the first of a range may leave it out). From
// whole numbers without a unit come whole numbers, each once. Throws UsageError.
SweepAxis parse_axis(std::string_view text);

// What "3.35 TB/s" is, whatever its dimension; none for what is no number with a known unit. A number alone
// has no dimension.
struct AnyQuantity {
  double si = 0;
  Dimension dimension;
};
std::optional<AnyQuantity> any_quantity(std::string_view text);

// "_s", "_w", "_bytes_per_s": what follows a key whose value is SI; "" for a plain number.
std::string_view unit_suffix(Dimension dimension);

}  // namespace traincast
