// Where a number comes from. A figure is as good as the weakest input that it rests on.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace traincast {

// Strongest first.
enum class Origin { measured, published, fitted, datasheet, assumed };

constexpr Origin weakest(Origin a, Origin b) {
  return std::max(a, b);
}

constexpr std::string_view name(Origin origin) {
  constexpr std::string_view kNames[] = {"measured", "published", "fitted", "datasheet", "assumed"};
  return kNames[static_cast<int>(origin)];
}

// The origin of a group of numbers, and the text that says where they were found.
struct Provenance {
  Origin origin = Origin::assumed;
  std::string source;
};

}  // namespace traincast
