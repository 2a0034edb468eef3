// What a rank sends and must receive when a collective is verified.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "mpi/layout.h"

namespace traincast {

// Values are integers from a hash of source rank and position, so a wrong rank, offset or order shows. In a
// reduction they are small, and at most kContributors ranks (fewer in FP8) add anything but 0 to an element:
// every partial sum, in whatever order and precision a library forms it, is then exact in the message's own
// format, and right means equal. Which ranks contribute shifts with the element, so all of them take part.
class Pattern {
 public:
  Pattern(const Layout& layout, int rank);
  // Units `first` onwards of what this rank sends.
  void input(std::int64_t first, std::span<float> values) const;
  // Units `first` onwards of what this rank must receive.
  void expected(std::int64_t first, std::span<float> values) const;

 private:
  float term(int source, std::int64_t position) const;  // of a reduction
  // Units `position` onwards of what `source` sends where nothing is reduced.
  void pieces(int source, std::int64_t position, std::span<float> values) const;

  Layout layout_;
  int rank_;
  int stride_ = 1;                   // every stride-th rank contributes to an element
  std::vector<float> terms_, sums_;  // of a reduction: this rank's and all ranks', for one period
};

// What fills an output before a run: a NaN in each float format, and a byte that no FP4 pattern holds.
inline constexpr std::byte kPoison{0xff};

// "" when `got`, units `first` onwards of the output, is right; else "element 17: got 3, expected 4".
std::string first_difference(const Pattern& pattern, std::int64_t first, std::span<const float> got);

}  // namespace traincast
