#include "host/risk/uncertainty_design.h"

#include <bit>

#include "host/base/counter_random.h"

namespace traincast {

std::uint64_t shuffled(std::uint64_t index, std::uint64_t count, std::uint64_t key) {
  if (count < 2) return 0;
  const int half = (static_cast<int>(std::bit_width(count - 1)) + 1) / 2;
  const std::uint64_t mask = (std::uint64_t{1} << half) - 1;
  do {
    std::uint64_t left = index >> half;
    std::uint64_t right = index & mask;
    for (std::uint64_t round = 0; round < 4; ++round) {
      const std::uint64_t mixed = left ^ (counter_bits(key, right + (round << 40)) & mask);
      left = right;
      right = mixed;
    }
    index = (left << half) | right;
  } while (index >= count);
  return index;
}

double latin_hypercube(std::uint64_t seed, std::uint64_t coordinate, std::uint64_t index,
                       std::uint64_t count) {
  const std::uint64_t slice = shuffled(index, count, counter_key(seed, 2 * coordinate));
  const std::uint64_t bits = counter_bits(counter_key(seed, 2 * coordinate + 1), index) >> 11;
  // 53 bits and a half: never 0 and never 1.
  const double inside = (static_cast<double>(bits) + 0.5) / 9007199254740992.0;
  return (static_cast<double>(slice) + inside) / static_cast<double>(count);
}

}  // namespace traincast
