// Random numbers as a pure function of (seed, tensor, element): the same bits on host and device, in any
// order and at any parallelism. C++17, so that nvcc includes it too.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define TRAINCAST_HOST_DEVICE __host__ __device__
#else
#define TRAINCAST_HOST_DEVICE
#endif

namespace traincast {

inline constexpr std::uint64_t kGoldenGamma = 0x9E3779B97F4A7C15u;  // 2^64 / golden ratio, odd

// The output function of SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
// generators", constants of Stafford's variant 13).
TRAINCAST_HOST_DEVICE constexpr std::uint64_t mix_bits(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

// The key of one tensor's stream.
TRAINCAST_HOST_DEVICE constexpr std::uint64_t counter_key(std::uint64_t seed, std::uint64_t tensor) {
  return mix_bits(mix_bits(seed + kGoldenGamma) + (tensor + 1) * kGoldenGamma);
}

// 64 uniform bits.
TRAINCAST_HOST_DEVICE constexpr std::uint64_t counter_bits(std::uint64_t key, std::uint64_t index) {
  return mix_bits(key + (index + 1) * kGoldenGamma);
}

// A normal deviate: mean 0, variance 1, |x| < 6. The sum of twelve 16-bit uniforms (Irwin-Hall: kurtosis 2.9
// against 3) instead of Box-Muller, because integer arithmetic gives host and device identical bits where
// logf and cosf would differ in the last place. Every value is a multiple of 2^-16 and exact in FP32.
TRAINCAST_HOST_DEVICE constexpr float counter_normal(std::uint64_t key, std::uint64_t element) {
  std::int32_t sum = -12 * 65535 / 2;
  for (std::uint64_t word = 0; word < 3; ++word) {
    const std::uint64_t bits = counter_bits(key, 3 * element + word);
    sum += static_cast<std::int32_t>((bits & 0xFFFFu) + ((bits >> 16) & 0xFFFFu) + ((bits >> 32) & 0xFFFFu) +
                                     (bits >> 48));
  }
  return static_cast<float>(sum) * (1.0f / 65536.0f);
}

}  // namespace traincast
