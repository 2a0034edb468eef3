// Where to sample: points of the unit cube as a pure function of seed and place, so that any thread or rank
// makes any of them.
#pragma once

#include <cstdint>

namespace traincast {

// Place `index` of a pseudo-random order of 0 ... count - 1: a Feistel network of four rounds over the next
// even number of bits, walked until it lands inside (Black and Rogaway, "Ciphers with arbitrary finite
// domains", CT-RSA 2002). count up to 2^62.
std::uint64_t shuffled(std::uint64_t index, std::uint64_t count, std::uint64_t key);

// One coordinate of draw `index` of `count`, above 0 and below 1. Along every coordinate each of the `count`
// equal slices has one draw (Latin hypercube: McKay, Beckman and Conover, Technometrics 21(2), 1979), which
// takes the noise of every input's own effect out of means and quantiles.
double latin_hypercube(std::uint64_t seed, std::uint64_t coordinate, std::uint64_t index,
                       std::uint64_t count);

}  // namespace traincast
