// What a roofline misses, as scattered points in a space of logarithmic coordinates: interpolated between
// them, fading to nothing away from them.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace traincast {

inline constexpr int kFieldDimensions = 6;
using FieldPoint = std::array<double, kFieldDimensions>;

struct FieldSample {
  FieldPoint at{};
  double value = 0;
};

// Modified Shepard interpolation (Franke and Little; Renka 1988, ACM TOMS 14, 139-148) over the nearest
// kNeighbours points, found in a k-d tree:
//   value = fade(d_1) * sum w_i v_i / sum w_i,   w_i = ((R - d_i) / (R d_i))^2,   R = kReach d_last,
//   fade(d) = F^2 / (F^2 + d^2).
// A weight has all but vanished where its point leaves the set of neighbours, so the value hardly jumps
// there; it is exact at the points and tends to 0 far from all of them. The same formula therefore serves a
// sparse grid, scattered shapes and tens of thousands of points. Immutable; queries allocate nothing; the
// order in which samples are given does not matter.
class ResidualField {
 public:
  static constexpr int kNeighbours = 8;
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
  std::size_t size() const { return values_.size(); }

 private:
  struct Node {
    double split = 0;
    int dimension = -1;                   // -1: a leaf
    std::uint32_t first = 0, second = 0;  // a leaf's range of points, else its two children
  };
  struct Neighbours;

  std::uint32_t build(std::vector<FieldSample>& samples, std::uint32_t begin, std::uint32_t end);
  void search(std::uint32_t node, double distance2, FieldPoint& offset, const FieldPoint& query,
              Neighbours& found) const;

  std::vector<Node> nodes_;
  std::vector<FieldPoint> points_;  // in the order of the leaves
  std::vector<double> values_;
};

}  // namespace traincast
