#include "host/model/kernel_curves_field.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace traincast {
namespace {

constexpr std::uint32_t kLeaf = 12;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The order that makes a field independent of the order of its samples.
bool before(const FieldSample& a, const FieldSample& b) {
  return a.at != b.at ? a.at < b.at : a.value < b.value;
}

// Sorted samples, those at one place merged into the median of their values.
void merge(std::vector<FieldSample>& samples) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < samples.size();) {
    std::size_t end = i + 1;
    while (end < samples.size() && samples[end].at == samples[i].at) ++end;
    const std::size_t middle = i + (end - i) / 2;
    const double median =
        (end - i) % 2 == 1 ? samples[middle].value : (samples[middle - 1].value + samples[middle].value) / 2;
    samples[kept++] = {samples[i].at, median};
    i = end;
  }
  samples.resize(kept);
}

int widest_dimension(const std::vector<FieldSample>& samples, std::uint32_t begin, std::uint32_t end) {
  FieldPoint low = samples[begin].at;
  FieldPoint high = low;
  for (std::uint32_t i = begin; i < end; ++i) {
    for (std::size_t d = 0; d < kFieldDimensions; ++d) {
      low[d] = std::min(low[d], samples[i].at[d]);
      high[d] = std::max(high[d], samples[i].at[d]);
    }
  }
  int widest = 0;
  for (int d = 1; d < kFieldDimensions; ++d) {
    const auto a = static_cast<std::size_t>(d);
    const auto b = static_cast<std::size_t>(widest);
    if (high[a] - low[a] > high[b] - low[b]) widest = d;
  }
  return widest;
}

}  // namespace

// The nearest points so far, by distance and then by index, so that ties have one answer.
struct ResidualField::Neighbours {
  int wanted = 0;
  int count = 0;
  std::array<double, kNeighbours> distance2{};
  std::array<std::uint32_t, kNeighbours> index{};

  double limit() const {
    return count < wanted ? kInfinity : distance2[static_cast<std::size_t>(wanted - 1)];
  }
  void offer(double d2, std::uint32_t i) {
    if (count == wanted) {
      const auto last = static_cast<std::size_t>(wanted - 1);
      if (d2 > distance2[last] || (d2 == distance2[last] && i > index[last])) return;
    } else {
      ++count;
    }
    auto slot = static_cast<std::size_t>(count - 1);
    while (slot > 0 && (d2 < distance2[slot - 1] || (d2 == distance2[slot - 1] && i < index[slot - 1]))) {
      distance2[slot] = distance2[slot - 1];
      index[slot] = index[slot - 1];
      --slot;
    }
    distance2[slot] = d2;
    index[slot] = i;
  }
};

ResidualField::ResidualField(std::vector<FieldSample> samples) {
  std::sort(samples.begin(), samples.end(), before);
  merge(samples);
  if (samples.empty()) return;
  nodes_.reserve(4 * samples.size() / kLeaf + 1);
  build(samples, 0, static_cast<std::uint32_t>(samples.size()));
  points_.reserve(samples.size());
  values_.reserve(samples.size());
  for (const FieldSample& sample : samples) {
    points_.push_back(sample.at);
    values_.push_back(sample.value);
  }
}

// Splits at the median of the widest dimension; equal coordinates are ordered by the whole sample.
std::uint32_t ResidualField::build(std::vector<FieldSample>& samples, std::uint32_t begin,
                                   std::uint32_t end) {
  const auto here = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  if (end - begin <= kLeaf) {
    std::sort(samples.begin() + begin, samples.begin() + end, before);
    nodes_[here] = {.first = begin, .second = end};
    return here;
  }
  const int dimension = widest_dimension(samples, begin, end);
  const auto d = static_cast<std::size_t>(dimension);
  const std::uint32_t middle = begin + (end - begin) / 2;
  std::nth_element(samples.begin() + begin, samples.begin() + middle, samples.begin() + end,
                   [d](const FieldSample& a, const FieldSample& b) {
                     return a.at[d] != b.at[d] ? a.at[d] < b.at[d] : before(a, b);
                   });
  const double split = samples[middle].at[d];
  const std::uint32_t left = build(samples, begin, middle);
  const std::uint32_t right = build(samples, middle, end);
  nodes_[here] = {.split = split, .dimension = dimension, .first = left, .second = right};
  return here;
}

// Nearer child first; the other only where its half-space can hold something nearer (the distance to a box
// is kept by dimension, after Arya and Mount 1993).
void ResidualField::search(std::uint32_t index, double distance2, FieldPoint& offset, const FieldPoint& query,
                           Neighbours& found) const {
  const Node& node = nodes_[index];
  if (node.dimension < 0) {
    for (std::uint32_t i = node.first; i < node.second; ++i) {
      const FieldPoint& point = points_[i];
      double d2 = 0;
      for (std::size_t d = 0; d < kFieldDimensions; ++d) {
        const double step = query[d] - point[d];
        d2 += step * step;
      }
      if (d2 <= found.limit()) found.offer(d2, i);
    }
    return;
  }
  const auto d = static_cast<std::size_t>(node.dimension);
  const double step = query[d] - node.split;
  search(step < 0 ? node.first : node.second, distance2, offset, query, found);
  const double old = offset[d];
  const double far2 = distance2 - old * old + step * step;
  if (far2 > found.limit()) return;
  offset[d] = step;
  search(step < 0 ? node.second : node.first, far2, offset, query, found);
  offset[d] = old;
}

ResidualField::Answer ResidualField::at(const FieldPoint& query) const {
  if (values_.empty()) return {0, kInfinity};
  Neighbours found;
  found.wanted = static_cast<int>(std::min<std::size_t>(kNeighbours, values_.size()));
  FieldPoint offset{};
  search(0, 0, offset, query, found);
  constexpr double kSamePlace = 1e-12;
  const double nearest = std::sqrt(found.distance2[0]);
  if (nearest < kSamePlace) return {values_[found.index[0]], 0};
  const double inverse_reach =
      1 / (kReach * std::sqrt(found.distance2[static_cast<std::size_t>(found.count - 1)]));
  double sum = 0;
  double weights = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(found.count); ++i) {
    const double root = 1 / std::sqrt(found.distance2[i]) - inverse_reach;
    sum += root * root * values_[found.index[i]];
    weights += root * root;
  }
  return {sum / weights * kFade * kFade / (kFade * kFade + found.distance2[0]), nearest};
}

}  // namespace traincast
