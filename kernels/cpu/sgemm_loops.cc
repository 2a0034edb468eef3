#include <algorithm>
#include <array>

#include "kernels/cpu/sgemm.h"

namespace traincast {
namespace {

// A packed panel of B (64 KiB) stays in a second-level cache; a strip of C's row (1 KiB) in the first.
constexpr std::int64_t kBlockK = 64;
constexpr std::int64_t kBlockN = 256;
using Panel = std::array<float, static_cast<std::size_t>(kBlockK* kBlockN)>;

// Copies op(B)[k0 .. k0+depth, n0 .. n0+width] into rows of kBlockN.
void pack(const SgemmShape& s, const float* b, std::int64_t k0, std::int64_t depth, std::int64_t n0,
          std::int64_t width, Panel& panel) {
  for (std::int64_t l = 0; l < depth; ++l) {
    for (std::int64_t j = 0; j < width; ++j) {
      const std::int64_t from = s.transpose_b ? (n0 + j) * s.k + k0 + l : (k0 + l) * s.n + n0 + j;
      panel[static_cast<std::size_t>(l * kBlockN + j)] = b[from];
    }
  }
}

}  // namespace

void sgemm_loops(const SgemmShape& s, const float* a, const float* b, float* c) {
  if (s.beta == 0) {
    std::fill(c, c + s.m * s.n, 0.0f);
  } else if (s.beta != 1) {
    std::for_each(c, c + s.m * s.n, [&](float& x) { x *= s.beta; });
  }
  Panel panel{};
  for (std::int64_t k0 = 0; k0 < s.k; k0 += kBlockK) {
    const std::int64_t depth = std::min(kBlockK, s.k - k0);
    for (std::int64_t n0 = 0; n0 < s.n; n0 += kBlockN) {
      const std::int64_t width = std::min(kBlockN, s.n - n0);
      pack(s, b, k0, depth, n0, width, panel);
      for (std::int64_t i = 0; i < s.m; ++i) {
        float* out = c + i * s.n + n0;
        for (std::int64_t l = 0; l < depth; ++l) {
          const float factor = s.transpose_a ? a[(k0 + l) * s.m + i] : a[i * s.k + k0 + l];
          const float* row = panel.data() + l * kBlockN;
          for (std::int64_t j = 0; j < width; ++j) out[j] += factor * row[j];
        }
      }
    }
  }
}

}  // namespace traincast
