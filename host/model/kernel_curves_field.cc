#include "host/model/kernel_curves_field.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace traincast {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

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

}  // namespace

// The nearest points so far, by distance and then by index, so that ties have one answer.
struct ResidualField::Neighbours {
  std::size_t wanted = 0;
  std::size_t count = 0;
  float limit = kInfinity;  // nothing farther is wanted
  std::array<float, kNeighbours> distance2{};
  std::array<std::uint32_t, kNeighbours> index{};

  void offer(float d2, std::uint32_t i) {
    if (count == wanted) {
      if (d2 == limit && i > index[count - 1]) return;
    } else {
      ++count;
    }
    std::size_t slot = count - 1;
    while (slot > 0 && (d2 < distance2[slot - 1] || (d2 == distance2[slot - 1] && i < index[slot - 1]))) {
      distance2[slot] = distance2[slot - 1];
      index[slot] = index[slot - 1];
      --slot;
    }
    distance2[slot] = d2;
    index[slot] = i;
    if (count == wanted) limit = distance2[count - 1];
  }
};

// Samples [begin, end) and the box around them.
struct ResidualField::Range {
  std::uint32_t begin = 0, end = 0;
  FieldPoint low{}, high{};

  Range(const std::vector<FieldSample>& samples, std::uint32_t first, std::uint32_t last)
      : begin(first), end(last), low(samples[first].at), high(samples[first].at) {
    for (std::uint32_t i = begin; i < end; ++i) {
      for (std::size_t d = 0; d < kFieldDimensions; ++d) {
        low[d] = std::min(low[d], samples[i].at[d]);
        high[d] = std::max(high[d], samples[i].at[d]);
      }
    }
  }
  std::uint32_t size() const { return end - begin; }

  // Two halves along the widest dimension, the left one a whole number of leaves, so that leaves are full;
  // equal coordinates are ordered by the whole sample.
  std::pair<Range, Range> split(std::vector<FieldSample>& samples) const {
    std::size_t widest = 0;
    for (std::size_t d = 1; d < kFieldDimensions; ++d) {
      if (high[d] - low[d] > high[widest] - low[widest]) widest = d;
    }
    const std::uint32_t lanes = kLanes;
    const std::uint32_t middle = begin + (size() / 2 + lanes - 1) / lanes * lanes;
    std::nth_element(samples.begin() + begin, samples.begin() + middle, samples.begin() + end,
                     [widest](const FieldSample& a, const FieldSample& b) {
                       return a.at[widest] != b.at[widest] ? a.at[widest] < b.at[widest] : before(a, b);
                     });
    return {Range(samples, begin, middle), Range(samples, middle, end)};
  }
};

ResidualField::ResidualField(std::vector<FieldSample> samples) {
  std::sort(samples.begin(), samples.end(), before);
  merge(samples);
  size_ = samples.size();
  if (samples.empty()) return;
  root_ = build(samples, Range(samples, 0, static_cast<std::uint32_t>(samples.size())));
}

std::uint32_t ResidualField::build_leaf(std::vector<FieldSample>& samples, const Range& range) {
  std::sort(samples.begin() + range.begin, samples.begin() + range.end, before);
  Leaf leaf{.count = range.size()};
  for (std::uint32_t lane = 0; lane < kLanes; ++lane) {
    const bool used = lane < leaf.count;
    for (std::size_t d = 0; d < kFieldDimensions; ++d) {
      leaf.at[d].set(lane, used ? static_cast<float>(samples[range.begin + lane].at[d]) : kInfinity);
    }
    values_.push_back(used ? samples[range.begin + lane].value : 0);
  }
  leaves_.push_back(leaf);
  return static_cast<std::uint32_t>(leaves_.size() - 1) | kLeafBit;
}

// Splits the largest child until there are eight. The boxes are tight: padding and wave coordinates follow
// from the lengths, so points fill little of the space.
std::uint32_t ResidualField::build(std::vector<FieldSample>& samples, const Range& range) {
  if (range.size() <= kLanes) return build_leaf(samples, range);
  std::vector<Range> parts{range};
  while (parts.size() < kLanes) {
    const auto largest = std::max_element(parts.begin(), parts.end(),
                                          [](const Range& a, const Range& b) { return a.size() < b.size(); });
    if (largest->size() <= kLanes) break;
    const auto [left, right] = largest->split(samples);
    *largest = left;
    parts.push_back(right);
  }
  const auto here = static_cast<std::uint32_t>(nodes_.size());
  nodes_.emplace_back();
  Node node;
  node.count = static_cast<std::uint32_t>(parts.size());
  for (std::size_t d = 0; d < kFieldDimensions; ++d) {
    for (std::size_t c = 0; c < kLanes; ++c) {
      const bool used = c < parts.size();
      node.low[d].set(c, used ? static_cast<float>(parts[c].low[d]) : kInfinity);
      node.high[d].set(c, used ? static_cast<float>(parts[c].high[d]) : kInfinity);
    }
  }
  for (std::size_t c = 0; c < parts.size(); ++c) node.child[c] = build(samples, parts[c]);
  nodes_[here] = node;
  return here;
}

void ResidualField::visit_leaf(std::uint32_t index, const Query& query, Neighbours& found) const {
  const Leaf& leaf = leaves_[index];
  Lanes d2{};
  for (std::size_t d = 0; d < kFieldDimensions; ++d) {
    for (std::size_t h = 0; h < 2; ++h) {
      const Vector step = leaf.at[d].half[h] - query[d];
      d2.half[h] += step * step;
    }
  }
  for (std::uint32_t lane = 0; lane < leaf.count; ++lane) {
    if (d2[lane] <= found.limit) found.offer(d2[lane], index * std::uint32_t{kLanes} + lane);
  }
}

// Depth first, the nearest child first, leaving out boxes beyond the neighbours found.
void ResidualField::search(const Query& query, Neighbours& found) const {
  struct Open {
    std::uint32_t child;
    float distance2;
  };
  std::array<Open, 128> open;  // at most 7 a level, and 2^31 points are no deeper than 16 levels
  std::size_t depth = 0;
  open[depth++] = {root_, 0};
  while (depth > 0) {
    const Open next = open[--depth];
    if (next.distance2 > found.limit) continue;
    if ((next.child & kLeafBit) != 0) {
      visit_leaf(next.child & ~kLeafBit, query, found);
      continue;
    }
    const Node& node = nodes_[next.child];
    Lanes d2{};
    for (std::size_t d = 0; d < kFieldDimensions; ++d) {
      for (std::size_t h = 0; h < 2; ++h) {
        const Vector below = node.low[d].half[h] - query[d];
        const Vector above = query[d] - node.high[d].half[h];
        const Vector outside = below > above ? below : above;
        const Vector step = outside > Vector{} ? outside : Vector{};
        d2.half[h] += step * step;
      }
    }
    const std::size_t bottom = depth;
    for (std::size_t c = 0; c < node.count; ++c) {
      if (d2[c] > found.limit) continue;
      std::size_t slot = depth++;
      while (slot > bottom && open[slot - 1].distance2 < d2[c]) {
        open[slot] = open[slot - 1];
        --slot;
      }
      open[slot] = {node.child[c], d2[c]};
    }
  }
}

ResidualField::Answer ResidualField::at(const FieldPoint& at) const {
  if (size_ == 0) return {0, std::numeric_limits<double>::infinity()};
  Query query;
  for (std::size_t d = 0; d < kFieldDimensions; ++d) query[d] = static_cast<float>(at[d]);
  Neighbours found;
  found.wanted = std::min<std::size_t>(kNeighbours, size_);
  search(query, found);
  constexpr float kSamePlace2 = 1e-16F;
  const double nearest2 = found.distance2[0];
  if (found.distance2[0] < kSamePlace2) return {values_[found.index[0]], 0};
  const float inverse_reach = 1 / (static_cast<float>(kReach) * std::sqrt(found.distance2[found.count - 1]));
  double sum = 0;
  double weights = 0;
  for (std::size_t i = 0; i < found.count; ++i) {
    const double root = 1 / std::sqrt(found.distance2[i]) - inverse_reach;
    sum += root * root * values_[found.index[i]];
    weights += root * root;
  }
  return {sum / weights * kFade * kFade / (kFade * kFade + nearest2), std::sqrt(nearest2)};
}

}  // namespace traincast
