#include "host/model/exponential.h"

namespace traincast {

ExponentialLayers::ExponentialLayers() {
  // edges[1] = kTail is the widest layer's; each layer above has the same area; edges[256] = 0.
  std::array<double, 257> edges{};
  edges[1] = kTail;
  height[1] = std::exp(-kTail);
  for (std::size_t i = 2; i < 256; ++i) {
    height[i] = height[i - 1] + kArea / edges[i - 1];
    edges[i] = -std::log(height[i]);
  }
  edges[256] = 0;
  height[256] = 1;
  // Layer 0 is the lowest rectangle together with the tail, as wide as makes its area right.
  edges[0] = kArea / height[1];
  height[0] = 0;
  for (std::size_t i = 0; i < 256; ++i) {
    width[i] = edges[i] * 0x1p-53;
    inside[i] = static_cast<std::uint64_t>(edges[i + 1] / edges[i] * 0x1p53);
  }
}

const ExponentialLayers& exponential_layers() {
  static const ExponentialLayers kLayers;
  return kLayers;
}

double RandomStream::edge(std::size_t layer, double x) {
  // The tail beyond an edge of an exponential is the exponential itself.
  if (layer == 0) return ExponentialLayers::kTail + exponential();
  const double low = layers_->height[layer];
  const double high = layers_->height[layer + 1];
  if (low + uniform() * (high - low) < std::exp(-x)) return x;
  return exponential();
}

}  // namespace traincast
