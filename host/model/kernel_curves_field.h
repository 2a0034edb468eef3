// What a roofline misses, as scattered points in a space of logarithmic coordinates: interpolated between
// them, fading to nothing away from them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace traincast {

inline constexpr std::size_t kFieldDimensions = 6;
using FieldPoint = std::array<double, kFieldDimensions>;

struct FieldSample {
  FieldPoint at{};
  double value = 0;
};

// Modified Shepard interpolation (Franke and Little; Renka 1988, ACM TOMS 14, 139-148) over the nearest
// kNeighbours points, found in a tree of boxes:
//   value = fade(d_1) * sum w_i v_i / sum w_i,   w_i = ((R - d_i) / (R d_i))^2,   R = kReach d_last,
//   fade(d) = F^2 / (F^2 + d^2).
// A weight has all but vanished where its point leaves the set of neighbours, so the value hardly jumps
// there; it is exact at the points and tends to 0 far from all of them. The same formula therefore serves a
// sparse grid, scattered shapes and tens of thousands of points. Immutable; queries allocate nothing; the
// order in which samples are given does not matter.
class ResidualField {
 public:
  static constexpr std::size_t kNeighbours = 8;
  static constexpr double kReach = 1.2;
  // Distance at which half of a residual is still believed: e^2, a factor of 7 in one dimension of a shape.
  static constexpr double kFade = 2.0;

  struct Answer {
    double value = 0;
    double nearest = 0;  // distance to the nearest point; infinite without points
  };

  ResidualField() = default;
  // Samples at one place count once, with the median of their values.
  explicit ResidualField(std::vector<FieldSample> samples);

  Answer at(const FieldPoint& query) const;
  std::size_t size() const { return size_; }

 private:
  // Eight numbers in two vector registers of the least common size (GCC and Clang vectors: left to itself,
  // the compiler keeps comparisons of floats scalar). Single precision suffices for distances.
  static constexpr std::size_t kLanes = 8;
  using Vector = float __attribute__((vector_size(16)));
  struct Lanes {
    std::array<Vector, 2> half{};
    void set(std::size_t lane, float value) { half[lane / 4][lane % 4] = value; }
    float operator[](std::size_t lane) const { return half[lane / 4][lane % 4]; }
  };
  // Up to eight children, each with the box around its points: by dimension, then by child.
  struct Node {
    std::array<Lanes, kFieldDimensions> low{}, high{};
    std::array<std::uint32_t, kLanes> child{};  // a node, or with kLeafBit a leaf
    std::uint32_t count = 0;
  };
  // Up to eight points: by dimension, then by point.
  struct Leaf {
    std::array<Lanes, kFieldDimensions> at{};
    std::uint32_t count = 0;
  };
  static constexpr std::uint32_t kLeafBit = 0x80000000U;
  struct Range;
  struct Neighbours;
  using Query = std::array<float, kFieldDimensions>;

  std::uint32_t build(std::vector<FieldSample>& samples, const Range& range);
  std::uint32_t build_leaf(std::vector<FieldSample>& samples, const Range& range);
  void visit_leaf(std::uint32_t leaf, const Query& query, Neighbours& found) const;
  void search(const Query& query, Neighbours& found) const;

  std::uint32_t root_ = 0;
  std::vector<Node> nodes_;
  std::vector<Leaf> leaves_;
  std::vector<double> values_;  // by leaf, then by point
  std::size_t size_ = 0;
};

}  // namespace traincast
