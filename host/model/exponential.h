// Exponential deviates as a pure function of a stream's key: the same values in any order of streams and at
// any parallelism.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

#include "host/base/counter_random.h"

namespace traincast {

// The 256 layers of equal area under e^-x of Marsaglia and Tsang, "The Ziggurat Method for Generating Random
// Variables", Journal of Statistical Software 5(8), 2000.
struct ExponentialLayers {
  static constexpr double kTail = 7.69711747013104972;       // where the lowest layer's rectangle ends
  static constexpr double kArea = 0.0039496598225815571993;  // of a layer
  std::array<double, 256> width{};                           // of a layer, over 2^53
  std::array<std::uint64_t, 256> inside{};  // of 2^53: below it the point lies under the curve for certain
  std::array<double, 257> height{};         // e^-x at the layer's edge
  ExponentialLayers();
};
const ExponentialLayers& exponential_layers();

// One stream of random numbers, consumed in order.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t stream)
      : state_(counter_key(seed, stream)), layers_(&exponential_layers()) {}

  std::uint64_t bits() { return mix_bits(state_ += kGoldenGamma); }
  // From 0 to below 1.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  // Mean 1. One word of random bits for 98.9 % of the values, without a logarithm.
  double exponential() {
    const std::uint64_t word = bits();
    const std::size_t layer = word & 255U;
    const std::uint64_t point = word >> 11;
    const double x = static_cast<double>(static_cast<std::int64_t>(point)) * layers_->width[layer];
    if (point < layers_->inside[layer]) [[likely]]
      return x;
    return edge(layer, x);
  }

 private:
  double edge(std::size_t layer, double x);

  std::uint64_t state_;
  const ExponentialLayers* layers_;
};

}  // namespace traincast
